"""Reference data as the door reads it: hospitals, a programme's network, the insurer's list.

Nothing here names a person: a policy is found by a keyed hash, and what is returned of it are its
product, its validity and its amounts.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.entitlements import used_in
from adapters.tables.cases import cases, hospitals, network_hospitals, policies
from adapters.tables.door import eligibility_checks
from adapters.tables.ledger import transfers
from adapters.tables.lists import imported_lists
from adapters.tables.policy_end import LAST_DAY, policy_ends
from domain.entitlement import Counter
from domain.matter import CASE, OPENING
from domain.posting import Reason
from domain.waiver import STILL_PAYING, Stage


def _hospital_query() -> Select[Any]:
    lists = network_hospitals.alias("lists")
    network = bindparam("network", type_=Text())
    newest = _list_of_its_day(lists, network, bindparam("listed_on", type_=Text()))
    listed = (
        (network_hospitals.c.hospital_id == hospitals.c.id)
        & (network_hospitals.c.programme == network)
        & (network_hospitals.c.list_version == newest)
    )
    return (
        select(
            hospitals.c.id,
            hospitals.c.name,
            hospitals.c.grade,
            hospitals.c.sub_grade,
            hospitals.c.province,
            hospitals.c.city,
            network_hospitals.c.online_payment,
            network_hospitals.c.qr_live_from,
            network_hospitals.c.core_city,
            network_hospitals.c.hospital_id.is_not(None).label("on_network"),
            func.coalesce(newest, "").label("newest_list"),
        )
        .join_from(hospitals, network_hospitals, listed, isouter=True)
        .where(hospitals.c.id == bindparam("hospital"))
    )


def _list_of_its_day(lists: Any, network: Any, on: Any) -> Any:
    """The newest version of a network's list that counts on a day; versions are days as text."""
    newest = select(func.max(lists.c.list_version)).where(lists.c.programme == network)
    return newest.where(lists.c.list_version <= on).scalar_subquery()


def _policy_query() -> Select[Any]:
    on = bindparam("on", type_=Date())
    in_force = (policies.c.valid_from <= on) & func.coalesce(on <= LAST_DAY, true())
    columns = [
        column for column in policies.c if column.name not in ("policy_no", "id_number", "phone")
    ]
    taken = (
        select(func.coalesce(func.sum(_taken_by_case()), 0))
        .where(cases.c.policy_id == policies.c.policy_id)
        .scalar_subquery()
    )
    seen = (
        select(imported_lists.c.list_version)
        .where(imported_lists.c.kind == "insured")
        .where(imported_lists.c.programme == policies.c.programme)
        .order_by(imported_lists.c.imported_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            *columns,
            LAST_DAY.label("last_day"),
            taken.label("taken_fen"),
            func.coalesce(seen, "").label("insured_list"),
        )
        .join_from(policies, policy_ends, isouter=True)
        .where(policies.c.programme == bindparam("programme"))
        .where(policies.c.person_hash == bindparam("person"))
        .where(policies.c.removed_at.is_(None))
        .order_by(in_force.desc(), policies.c.valid_from.desc(), policies.c.policy_id)
        .limit(1)
    )


def _taken_by_case() -> ColumnElement[Any]:
    """What an open case may still take of its policy, or what a claim was paid meanwhile.

    The insurer's list says what was used before it was read; what came after only we know of.
    """
    newest = (
        select(func.max(imported_lists.c.imported_at))
        .where(imported_lists.c.kind == "insured")
        .where(imported_lists.c.programme == policies.c.programme)
        .scalar_subquery()
    )
    given, returned = Reason.CLAIM_MONEY.value, Reason.CLAIM_RETURNED.value
    signed = case(
        (transfers.c.reason == given, transfers.c.amount_fen), else_=-transfers.c.amount_fen
    )
    paid = (
        select(func.coalesce(func.sum(signed), 0))
        .where(transfers.c.case_id == cases.c.case_id)
        .where(transfers.c.reason.in_([given, returned]))
        .where(transfers.c.at > func.coalesce(newest, literal_column("'-infinity'::timestamptz")))
        .scalar_subquery()
    )
    open_still = case((cases.c.stage.in_(CASE.ended), 0), else_=_may_take())
    return func.greatest(open_still, paid)


def _may_take() -> ColumnElement[Any]:
    """What an open case has advanced, and while it still pays, what it may go up to.

    A case from before promises were written down counts with the whole sum insured.
    """
    out = func.greatest(cases.c.advanced_fen, cases.c.outstanding_fen)
    up_to = func.coalesce(cases.c.limit_fen, cases.c.promised_fen, policies.c.sum_insured_fen)
    pays = [OPENING, *(stage.value for stage in (*STILL_PAYING, Stage.PAYOUT))]
    # A claim that follows no advance is being decided: it may still take what it asked for.
    decided = (cases.c.stage == Stage.ADJUDICATION.value) & (cases.c.advanced_fen == 0)
    paying = cases.c.stage.in_(pays) | decided
    return case((paying, func.greatest(out, up_to)), else_=out)


