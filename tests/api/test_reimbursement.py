"""A reimbursement at the door: who sees what of it, and words of partners that come too late."""

from __future__ import annotations

from typing import Any

from adapters.books.ledger import conserved
from domain.calendar import civil_date
from tests.api.conftest import House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import NEED, booked, done, insured_of, request_of, reviewed, staged
from tests.api.test_callbacks import call
from tests.api.test_sight import audited

P13 = "ruitai_ci"
P18 = "xintai_million_guard"
YUAN = {"amount": "553.50", "currency": "CNY"}


async def _paid_back(house: House) -> str:
    bought: dict[str, Any] = {
        "product": "million_guard_ci",
        "sales_channel": "professional_intermediary",
    }
    await insured_of(house, P18, **bought)
    declared = {"diagnosis": "suspected", "for_insured_self": True}
    booking_id = await booked(
        house, programme=P18, service="travel_expense_reimbursement", declared=declared
    )
    await done(house, booking_id, "take_request", "agent", identity_verified=True, need=NEED)
    await reviewed(house, booking_id)
    for kind in ("travel_ticket", "lodging_invoice"):
        stored = await house.post(
            f"/v1/bookings/{booking_id}/documents",
            data={"kind": kind},
            files={"file": ("a.jpg", b"\xff\xd8\xff" + kind.encode(), "image/jpeg")},
        )
        assert stored.status_code == 201, stored.text
    await done(house, booking_id, "receive_papers", "agent", complete=True)
    ticket: dict[str, Any] = {
        "kind": "travel_ticket",
        "number": "T-1",
        "on": civil_date(house.clock()).isoformat(),
        "names_insured": True,
        "amount": YUAN,
        "granted": YUAN,
    }
    await done(house, booking_id, "examine_expenses", "reviewer", expenses=[ticket])
    await done(house, booking_id, "confirm_payee", "finance", is_insured=True)
    await staged(house, booking_id, "closed")
    return booking_id


async def test_what_was_paid_back_is_seen_by_its_own_and_a_late_contradiction_is_finances(
    worked: House,
) -> None:
    booking_id = await _paid_back(worked)
    path = f"/v1/bookings/{booking_id}"
    seen = (await worked.get(path, "finance")).json()
    assert (seen["need"], [one["amount"] for one in seen["payments"]]) == ("", [YUAN])
    assert {one["kind"] for one in seen["documents"]} == {"travel_ticket", "lodging_invoice"}
    await _papers_are_opened(worked, path, seen["documents"])
    owner = {"subject": "customer-1"}
    books = (await worked.get(f"{path}/ledger", "customer", **owner)).json()
    assert books["left"]["amount"] == "0.00"  # it is closed: nothing more may be asked for
    stranger = {"subject": "customer-2"}
    problem(await worked.get(f"{path}/ledger", "customer", **stranger), 404, "not-found")
    problem(await worked.get(f"{path}/ledger", "reviewer"), 403, "forbidden")
    assert await conserved(worked.database) == []

    event = {"event": "payment_result", "movement_id": f"{booking_id}:payout", "status": "refused"}
    wrong = event | {"amount": YUAN | {"amount": "553.51"}}
    problem(await call(worked, wrong), 422, "amount-mismatch", "amount")
    late = await call(worked, event | {"amount": YUAN})
    assert (late.status_code, late.json()["state"]) == (202, "stored")
    letters = (await worked.get("/v1/reports/letters", "finance")).json()["items"]
    assert [(one["case_id"], one["why"]) for one in letters] == [(booking_id, "case_ended")]
    moved = {"event": "parcel_moved", "parcel_id": f"{booking_id}.parcel.1", "status": "lost"}
    after = await call(worked, moved, partner="courier", event_id="evt-2")
    assert after.json()["state"] == "delivered"  # nobody waits for it any more
    foreign = await call(worked, moved, partner="lab", event_id="evt-3")
    problem(foreign, 403, "forbidden")


async def test_the_same_request_twice_books_once(worked: House) -> None:
    await insured_of(worked, P18)
    body = request_of(worked, programme=P18, service="travel_expense_reimbursement")
    first = await worked.post("/v1/bookings", body, key="k-travel")
    assert (await worked.post("/v1/bookings", body, key="k-travel")).json() == first.json()


async def test_a_year_of_calls_is_booked_once_in_a_policy_year(house: House) -> None:
    await insured_of(house, P13, product="designated_ci", sales_channel="internet")
    wish = {
        "programme": P13,
        "service": "rehab_management",
        "declared": {"diagnosis": "confirmed", "preconditions": ["first_visit"]},
    }
    booking_id = await booked(house, **wish)
    first = (await house.get(f"/v1/bookings/{booking_id}", "supervisor")).json()
    assert first["unit"] == "reserved", first["reasons"]
    second = await house.post("/v1/bookings", request_of(house, **wish))
    problem(second, 409, "entitlement-used-up")


async def _papers_are_opened(house: House, path: str, papers: list[dict[str, Any]]) -> None:
    """Each paper by whoever certifies it and by its owner, by nobody else; none comes later."""
    before = (await audited(house)).count("document.viewed")
    for role in ("agent", "reviewer", "finance", "customer"):
        listed = (await house.get(f"{path}/documents", role, subject="customer-1")).json()["items"]
        assert listed == papers, role
        for paper in papers:
            file = await house.get(
                f"{path}/documents/{paper['document_id']}", role, subject="customer-1"
            )
            assert file.content == b"\xff\xd8\xff" + paper["kind"].encode(), role
    assert (await audited(house)).count("document.viewed") == before + 8
    one = f"{path}/documents/{papers[0]['document_id']}"
    assert (await house.get(f"{path}/documents", "dispatcher")).json()["items"] == []
    problem(await house.get(one, "dispatcher"), 404, "not-found")
    problem(await house.get(one, "customer", subject="customer-2"), 404, "not-found")
    problem(await house.get(one, "channel", channel="other"), 404, "not-found")
    problem(await house.get(one, "nurse"), 403, "forbidden")
    late = await house.post(
        f"{path}/documents",
        data={"kind": "travel_ticket"},
        files={"file": ("a.jpg", b"\xff\xd8\xff late", "image/jpeg")},
    )
    assert problem(late, 409, "case-ended")["title"] == "预约已结束"
