"""Shows the programmes on a terminal: what each offers, how often, how fast, in both languages."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Column, Table

from domain.clock import Budget, Unit
from domain.programmes.programme import Programme
from domain.programmes.services import Service, ServiceQuota
from domain.programmes.terms import ClockTerms

UNIT_NAMES = {
    Unit.SECOND: "秒 s",
    Unit.MINUTE: "分钟 min",
    Unit.HOUR: "小时 h",
    Unit.NATURAL_DAY: "自然日 days",
    Unit.WORKING_DAY: "工作日 working days",
}
_PERIODS = {
    "policy_year": "保单年度 a policy year",
    "term": "服务期 in all",
    "policy": "保单 a policy",
}
_PIPED_WIDTH = 1000
"""Wider than any row."""
_AT_ONCE = "立刻 at once"
_SAME_DAY = "当日 the same day"


def show(programmes: Iterable[Programme], console: Console) -> None:
    """One table a programme: services, then promises; a code is not broken for other programs."""
    if not console.is_terminal:
        console = Console(file=console.file, highlight=False, width=_PIPED_WIDTH)
    for programme in programmes:
        numbers = "".join(f"{number} · " for number in programme.numbers)
        console.print(
            f"\n[bold]{programme.name}[/bold]  {programme.name_en}\n"
            f"{numbers}{programme.code} · {programme.insurer} · {programme.version}"
            f" · {programme.source}",
            soft_wrap=True,
        )
        console.print(_services(programme.services))
        if programme.clocks:
            console.print(_clocks(programme.clocks))
        for one in programme.lowers:
            lowered = f"下调 lowered: {one.what} · {one.why} · {one.approved_by}"
            console.print(lowered, soft_wrap=True)
        if programme.source_incomplete:
            lost = ", ".join(programme.source_incomplete)
            console.print(f"来源缺失 lost in the source: {lost}", soft_wrap=True)


def _services(services: Iterable[Service]) -> Table:
    table = _table("服务", "service", "次数 quota", "缺失 lost")
    for one in services:
        lost = ", ".join(one.source_incomplete)
        quota = "来源缺失 lost" if one.has_lost("quota") else quota_text(one.quota)
        table.add_row(f"{one.name} {one.code}", one.name_en, quota, lost)
    return table


def _clocks(clocks: Iterable[ClockTerms]) -> Table:
    table = _table("时效", "promise", "", "从 from", "到 to")
    for one in clocks:
        table.add_row(
            f"{one.id} {one.name}",
            one.name_en,
            budget_text(one.budget, one.target),
            ", ".join(one.starts),
            ", ".join(one.stops),
        )
    return table


def _table(*headers: str) -> Table:
    return Table(*(Column(one, overflow="fold") for one in headers), box=None, pad_edge=False)


def budget_text(budget: Budget, target: Budget | None = None) -> str:
    """A budget in words of both languages: `3-5 工作日 working days`."""
    if budget.amount == 0:
        return _AT_ONCE if budget.unit is Unit.MINUTE else _SAME_DAY
    least = f"{target.amount}-" if target else ""
    return f"{least}{budget.amount} {UNIT_NAMES[budget.unit]}"


def quota_text(quota: ServiceQuota) -> str:
    """A quota in words of both languages: `1 次/保单年度 a policy year`."""
    if quota.by_tier and quota.period is not None:
        tiers = ", ".join(f"{tier} {count}" for tier, count in quota.by_tier.items())
        return f"{tiers} 次/{_PERIODS[quota.period]}"
    if quota.count is None or quota.period is None:
        return "不限 unlimited"
    least = f"{quota.count_min}-" if quota.count_min else ""
    return f"{least}{quota.count} 次/{_PERIODS[quota.period]}"
