"""A slip is known of the deposit it proves, by its number and by the bytes of its pictures."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports.cases import CasePage, TaskClosed
from adapters.books.casebook import Casebook
from adapters.door.unit import DoorBooks
from domain.steps.kinds import TaskKind
from domain.waiver import PaymentMode
from tests.adapters.test_casebook import a_full_page, a_page, a_task, minutes
from tests.adapters.test_casebook_worklist import stored
from tests.fixtures.cases import CASE, a_reported_case, a_sealer


async def test_a_slip_proves_one_deposit_and_hospitals_number_their_own(
    database: AsyncEngine,
) -> None:
    """K08. Two hospitals may give out one number; one network numbers all of its receipts."""
    sealer = a_sealer()
    casebook = Casebook(database, sealer, clock=lambda: minutes(5))
    for case_id, hospital in ((CASE, "h-1"), ("dw-near", "h-1"), ("dw-far", "h-2")):
        await a_reported_case(database, sealer, case_id=case_id, hospital_id=hospital)
    for case_id, body in ((CASE, b"1"), ("dw-near", b"1"), ("dw-far", b"2")):
        await stored(database, body, document_id=f"of-{case_id}", case_id=case_id)

    def paid(case_id: str, receipt_no: str, mode: PaymentMode) -> CasePage:
        about = f"{case_id}:deposit:1"
        kind = TaskKind.HAND_IN_SLIP
        step = a_task(task_id=f"{case_id}.{kind.value}.1", kind=kind, subject=about)
        payment = (
            a_full_page()
            .payments[0]
            .model_copy(update={"movement_id": about, "receipt_no": receipt_no, "mode": mode})
        )
        return a_page(1, case_id=case_id, tasks_opened=[step], payments=[payment])

    await casebook.write(paid(CASE, "R-1", PaymentMode.QR_CODE))
    await casebook.write(paid("dw-near", "R-2", PaymentMode.INHOUSE_SPECIALIST))
    await casebook.write(paid("dw-far", "R-3", PaymentMode.QR_CODE))
    step = f"{CASE}.hand_in_slip.1"
    form = {"receipt_no": "S-1", "images": [f"of-{CASE}"], "receipt_confirmed": True}
    handed = TaskClosed(task_id=step, closed_at=minutes(2), done=True, actor_id="n-1", form=form)
    await casebook.write(a_page(2, tasks_closed=[handed]))

    async def known(case_id: str, number: str) -> tuple[bool, bool]:
        async with DoorBooks(database, sealer).unit() as unit:
            task_id, pictures = f"{case_id}.hand_in_slip.1", [f"of-{case_id}"]
            return await unit.slips.known(task_id, number=number, pictures=pictures)

    assert await known(CASE, "S-1") == (False, False)  # its own, told again
    assert await known(CASE, "R-2") == (True, False)  # paid to the same hospital
    assert await known(CASE, "R-3") == (True, False)  # numbered by the same network
    assert await known("dw-near", "S-1") == (True, True)  # read off another slip, and its picture
    assert await known("dw-near", "R-3") == (False, True)  # another hospital's, paid another way
    assert await known("dw-far", "S-1") == (False, False)
    assert await known("dw-far", "R-1") == (True, False)
    assert await known("dw-far", "R-2") == (False, False)
