"""The counterparties' durable memory: orders, money that really moved, results still to report.

One SQLite file. An order is kept under the id its sender gave it, with the fingerprint of its body,
so that the same order again is recognised and another order under the same id is refused. Money
that moved is a row of its own: the statement is made of these rows and of nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SCHEMA: Final = """
create table if not exists orders (
    kind text not null, id text not null, fingerprint text not null, body text not null,
    state text not null, made_at text not null, primary key (kind, id));
create table if not exists movements (
    seq integer primary key autoincrement, kind text not null, movement_id text not null,
    stay text not null, fen integer not null check (fen > 0), account text not null,
    receipt_no text not null, at text not null);
create table if not exists settlements (
    kind text not null, id text not null, due real not null, refused integer not null,
    copies integer not null, primary key (kind, id));
create table if not exists outbox (
    seq integer primary key autoincrement, event_id text not null, partner text not null,
    body text not null, due real not null, attempts integer not null default 0,
    state text not null default 'waiting', last_answer text);
create table if not exists notes (key text primary key, value text not null);
"""


class OtherContent(Exception):
    """An id came back with another body than the first time."""


@dataclass(frozen=True)
class Order:
    """One order as it stands: what was asked, and how far it has come."""

    kind: str
    id: str
    body: dict[str, Any]
    state: dict[str, Any]
    is_new: bool = False


@dataclass(frozen=True)
class Movement:
    """Money that moved, once."""

    kind: str
    movement_id: str
    fen: int
    account: str
    receipt_no: str
    at: str


@dataclass(frozen=True)
class Settlement:
    """An order whose outcome falls due at a real moment."""

    kind: str
    id: str
    due: float
    refused: bool
    copies: int


def fingerprint(body: dict[str, Any]) -> str:
    """A digest that is equal exactly for equal bodies, whatever the order of their keys."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def stay_of(movement_id: str) -> str:
    """The stay a movement belongs to: what stands before the first colon of its id."""
    return movement_id.split(":", 1)[0]


