"""What must hold between the parts of a programme: codes once, names known, no circle of services.

Each check looks at one thing and answers with the first misfit it finds: its place in the file and
the reason, in the words a person who edits the file will read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.hours import ALWAYS, NOT_STATED
from domain.programmes.services import STEP_FIELDS, Step

if TYPE_CHECKING:
    from domain.programmes.programme import Programme


Place = tuple[str | int, ...]
"""Keys and positions that lead to a part of a programme."""


class Misfit(ValueError):
    """Two parts of a programme that do not fit, and where the wrong one stands."""

    def __init__(self, reason: str, *place: str | int) -> None:
        super().__init__(reason)
        self.place: Place = place


def misfit(programme: Programme) -> Misfit | None:
    """The first reason why the parts of a programme do not fit, None when they do."""
    checks = (
        _days,
        _codes_once,
        _sections,
        _disease_groups,
        _services_known,
        _talks,
        _hours,
        _circle,
        _steps,
    )
    return next((why for check in checks if (why := check(programme))), None)


def _days(programme: Programme) -> Misfit | None:
    early = programme.valid_to < programme.valid_from
    return Misfit("valid_to lies before valid_from", "valid_to") if early else None


def _codes_once(programme: Programme) -> Misfit | None:
    modes = programme.waiver.payment_modes if programme.waiver else ()
    codes: dict[Place, tuple[str, list[str]]] = {
        ("channels",): ("channel", [channel.code for channel in programme.channels]),
        ("hours",): ("hours", [hours.code for hours in programme.hours]),
        ("services",): ("service", [service.code for service in programme.services]),
        ("plans",): ("plan", [plan.sales_channel for plan in programme.plans]),
        ("products",): ("product", [product.code for product in programme.products]),
        ("diseases",): ("disease", [disease.code for disease in programme.diseases]),
        ("eligibility",): ("eligibility rule", [rule.code for rule in programme.eligibility]),
        ("clocks",): ("clock", [clock.id for clock in programme.clocks]),
        ("step_dues",): ("step due", [one.step for one in programme.step_dues]),
        ("reminders",): ("reminder", [reminder.id for reminder in programme.reminders]),
        ("notices",): ("notice", [notice.code for notice in programme.notices]),
        ("rules",): ("rule", [rule.code for rule in programme.rules]),
        ("figures",): ("figure", [figure.code for figure in programme.figures]),
        ("waiver", "payment_modes"): ("payment mode", [mode.mode for mode in modes]),
    }
    for place, (what, listed) in codes.items():
        for at, code in enumerate(listed):
            if code in listed[:at]:
                return Misfit(f"{what} {str(code)!r} stands twice", *place, at)
    return None


def _sections(programme: Programme) -> Misfit | None:
    if programme.kind == "deposit_waiver" and programme.waiver is None:
        return Misfit("a deposit waiver needs its section 'waiver'", "kind")
    if programme.kind == "hospital_channel" and programme.emergency is None:
        return Misfit("a hospital's channel needs its section 'emergency'", "kind")
    return None


def _disease_groups(programme: Programme) -> Misfit | None:
    groups = {disease.group for disease in programme.diseases}
    for at, rule in enumerate(programme.documents):
        unknown = set(rule.disease_groups) - groups
        if unknown:
            reason = f"document {rule.kind} names no disease group {min(unknown)!r}"
            return Misfit(reason, "documents", at, "disease_groups")
    return None


def _services_known(programme: Programme) -> Misfit | None:
    known = {service.code for service in programme.services}
    for what, named, place in _named_services(programme):
        unknown = set(named) - known
        if known and unknown:
            return Misfit(f"{what} names no service {min(unknown)!r}", *place)
    return None


def _named_services(programme: Programme) -> Iterable[tuple[str, Iterable[str], Place]]:
    listed: tuple[tuple[str, str, Iterable[tuple[str, Iterable[str]]]], ...] = (
        ("clocks", "clock", ((one.id, one.services) for one in programme.clocks)),
        ("documents", "document", ((one.kind, one.services) for one in programme.documents)),
        ("eligibility", "eligibility rule", ((r.code, r.services) for r in programme.eligibility)),
        ("reminders", "reminder", ((one.id, one.services) for one in programme.reminders)),
        ("rules", "rule", ((one.code, one.services) for one in programme.rules)),
        ("diagnosis", "diagnosis", (("", one.services) for one in programme.diagnosis)),
        ("services", "service", ((one.code, one.after) for one in programme.services)),
    )
    for key, what, entries in listed:
        for at, (code, named) in enumerate(entries):
            yield f"{what} {code}".rstrip(), named, (key, at)
    yield "waiver", programme.waiver.services if programme.waiver else (), ("waiver", "services")
    for at, gate in enumerate(programme.activation.gates if programme.activation else ()):
        before = () if gate.after == "cooling_off" else (gate.after,)
        yield "gate", (*gate.services, *before), ("activation", "gates", at)
    for at, group in enumerate(programme.emergency.groups if programme.emergency else ()):
        yield f"group {group.code}", group.services, ("emergency", "groups", at)


def _talks(programme: Programme) -> Misfit | None:
    clocks = {clock.id for clock in programme.clocks}
    for at, service in enumerate(programme.services):
        ends_with = service.consulting.ends_with if service.consulting else None
        if ends_with is not None and ends_with not in clocks:
            reason = f"service {service.code} names no clock {ends_with!r}"
            return Misfit(reason, "services", at, "consulting", "ends_with")
    return None


def _hours(programme: Programme) -> Misfit | None:
    known = {ALWAYS, NOT_STATED, *(hours.code for hours in programme.hours)}
    named: list[tuple[str, str, str, int]] = []
    for at, service in enumerate(programme.services):
        named.append((f"service {service.code}", service.hours, "services", at))
    for at, channel in enumerate(programme.channels):
        named.append((f"channel {channel.code}", channel.hours, "channels", at))
    for at, clock in enumerate(programme.clocks):
        named.append((f"clock {clock.id}", clock.hours or ALWAYS, "clocks", at))
    for what, hours, key, at in named:
        if hours not in known:
            return Misfit(f"{what} names no service hours {hours!r}", key, at, "hours")
    return None


def _steps(programme: Programme) -> Misfit | None:
    """Steps follow steps of their own service and are asked of groups that there are."""
    terms = programme.emergency
    groups = {group.code for group in terms.groups} if terms else set()
    for at, service in enumerate(programme.services):
        known = {step.code for step in service.steps}
        for step in service.steps:
            unknown = (set(step.after) - known) | (set(step.groups) - groups)
            if unknown:
                reason = f"step {step.code} names neither a step nor a group {min(unknown)!r}"
                return Misfit(reason, "services", at, "steps")
            if step.tells is not None and not programme.has_notice(step.tells):
                return Misfit(f"no notice {step.tells!r}", "services", at, "steps")
            if (why := _asked_of_a_booking(step)) is not None:
                return Misfit(why, "services", at, "steps")
    if terms and terms.office_hours not in {None, *(hours.code for hours in programme.hours)}:
        reason = f"no service hours {terms.office_hours!r}"
        return Misfit(reason, "emergency", "office_hours")
    return None


def _asked_of_a_booking(step: Step) -> str | None:
    """Why a step with a moment cannot be asked for: nobody to do it, or nothing to say."""
    if step.asked is None:
        return None
    if unknown := set(step.fields) - set(STEP_FIELDS):
        return f"step {step.code} has no field {min(unknown)!r}; it has {sorted(STEP_FIELDS)}"
    silent = step.asked in ("told", "confirmed") and step.tells is not None
    if not step.by and not silent:
        return f"step {step.code} is asked for and names nobody who does it"
    return None


def _circle(programme: Programme) -> Misfit | None:
    """Services that lead into each other must end somewhere; so must gates."""
    steps = {service.code: set(service.after) for service in programme.services}
    for gate in programme.activation.gates if programme.activation else ():
        for code in gate.services:
            steps.setdefault(code, set()).update({gate.after} - {"cooling_off"})
    done: set[str] = set()
    while open_ := {code for code, after in steps.items() if code not in done}:
        ready = {code for code in open_ if steps[code] <= done}
        if not ready:
            reason = f"services lead into each other in a circle: {', '.join(sorted(open_))}"
            first = next((n for n, one in enumerate(programme.services) if one.code in open_), 0)
            return Misfit(reason, "services", first, "after")
        done |= ready
    return None