def _lock_query() -> Select[Any]:
    return (
        select(policies.c.policy_id)
        .where(policies.c.programme == bindparam("programme"))
        .where(policies.c.person_hash == bindparam("person"))
        .order_by(policies.c.policy_id)
        .with_for_update()
    )


def _standing_query() -> Select[Any]:
    """A policy and a hospital side by side: one row, with nulls for what is not known."""
    policy, hospital = _POLICY.subquery("policy"), _HOSPITAL.subquery("hospital")
    always = select(literal(1)).subquery("always")
    both = always.join(policy, true(), isouter=True).join(hospital, true(), isouter=True)
    return select(
        *policy.c, *(column.label(f"hospital_{column.name}") for column in hospital.c)
    ).select_from(both)


# Built once: building them anew costs as much processor time as running them.
_HOSPITAL: Final = _hospital_query()
_OF_HOSPITAL: Final = tuple(_HOSPITAL.selected_columns.keys())
_POLICY: Final = _policy_query()
_OF_POLICY: Final = tuple(_POLICY.selected_columns.keys())
_STANDING: Final = _standing_query()
_LOCK: Final = _lock_query()


class ReferenceRows:
    """Look-ups, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hospital(
        self, hospital_id: str, network: str | None, on: date
    ) -> dict[str, Any] | None:
        """A hospital of the directory, with its row in a network's list as it counts on a day.

        `on_network` says whether it is listed, `newest_list` which version was looked at.
        """
        found = await self._connection.execute(_HOSPITAL, _listed(hospital_id, network, on))
        row = found.mappings().first()
        return None if row is None else dict(row)

    async def standing(
        self,
        programme: str,
        person_hash: str,
        on: date,
        *,
        hospital_id: str | None,
        network: str | None,
        lock: bool,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The person's row on the insurer's list, and the hospital; each empty where unknown.

        Of several rows of a person one in force; `left_fen` is what is left of it. What open cases
        of the same policy may still take is not left (C-08), nor what claims were paid since the
        list was read. Who opens a case locks the row until the case is written, so that no second
        one is promised the same money. The lock is a call of its own: a statement does not see
        what was written while it waited for a lock.
        """
        person = {"programme": programme, "person": person_hash}
        if lock:
            await self._connection.execute(_LOCK, person)
        asked = {**person, "on": on, **_listed(hospital_id or "", network, on)}
        row = (await self._connection.execute(_STANDING, asked)).one()
        policy = dict(zip(_OF_POLICY, row, strict=False))
        hospital = dict(zip(_OF_HOSPITAL, row[len(_OF_POLICY) :], strict=True))
        return (
            {} if policy["policy_id"] is None else _with_left(policy),
            {} if hospital["id"] is None else hospital,
        )

    async def quota_used(self, counter: Counter) -> int:
        """How many units of a counter are reserved or consumed."""
        return await used_in(self._connection, counter)

    async def note_check(self, row: dict[str, Any]) -> None:
        """Record a question and its answer."""
        await self._connection.execute(insert(eligibility_checks).values(row))

    async def hospitals(
        self,
        *,
        text: str | None,
        province: str | None,
        city: str | None,
        grade_min: int | None,
        network: str | None,
        on: date,
        after: str | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """A page of the directory, by id; of a network the list that counts on the day."""
        query = select(hospitals).order_by(hospitals.c.id).limit(limit)
        if text:
            query = query.where(hospitals.c.name.contains(text, autoescape=True))
        if province:
            query = query.where(hospitals.c.province == province)
        if city:
            query = query.where(hospitals.c.city == city)
        if grade_min:
            query = query.where(hospitals.c.grade >= grade_min)
        if network:
            lists = network_hospitals.alias("lists")
            newest = _list_of_its_day(lists, network, on.isoformat())
            listed = (
                select(network_hospitals.c.hospital_id)
                .where(network_hospitals.c.programme == network)
                .where(network_hospitals.c.list_version == newest)
            )
            query = query.where(hospitals.c.id.in_(listed))
        if after:
            query = query.where(hospitals.c.id > after)
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]

    async def moment(self) -> datetime:
        """Whether the database answers: its own clock."""
        answered: datetime = (await self._connection.execute(select(func.now()))).scalar_one()
        return answered


def _listed(hospital_id: str, network: str | None, on: date) -> dict[str, str]:
    """What `_HOSPITAL` asks for; versions of a list are days as text."""
    return {"hospital": hospital_id, "network": network or "", "listed_on": on.isoformat()}


def _with_left(policy: dict[str, Any]) -> dict[str, Any]:
    left = policy["sum_insured_fen"] - policy["used_fen"] - int(policy["taken_fen"])
    return policy | {"left_fen": max(0, left)}
