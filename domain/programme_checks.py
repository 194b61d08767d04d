"""What must hold between the parts of a programme: codes once, names known, no circle of services.

Each check looks at one thing and answers with the first reason it finds, in the words a person
who edits the file will read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.hours import ALWAYS, NOT_STATED

if TYPE_CHECKING:
    from domain.programme import Programme


def why_not_together(programme: Programme) -> str | None:
    """The first reason why the parts of a programme do not fit, None when they do."""
    checks = (_days, _codes_once, _sections, _disease_groups, _services_known, _hours, _circle)
    return next((why for check in checks if (why := check(programme))), None)


def _days(programme: Programme) -> str | None:
    early = programme.valid_to < programme.valid_from
    return "valid_to lies before valid_from" if early else None


def _codes_once(programme: Programme) -> str | None:
    modes = programme.waiver.payment_modes if programme.waiver else ()
    codes: dict[str, list[str]] = {
        "channel": [channel.code for channel in programme.channels],
        "hours": [hours.code for hours in programme.hours],
        "service": [service.code for service in programme.services],
        "plan": [plan.sales_channel for plan in programme.plans],
        "product": [product.code for product in programme.products],
        "disease": [disease.code for disease in programme.diseases],
        "eligibility rule": [rule.code for rule in programme.eligibility],
        "clock": [clock.id for clock in programme.clocks],
        "reminder": [reminder.id for reminder in programme.reminders],
        "notice": [notice.code for notice in programme.notices],
        "rule": [rule.code for rule in programme.rules],
        "figure": [figure.code for figure in programme.figures],
        "payment mode": [mode.mode for mode in modes],
    }
    for what, listed in codes.items():
        twice = [code for code, times in Counter(listed).items() if times > 1]
        if twice:
            return f"{what} {twice[0]!r} stands twice"
    return None


def _sections(programme: Programme) -> str | None:
    if programme.kind == "deposit_waiver" and programme.waiver is None:
        return "a deposit waiver needs its section 'waiver'"
    if programme.kind == "hospital_channel" and programme.emergency is None:
        return "a hospital's channel needs its section 'emergency'"
    return None


def _disease_groups(programme: Programme) -> str | None:
    groups = {disease.group for disease in programme.diseases}
    for rule in programme.documents:
        unknown = set(rule.disease_groups) - groups
        if unknown:
            return f"document {rule.kind} names no disease group {min(unknown)!r}"
    return None


def _services_known(programme: Programme) -> str | None:
    known = {service.code for service in programme.services}
    for what, named in _named_services(programme):
        unknown = set(named) - known
        if known and unknown:
            return f"{what} names no service {min(unknown)!r}"
    return None


def _named_services(programme: Programme) -> Iterable[tuple[str, Iterable[str]]]:
    yield from ((f"clock {one.id}", one.services) for one in programme.clocks)
    yield from ((f"document {one.kind}", one.services) for one in programme.documents)
    yield from ((f"eligibility rule {one.code}", one.services) for one in programme.eligibility)
    yield from ((f"reminder {one.id}", one.services) for one in programme.reminders)
    yield from ((f"rule {one.code}", one.services) for one in programme.rules)
    yield from (("diagnosis", one.services) for one in programme.diagnosis)
    yield from ((f"service {one.code}", one.after) for one in programme.services)
    yield "waiver", programme.waiver.services if programme.waiver else ()
    for gate in programme.activation.gates if programme.activation else ():
        yield "gate", gate.services
        yield "gate", () if gate.after == "cooling_off" else (gate.after,)
    for group in programme.emergency.groups if programme.emergency else ():
        yield f"group {group.code}", group.services


def _hours(programme: Programme) -> str | None:
    known = {ALWAYS, NOT_STATED, *(hours.code for hours in programme.hours)}
    named = [(f"service {one.code}", one.hours) for one in programme.services]
    named += [(f"channel {one.code}", one.hours) for one in programme.channels]
    named += [(f"clock {one.id}", one.hours) for one in programme.clocks if one.hours]
    for what, hours in named:
        if hours not in known:
            return f"{what} names no service hours {hours!r}"
    return None


def _circle(programme: Programme) -> str | None:
    """Services that lead into each other must end somewhere; so must gates."""
    steps = {service.code: set(service.after) for service in programme.services}
    for gate in programme.activation.gates if programme.activation else ():
        for code in gate.services:
            steps.setdefault(code, set()).update({gate.after} - {"cooling_off"})
    done: set[str] = set()
    while open_ := {code for code, after in steps.items() if code not in done}:
        ready = {code for code in open_ if steps[code] <= done}
        if not ready:
            return f"services lead into each other in a circle: {', '.join(sorted(open_))}"
        done |= ready
    return None
