"""What one version of a programme takes from the customer that the version before gave.

A later version keeps what stood (R360, R487, I26). Each lowering has a name, so that a file can say
which it means: `service:visit_escort`, `quota:second_opinion`, `clock:K03`. A longer promise, a
longer wait, a smaller count, fewer ways in: all of these are lowerings; anything else is free.
"""

from collections.abc import Iterable

from domain.clock import Budget, Unit
from domain.programmes.programme import Programme
from domain.programmes.services import Service, Waiting
from domain.programmes.terms import ClockTerms

# A working day may be a natural day, never less; so many minutes stand for a budget's length.
_MINUTES = {
    Unit.SECOND: 1 / 60,
    Unit.MINUTE: 1,
    Unit.HOUR: 60,
    Unit.NATURAL_DAY: 24 * 60,
    Unit.WORKING_DAY: 24 * 60 + 1,
}


def lowered(old: Programme, new: Programme) -> tuple[str, ...]:
    """The names of what `new` lowers and does not own up to in `lowers`, in a fixed order."""
    admitted = {one.what for one in new.lowers}
    return tuple(what for what in _lowerings(old, new) if what not in admitted)


def _lowerings(old: Programme, new: Programme) -> Iterable[str]:
    kept = {service.code: service for service in new.services}
    for service in old.services:
        if service.code not in kept:
            yield f"service:{service.code}"
        else:
            yield from _of_service(service, kept[service.code])
    clocks = {clock.id: clock for clock in new.clocks}
    for clock in old.clocks:
        if _is_slower(clock, clocks.get(clock.id)):
            yield f"clock:{clock.id}"
    yield from _of_access(old, new)
    yield from _of_activation(old, new)
    yield from _of_advance(old, new)


def _of_service(old: Service, new: Service) -> Iterable[str]:
    tiers = (_fewer(count, new.quota.count_for(tier)) for tier, count in old.quota.by_tier.items())
    if _fewer(old.quota.count, new.quota.count) or any(tiers):
        yield f"quota:{old.code}"
    if _longer_wait(old.waiting, new.waiting):
        yield f"waiting:{old.code}"
    if old.lead and new.lead and _longer(old.lead.at_least, new.lead.at_least):
        yield f"lead:{old.code}"
    was, now = old.consumption, new.consumption
    if set(now.also_on if now else ()) - set(was.also_on if was else ()):
        yield f"consumption:{old.code}"
    if _harder_to_cancel(old, new):
        yield f"cancellation:{old.code}"
    if {one.code for one in new.preconditions} - {one.code for one in old.preconditions}:
        yield f"preconditions:{old.code}"


def _harder_to_cancel(old: Service, new: Service) -> bool:
    was, now = old.cancellation, new.cancellation
    if was is None or now is None:
        return was is None and now is not None and not old.has_lost("cancellation")
    if was.free_before != now.free_before:
        return True
    return _longer(was.free_lead, now.free_lead)


def _of_access(old: Programme, new: Programme) -> Iterable[str]:
    listed: tuple[tuple[str, set[str], set[str]], ...] = (
        ("channel", {one.code for one in old.channels}, {one.code for one in new.channels}),
        ("disease", {one.code for one in old.diseases}, {one.code for one in new.diseases}),
        ("product", {one.code for one in old.products}, {one.code for one in new.products}),
        ("plan", _planned(old), _planned(new)),
        ("city", set(old.hospitals.cities), set(new.hospitals.cities)),
    )
    for what, before, after in listed:
        yield from (f"{what}:{code}" for code in sorted(before - after))
    rules = {one.code for one in new.eligibility} - {one.code for one in old.eligibility}
    yield from (f"rule:{code}" for code in sorted(rules))
    if _fewer(old.hospitals.network_total, new.hospitals.network_total):
        yield "hospitals:network_total"
    if (new.hospitals.grade_min or 0) > (old.hospitals.grade_min or 0):
        yield "hospitals:grade_min"
    if old.until_replaced and not new.until_replaced:
        yield "until_replaced"


def _planned(programme: Programme) -> set[str]:
    return {row.sales_channel for row in programme.plans if row.plan}


def _of_activation(old: Programme, new: Programme) -> Iterable[str]:
    if _longer_wait(old.waiting, new.waiting):
        yield "waiting"
    was = old.activation.renewal if old.activation else None
    now = new.activation.renewal if new.activation else None
    if was and (now is None or _fewer(was.times_max, now.times_max)):
        yield "renewal"
    if was and now and now.grace_days < was.grace_days:
        yield "renewal:grace_days"


def _of_advance(old: Programme, new: Programme) -> Iterable[str]:
    if old.waiver is None or new.waiver is None:
        if old.waiver is not None:
            yield "waiver"
        return
    if old.waiver.limit.operator == "at_most" and new.waiver.limit.operator == "below":
        yield "waiver:limit"
    if old.waiver.top_up.enabled and not new.waiver.top_up.enabled:
        yield "waiver:top_up"
    modes = {one.mode for one in new.waiver.payment_modes}
    yield from (
        f"waiver:payment_mode:{one.mode}"
        for one in old.waiver.payment_modes
        if one.mode not in modes
    )
    if _longer(new.waiver.repayment.due_after, old.waiver.repayment.due_after):
        yield "waiver:repayment"


def _is_slower(old: ClockTerms, new: ClockTerms | None) -> bool:
    return new is None or _longer(old.budget, new.budget)


def _longer(old: Budget | None, new: Budget | None) -> bool:
    if new is None:
        return False
    if old is None:
        return True
    return new.amount * _MINUTES[new.unit] > old.amount * _MINUTES[old.unit]


def _fewer(old: int | None, new: int | None) -> bool:
    """No count means as often as needed, so that any count is fewer."""
    return new is not None and (old is None or new < old)


def _longer_wait(old: Waiting | None, new: Waiting | None) -> bool:
    before = old.days if old else None
    after = new.days if new else None
    return (after or 0) > (before or 0)
