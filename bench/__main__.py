"""`make bench`: every measurement once, in about twenty minutes, printed beside its mark.

`--quick` runs fewer of each; the counts are the same, the times mean less. `--keep` only counts
story 1 and writes that down as agreed (`bench/story_one.json`), for the test that watches it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from adapters.temporal import runtime
from bench import bookings, data, deadlines
from bench.cases import Bones, Waiver
from bench.house import House, opened, servers
from bench.measures import AT_ONCE, Memory, Pair, Throughput, latency, memory, throughput
from bench.score import Counts, counts, score
from bench.skeleton import Score
from bench.story import keep, story_one

OPEN_MAX: Final = 2.5
COMMAND_MAX: Final = 2.0
CASES_MIN: Final = 0.5
EVENTS_MAX: Final = 600
"""The marks: opening and commanding in multiples, whole cases in parts of the skeleton's."""

console = Console(highlight=False, width=100)


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    waiting: int
    pairs: int
    rounds: int
    block: int
    listed: int
    booked: int


FULL: Final = Size(
    waiting=500, pairs=100, rounds=4, block=12, listed=data.ROWS, booked=bookings.WAITING
)
QUICK: Final = Size(waiting=60, pairs=30, rounds=2, block=6, listed=data.FEW, booked=bookings.FEW)


async def main() -> int:
    """Measure everything and print it."""
    size = QUICK if "--quick" in sys.argv[1:] else FULL
    keeping = "--keep" in sys.argv[1:]
    began = time.monotonic()
    if not keeping:
        console.print(deadlines.table_of(deadlines.measure()))
    async with servers() as running:
        console.print("story 1, told in virtual time …")
        cost = await story_one(running.settings)
        show_counts("story 1", cost)
        if keeping:
            keep(cost)
            return 0
        console.print("door, workers and counterparties starting …")
        async with opened(running) as house:
            played = await same_commands(house)
            console.print(f"{size.waiting} waiting cases …")
            show_memory(await memory(house, played, cases=size.waiting))
            console.print(f"{size.pairs} cases, call by call …")
            show_latency(*await latency(house, played, cases=size.pairs))
            console.print(f"{size.rounds} × {size.block} whole cases, {AT_ONCE} at once …")
            show_throughput(await throughput(house, played, rounds=size.rounds, cases=size.block))
            console.print(f"{size.booked:,} bookings …")
            await bookings.measure(console, house, waiting=size.booked)
        console.print("programmes and lists …")
        await data.measure(console, running.settings.libpq_url, size.listed)
    console.print(f"\nmeasured in {time.monotonic() - began:.0f} s")
    return 0


async def same_commands(house: House) -> Score:
    """A whole case of ours, and the skeleton that does as much, shown side by side."""
    waiver = Waiver(house)
    await waiver.whole()
    history = await house.client.get_workflow_handle(waiver.case_id).fetch_history()
    played = score(history)
    bones = Bones(house.client, played)
    await bones.whole()
    ours = await counts(house.client, waiver.case_id)
    bare = await counts(house.client, bones.workflow_id)
    table = Table(title="the whole case that is driven below, and its skeleton")
    for name in ("", "greenlane", "skeleton"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("commands", str(ours.commands), str(bare.commands))
    table.add_row("workflow tasks", str(ours.workflow_tasks), str(bare.workflow_tasks))
    table.add_row("events", str(ours.events), str(bare.events))
    table.add_row("history bytes", f"{ours.history_bytes:,}", f"{bare.history_bytes:,}")
    console.print(table)
    return played


def show_counts(title: str, cost: Counts) -> None:
    """The exact counts of a case."""
    table = Table(title=f"{title}: what it costs the server")
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_column("mark", justify="right")
    table.add_row("events", str(cost.events), verdict(cost.events <= EVENTS_MAX, f"≤ {EVENTS_MAX}"))
    kinds = ", ".join(f"{name} {number}" for name, number in sorted(cost.by_kind.items()))
    table.add_row(f"billable actions ({kinds})", str(cost.actions), "")
    table.add_row("history bytes", f"{cost.history_bytes:,}", "")
    table.add_row("state transitions", str(cost.transitions), "")
    table.add_row("workflow tasks", str(cost.workflow_tasks), "")
    table.add_row("commands", str(cost.commands), "")
    table.add_row("deeds: events but those of workflow tasks", str(cost.deeds), "")
    console.print(table)
    if cost.skipping:
        console.print(f"{cost.skipping} more events say that time was skipped; real time has none")


def show_latency(opening: Pair, command: Pair) -> None:
    """Both sides of each call, and their ratio."""
    table = _beside("latency in ms: HTTP through the door, beside the bare client")
    for what, pair, most in (
        ("open a case", opening, OPEN_MAX),
        ("complete a task", command, COMMAND_MAX),
    ):
        for percent in (50, 99):
            ours, bare = pair.at(percent)
            mark = verdict(ours / bare <= most, f"≤ {most:.1f}") if percent == 50 else ""  # noqa: PLR2004
            table.add_row(
                f"{what}, p{percent} of {len(pair.ours)}",
                f"{ours:.1f}",
                f"{bare:.1f}",
                f"{ours / bare:.2f}",
                mark,
            )
    console.print(table)


def show_throughput(rates: Throughput) -> None:
    """Whole cases a second."""
    table = _beside("whole cases per second, report to closed")
    for number, (ours, bare) in enumerate(zip(rates.ours, rates.bare, strict=True), start=1):
        table.add_row(f"round {number}", f"{ours:.2f}", f"{bare:.2f}", f"{ours / bare:.2f}", "")
    mark = verdict(rates.ratio >= CASES_MIN, f"≥ {CASES_MIN:.1f}")
    table.add_row(f"median, {rates.cases} cases a side", "", "", f"{rates.ratio:.2f}", mark)
    console.print(table)
    table = _beside("processor time in ms per whole case: where it goes")
    for part in [*sorted(rates.cpu_ours), "all"]:
        ours, bare = (
            (spent.total() if part == "all" else spent[part]) * 1000 / rates.cases
            for spent in (rates.cpu_ours, rates.cpu_bare)
        )
        ratio = f"{bare / ours:.2f}" if part == "all" else ""
        table.add_row(part, f"{ours:.0f}", f"{bare:.0f}", ratio, "")
    console.print(table)


def show_memory(grown: Memory) -> None:
    """What a waiting case takes."""
    table = _beside("worker memory in KiB per waiting case, sandbox on")
    table.add_row(
        f"{grown.cases} waiting cases",
        f"{grown.ours:.0f}",
        f"{grown.bare:.0f}",
        f"{grown.ours / max(grown.bare, 1):.2f}",
        "",
    )
    console.print(table)


def verdict(reached: bool, mark: str) -> str:
    """A mark and whether it is reached."""
    return f"[green]{mark} reached[/]" if reached else f"[red]{mark} missed[/]"


def _beside(title: str) -> Table:
    table = Table(title=title)
    table.add_column("")
    for name in ("greenlane", "skeleton", "ratio", "mark"):
        table.add_column(name, justify="right")
    return table


if __name__ == "__main__":
    sys.exit(runtime.run(main))