class Books:
    """The SQLite file; every method is one short transaction."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # WAL with NORMAL loses nothing when the process is killed, which is what has to be survived
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what happens inside one transaction; a transaction already open is joined."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def place(self, kind: str, order_id: str, body: dict[str, Any], *, at: str) -> Order:
        """Take an order, or find the one that is there; raises `OtherContent` if they differ."""
        with self.together():
            row = self._row(kind, order_id)
            if row is not None:
                if row["fingerprint"] != fingerprint(body):
                    raise OtherContent
                return _order(row)
            self._db.execute(
                "insert into orders values (?, ?, ?, ?, ?, ?)",
                (kind, order_id, fingerprint(body), _text(body), _text({"status": "new"}), at),
            )
            return Order(kind, order_id, body, {"status": "new"}, is_new=True)

    def find(self, kind: str, order_id: str) -> Order | None:
        """The order under this id, or None."""
        row = self._row(kind, order_id)
        return None if row is None else _order(row)

    def orders(self, kind: str) -> list[Order]:
        """All orders of a kind, oldest first."""
        rows = self._db.execute("select * from orders where kind = ? order by rowid", (kind,))
        return [_order(row) for row in rows]

    def progress(self, kind: str, order_id: str, state: dict[str, Any]) -> Order:
        """Replace an order's state; what it asked never changes."""
        with self.together():
            self._db.execute(
                "update orders set state = ? where kind = ? and id = ?",
                (_text(state), kind, order_id),
            )
            row = self._row(kind, order_id)
        if row is None:
            raise LookupError(kind)
        return _order(row)

    def move(self, kind: str, movement_id: str, *, fen: int, account: str, at: str) -> str:
        """Write down money that moved and return its receipt number."""
        with self.together():
            cursor = self._db.execute(
                "insert into movements (kind, movement_id, stay, fen, account, receipt_no, at)"
                " values (?, ?, ?, ?, ?, '', ?)",
                (kind, movement_id, stay_of(movement_id), fen, account, at),
            )
            receipt_no = f"{kind[:2].upper()}{at[:10].replace('-', '')}-{cursor.lastrowid:06d}"
            self._db.execute(
                "update movements set receipt_no = ? where seq = ?", (receipt_no, cursor.lastrowid)
            )
        return receipt_no

    def movements(self) -> list[Movement]:
        """Everything that moved, in the order in which it moved."""
        rows = self._db.execute(
            "select kind, movement_id, fen, account, receipt_no, at from movements order by seq"
        )
        return [Movement(*row) for row in rows]

    def held_for(self, stay: str) -> int:
        """Fen a hospital holds for a stay: paid less refunded."""
        row = self._db.execute(
            "select coalesce(sum(case kind when 'payment' then fen when 'refund' then -fen end), 0)"
            " from movements where stay = ?",
            (stay,),
        ).fetchone()
        return int(row[0])

    def settle_at(
        self, kind: str, order_id: str, *, due: float, refused: bool, copies: int
    ) -> None:
        """Let an order's outcome fall due at a real moment (seconds since the epoch)."""
        self._db.execute(
            "insert or ignore into settlements values (?, ?, ?, ?, ?)",
            (kind, order_id, due, refused, copies),
        )

    def settlements_due(self, moment: float) -> list[Settlement]:
        """What has fallen due, at most 100 at a time."""
        rows = self._db.execute(
            "select * from settlements where due <= ? order by due limit 100", (moment,)
        )
        return [
            Settlement(r["kind"], r["id"], r["due"], bool(r["refused"]), r["copies"]) for r in rows
        ]

    def settled(self, kind: str, order_id: str) -> None:
        """Take an order off the list of outcomes to come."""
        self._db.execute("delete from settlements where kind = ? and id = ?", (kind, order_id))

    def enqueue(self, partner: str, event: dict[str, Any], *, due: float, copies: int) -> None:
        """Put a result on the way, `copies` times under the same event id."""
        with self.together():
            for _ in range(copies):
                self._db.execute(
                    "insert into outbox (event_id, partner, body, due) values (?, ?, ?, ?)",
                    (event["id"], partner, _text(event), due),
                )

    def callbacks(self, where: str = "1 = 1", limit: int = 1000) -> list[dict[str, Any]]:
        """Rows of the outbox; `where` is one of this package's own constants."""
        query = f"select * from outbox where {where} order by due, seq limit ?"  # noqa: S608 - constant
        return [dict(row) for row in self._db.execute(query, (limit,))]

    def callback_tried(self, seq: int, *, state: str, due: float, answer: str) -> None:
        """Write down how a delivery went."""
        self._db.execute(
            "update outbox set attempts = attempts + 1, state = ?, due = ?, last_answer = ?"
            " where seq = ?",
            (state, due, answer, seq),
        )

    def redeliver(self, due: float) -> int:
        """Put results that were given up on the way again; returns how many."""
        cursor = self._db.execute(
            "update outbox set state = 'waiting', attempts = 0, due = ? where state = 'given_up'",
            (due,),
        )
        return cursor.rowcount

    def next_due(self) -> float | None:
        """When the next outcome or result falls due, in seconds since the epoch."""
        row = self._db.execute(
            "select min(due) from (select due from settlements"
            " union all select due from outbox where state = 'waiting')"
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def remember(self, key: str, value: str) -> None:
        """Keep a note across restarts."""
        self._db.execute("insert or replace into notes values (?, ?)", (key, value))

    def recalled(self, key: str) -> str | None:
        """A note, or None."""
        row = self._db.execute("select value from notes where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _row(self, kind: str, order_id: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._db.execute(
            "select * from orders where kind = ? and id = ?", (kind, order_id)
        ).fetchone()
        return found


def _order(row: sqlite3.Row) -> Order:
    return Order(row["kind"], row["id"], json.loads(row["body"]), json.loads(row["state"]))


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
