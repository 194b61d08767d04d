"""What an onlooker of the demo reads: the timeline as it happens, then promises, books, address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from rich.console import Console
from rich.table import Table

from adapters.settings import Settings
from demo.people import Answer
from demo.stories import Tale
from demo.telling import Told
from domain.calendar import SHANGHAI, due_civil

INDENT: Final = 34
"""The width of a line's moment, so that the English sentence stands under the Chinese one."""
KEPT: Final = frozenset({"met", "dropped"})
ACCOUNTS: Final = {
    "payer_cash": "付款方资金",
    "hospital_deposit": "医院押金",
    "advance_outstanding": "待收回垫款",
    "claim_payable": "应付理赔金",
    "customer_cash": "客户资金",
    "written_off": "核销",
}


class Show:
    """Prints the story."""

    def __init__(self, console: Console, settings: Settings, *, stays: bool = False) -> None:
        self._console = console
        self._stays = stays
        self._settings = settings
        self._moved_by = 0

    def prologue(self, moved_by: int, title: str) -> None:
        """What is about to happen, and why the dates are not the story's."""
        self._moved_by = moved_by
        self._console.rule(title)
        self._console.print(
            "真实的 Temporal、PostgreSQL 与对手方; "
            f"日期较故事整体后移 {moved_by} 天 (整周), 工作日历同移。\n"
            f"Real servers; the story's dates are moved by {moved_by} days, "
            "a whole number of weeks, and the working-day calendar with them.\n"
        )

    async def say(self, when: str, chinese: str, english: str) -> None:
        """One line as it happens: the case's own moment, and the story's."""
        told = datetime.strptime(when, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
        now = told + timedelta(days=self._moved_by)
        self._console.print(
            f"[cyan]{now:%Y-%m-%d %a %H:%M}[/cyan] [dim](故事 {told:%m-%d})[/dim]  {chinese}\n"
            f"[dim]{english:>{len(english) + INDENT}}[/dim]",
            highlight=False,
            soft_wrap=True,
        )

    def epilogue(self, tale: Tale, told: Told) -> int:
        """Promises, then money or what was told and done, addresses; the exit status."""
        self._console.print()
        self._console.print(self._clocks(told))
        if told.ledger is not None:
            self._books(told.ledger)
        elif "steps" in told.matter:
            self._console.print(_steps(told.matter))
        else:
            self._console.print(_notices(told.matter))
        address = f"{self._settings.ui_url}/namespaces/default/workflows/{told.matter_id}"
        self._console.print(f"Temporal UI: {address}", soft_wrap=True)
        if not self._stays:
            self._console.print(
                "界面随演示结束而停止; `make up` 后可再次打开同一地址。\n"
                "The page closes with the demo; after `make up` the same address shows this case."
            )
        wrong = _wrong(tale, told)
        if not wrong:
            zero = told.ledger is not None
            self._console.print(
                f"[green]一切承诺按时兑现{', 各账户为零' if zero else ''}。 Every promise was kept"
                f"{', every account is at zero' if zero else ''}.[/green]"
            )
        for what in wrong:
            self._console.print(f"[red]与故事不符 / not as told: {what}[/red]")
        return 1 if wrong else 0

    def _books(self, ledger: Answer) -> None:
        self._console.print(self._transfers(ledger))
        self._console.print(self._balances(ledger))
        cash = f"{_cash_fen(ledger) / 100:.2f}"
        self._console.print(f"客户自付现金 / customer cash: [bold]{cash}[/bold]")

    def _clocks(self, told: Told) -> Table:
        table = Table(title="时效 / promises", title_justify="left")
        for column in ("时钟", "承诺 promise", "截止 due", "完成 met", "结果 result"):
            table.add_column(column)
        if (answer := told.asked_before) is not None:
            # The question opened no case; its promise stands on the answer.
            table.add_row(
                "K01",
                "咨询首次答复",
                _civil(answer["due_at"]),
                _civil(answer["answered_at"]),
                "按时完成" if _in_time(answer) else "超时完成",
            )
        for clock in told.matter["clocks"]:
            table.add_row(
                clock["instance"],
                clock["name"],
                _civil(clock["due_at"]),
                clock["met_civil"] or "—",
                clock["state_name"],
            )
        return table

    def _transfers(self, ledger: Answer) -> Table:
        table = Table(
            title="账目 / ledger: 预留 hold, 入账 post, 一次性 single", title_justify="left"
        )
        for column in ("流水号 movement", "阶段 phase", "借 debit", "贷 credit"):
            table.add_column(column, overflow="fold")
        table.add_column("金额 amount", justify="right", no_wrap=True)
        for line in ledger["transfers"]:
            table.add_row(
                line["movement_id"].split(":", 1)[1],
                line["phase"],
                ACCOUNTS[line["debit"]],
                ACCOUNTS[line["credit"]],
                line["amount"]["amount"],
            )
        return table

    def _balances(self, ledger: Answer) -> Table:
        table = Table(title="余额 / balances", title_justify="left")
        table.add_column("账户 account")
        table.add_column("余额 balance", justify="right")
        for account, balance in ledger["balances"].items():
            table.add_row(f"{ACCOUNTS[account]} {account}", balance)
        return table


def _notices(matter: Answer) -> Table:
    table = Table(title="告知 / what the customer was told", title_justify="left")
    for column in ("时间 at", "告知 notice", "途径 by", "送达 delivery"):
        table.add_column(column)
    for notice in matter["notices"]:
        table.add_row(
            _civil(notice["sent_at"]),
            notice["template"],
            notice["channel"],
            notice["delivery_name"],
        )
    return table


def _steps(matter: Answer) -> Table:
    table = Table(title="经过 / what was done, as reported", title_justify="left")
    for column in ("时间 at", "步骤 step", "由 by"):
        table.add_column(column)
    for step in sorted(matter["steps"], key=lambda one: str(one["at"])):
        table.add_row(_civil(step["at"]), step["name"], f"{step['role']} {step['department']}")
    return table


def _wrong(tale: Tale, told: Told) -> list[str]:
    """What did not end as the story does; nothing if all is well."""
    answer = told.asked_before
    wrong = [] if answer is None or _in_time(answer) else ["K01"]
    wrong += [
        f"{clock['instance']} {clock['state_name']}"
        for clock in told.matter["clocks"]
        if clock["state"] not in KEPT
    ]
    if told.ledger is not None:
        wrong += _wrong_books(tale, told.matter, told.ledger)
    if told.matter.get("unit", tale.unit) != tale.unit:
        wrong.append(f"unit {told.matter['unit']}")
    if told.matter["stage"] != "closed":
        wrong.append(told.matter["stage"])
    return wrong


def _wrong_books(tale: Tale, case: Answer, ledger: Answer) -> list[str]:
    wrong = [
        f"{account} {balance}"
        for account, balance in ledger["balances"].items()
        if _fen(balance) != 0
    ]
    if tale.own_share != any(line["event"] == "own_share" for line in case["timeline"]):
        wrong.append("own share")
    if _cash_fen(ledger) != tale.cash_fen:
        wrong.append("customer cash")
    return wrong


def _cash_fen(ledger: Answer) -> int:
    return sum(
        _fen(line["amount"]["amount"])
        for line in ledger["transfers"]
        if line["reason"] == "repayment"
    )


def _in_time(answer: Answer) -> bool:
    answered, due = (datetime.fromisoformat(answer[at]) for at in ("answered_at", "due_at"))
    return answered <= due


def _civil(at: str) -> str:
    return due_civil(datetime.fromisoformat(at))


def _fen(amount: str) -> int:
    return int(amount.replace(".", ""))
