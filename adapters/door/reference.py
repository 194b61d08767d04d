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
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.books.entitlements import used_in
from adapters.tables.cases import OPENING, cases, hospitals, network_hospitals, policies
from adapters.tables.door import eligibility_checks
from adapters.tables.lists import imported_lists
from adapters.tables.policy_end import LAST_DAY, policy_ends
from domain.entitlement import Counter
from domain.waiver import ENDED, STILL_PAYING, Stage


def _hospital_query() -> Select[Any]:
    lists = network_hospitals.alias("lists")
    network = bindparam("network", type_=Text())
    newest = _list_of_its_day(lists, network, bindparam("on", type_=Text()))
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
        column
        for column in policies.c
        if column.name not in ("policy_no", "name", "id_number", "phone")
    ]
    taken = (
        select(func.coalesce(func.sum(_taken_by_case()), 0))
        .where(cases.c.policy_id == policies.c.policy_id)
        .where(cases.c.stage.not_in([stage.value for stage in ENDED]))
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


# Built once: building them anew costs as much processor time as running them.
_HOSPITAL: Final = _hospital_query()
_POLICY: Final = _policy_query()
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
        found = await self._connection.execute(
            _HOSPITAL, {"hospital": hospital_id, "network": network or "", "on": on.isoformat()}
        )
        row = found.mappings().first()
        return None if row is None else dict(row)

    async def policy(
        self, programme: str, person_hash: str, on: date, *, lock: bool = False
    ) -> dict[str, Any] | None:
        """The person's row on the insurer's list, one in force first; `left_fen` is what is left.

        What open cases of the same policy may still take is not left (C-08). Who opens a case locks
        the row until the case is written, so that no second one is promised the same money.
        """
        if lock:
            await self._connection.execute(_LOCK, {"programme": programme, "person": person_hash})
        found = await self._connection.execute(
            _POLICY, {"programme": programme, "person": person_hash, "on": on}
        )
        row = found.mappings().first()
        if row is None:
            return None
        policy = dict(row)
        left = policy["sum_insured_fen"] - policy["used_fen"] - int(policy["taken_fen"])
        policy["left_fen"] = max(0, left)
        return policy

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
