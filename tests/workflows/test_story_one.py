"""Story 1 against fake ports: the case's own order, waits and sums."""

from tests.builders import AGENT, CUSTOMER, DISPATCHER, NURSE, REVIEWER
from domain.tasks import TaskKind
from domain.waiver import Stage
from workflows.messages import Authorize, ClaimDecided, NoticeDischarge, RequestTopUp
from datetime import date, timedelta

DOCS = {
    kind: ["doc-1"]
    for kind in ("id_card_front", "id_card_back", "pathology_report", "diagnosis_proof", "e_policy", "admission_slip","social_insurance_card","outpatient_record")
}

async def test_a_case_runs_from_report_to_closed(case_of) -> None:
    async with case_of() as case:
        await case.open(planned_admission=(case.at("2026-05-06 00:00") + timedelta(hours=9)).date())
        await case.go_to("2026-04-29 20:32")
        await case.do(TaskKind.FIRST_CONTACT, AGENT, identity_verified=True, need="住院押金", checklist_sent=True)
        await case.do(TaskKind.ASSIGN_TEAM, DISPATCHER, agent_id="agent-7", nurse_id="nurse-5", doctor_id="doctor-1")
        await case.task(TaskKind.SIGN_AUTHORIZATION)
        await case.go_to("2026-04-29 21:40")
        await case.handle.execute_update("authorize", Authorize(signed=True, images=["i-1"], actor=CUSTOMER, at=case.time.now()))
        await case.task(TaskKind.CONFIRM_DOCUMENTS)
        await case.go_to("2026-04-30 11:20")
        await case.do(TaskKind.CONFIRM_DOCUMENTS, AGENT, complete=True, documents=DOCS)
        await case.do(TaskKind.JUDGE_LIABILITY, REVIEWER, approved=True, in_scope=True, previous_history="none", first_deposit={"amount": "50000.00"}, treatment_talk="方案沟通")
        await case.go_to("2026-04-30 16:00")
        await case.do(TaskKind.TELL_RESULT, AGENT, told_by="phone")
        await case.do(TaskKind.ARRANGE_VISIT, DISPATCHER, visit_at=case.at("2026-05-06 08:40").isoformat(), payment_mode="inhouse_specialist")
        await case.task(TaskKind.SIGN_ON_SITE)
        await case.go_to("2026-05-06 08:40")
        await case.do(TaskKind.SIGN_ON_SITE, NURSE, agreements_signed=True, images=["i-2"])
        await case.do(TaskKind.HAND_IN_SLIP, NURSE, images=["i-3"], receipt_no="R1")
        await case.go_to("2026-05-08 19:00")
        await case.handle.signal("request_top_up", RequestTopUp(top_up_id="t1", amount_fen=45_000_000, reason="deposit_used_up", channel="app", actor=CUSTOMER, at=case.time.now()))
        await case.do(TaskKind.ANSWER_TOP_UP, AGENT, accepted=True, payment_mode="hospital_online")
        await case.do(TaskKind.HAND_IN_SLIP, NURSE, images=["i-3"], receipt_no="R1")
        await case.go_to("2026-06-23 14:00")
        await case.handle.signal("notify_discharge", NoticeDischarge(notice_id="d1", discharge_on=(case.at("2026-06-25 00:00") + timedelta(hours=9)).date(), actor=CUSTOMER, at=case.time.now()))
        await case.task(TaskKind.DISCHARGE_VISIT)
        await case.go_to("2026-06-25 11:00")
        await case.do(TaskKind.DISCHARGE_VISIT, NURSE, bill={"amount": "500000.00"}, claim_explained=True, documents_collected=True, images=["i-4"])
        await case.task(TaskKind.FILE_CLAIM)
        await case.go_to("2026-06-26 10:00")
        await case.do(TaskKind.FILE_CLAIM, AGENT, images=["i-5"])
        await case.until(lambda: case.stage is Stage.ADJUDICATION)
        await case.go_to("2026-06-29 10:00")
        await case.handle.signal("claim_decided", ClaimDecided(claim_id="c", decision="approved", payable_fen=50_000_000, at=case.time.now()))
        assert await case.handle.result() == "closed"
        for c in case.clocks.values(): print(c.instance, c.state, c.due_at, c.met_at)
        print((await case.handle.describe()).history_length)
        for e in case.pages: print(e.page, e.stage, [t.text for t in e.timeline])
        print(await case.books.balances(case.case_id))
