"""Story 4, the advance (P02): reported before midnight, judged by two, over Dragon Boat.

Natural days run through the holiday (C-61). The discharge visit is due on the day of discharge,
not a day after the notice (C-12); the claim covers 80 per cent, and the customer returns the rest.
"""

from __future__ import annotations

from demo.hands import Hands
from demo.house import Guest, House
from demo.people import yuan
from demo.telling import Say, silently

GUEST = Guest(
    programme="pingan_value_added",
    disease="acute_pancreatitis",
    policy="value_added,50000.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-06-19 23:50"
PAPERS = ("id_card_front", "diagnosis_proof", "admission_slip")
CLAIM_PAPERS = ("original_invoice", "fee_list", "discharge_summary")
DEPOSIT_FEN = 2_000_000
BILL_FEN = 1_864_020
PAYABLE_FEN = 1_491_216


class StoryP02(Hands):
    """The story, scene by scene."""

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say

    async def tell(self) -> None:
        """From the report to the last consultation."""
        await self.report()
        await self.fetch_papers()
        await self.judge()
        await self.pay_deposit()
        await self.leave_hospital()
        await self.claim()
        await self.recover()
        await self.aftercare()

    async def report(self) -> None:
        """Fri 19 June 23:50 the report; 00:15 contacted, a visit wanted."""
        house = self.house
        await self.report_stay(declared={"can_give_invoices": True})
        await house.agent.task(self.case_id, "first_contact")
        await self.say(BEGINS, f"热线报案, 案件 {self.case_id}", "reports by the hotline")
        await house.go_to("2026-06-20 00:15")
        await house.agent.complete(
            self.case_id,
            "first_contact",
            identity_verified=True,
            need="急性胰腺炎住院, 需垫付押金",
            checklist_sent=True,
            can_give_invoices=True,
            visit_wanted=True,
        )
        await self.assign_team()
        await self.say("2026-06-20 00:15", "30分钟内联系, 确认需上门", "contacted, a visit wanted")

    async def fetch_papers(self) -> None:
        """Sun 21 June 10:00, on the holiday: a medical assistant comes, the papers are complete."""
        house = self.house
        await house.nurse.task(self.case_id, "document_visit")
        await house.go_to("2026-06-21 09:30")
        await self.hand_in(*PAPERS)
        image = await house.nurse.upload(self.case_id, "step_image")
        await house.nurse.complete(self.case_id, "document_visit", images=[image])
        await house.agent.task(self.case_id, "confirm_documents")
        await house.go_to("2026-06-21 10:00")
        await house.agent.complete(self.case_id, "confirm_documents", complete=True)
        await self.say("2026-06-21 10:00", "医学助理上门, 资料齐全", "papers fetched and complete")

    async def judge(self) -> None:
        """Mon 22 June: the provider's opinion at 11:00, the insurer's contact signs at 17:00."""
        house, case_id = self.house, self.case_id
        await house.reviewer.task(case_id, "judge_liability")
        await house.go_to("2026-06-22 11:00")
        await house.reviewer.complete(
            case_id,
            "judge_liability",
            approved=True,
            in_scope=True,
            previous_history="none",
            first_deposit=yuan(DEPOSIT_FEN),
            treatment_talk="与主治医生沟通治疗方案",
        )
        await house.insurer.task(case_id, "second_review")
        await house.go_to("2026-06-22 17:00")
        await house.insurer.complete(case_id, "second_review", approved=True, limit=yuan(5_000_000))
        await self.say("2026-06-22 17:00", "前置审核与双审均通过", "two people have signed")
        await house.agent.complete(case_id, "tell_result", told_by="phone")
        await house.dispatcher.complete(
            case_id, "arrange_visit", visit_at=house.at("2026-06-23 09:30").isoformat()
        )

    async def pay_deposit(self) -> None:
        """Tue 23 June: agreements at the bed, 20,000 paid."""
        await self.house.nurse.task(self.case_id, "sign_on_site")
        await self.house.go_to("2026-06-23 09:30")
        await self.sign_at_the_bed()
        await self.hand_in_slip(1)
        await self.care("communication", ["communication"], "追踪诊中就医情况")
        await self.say(
            "2026-06-23 09:30", "医学助理到院, 垫付押金 20,000.00", "20,000.00 paid at the bed"
        )

    async def leave_hospital(self) -> None:
        """Sun 28 June the notice for Tue 30 June; the visit is on that day."""
        house = self.house
        await house.go_to("2026-06-28 10:00")
        await self.notice_discharge("2026-06-30")
        await house.go_to("2026-06-30 10:00")
        await self.discharge(BILL_FEN, *CLAIM_PAPERS[:2], documents=False)
        await self.hospital_refunds(DEPOSIT_FEN - BILL_FEN)
        await self.say(
            "2026-06-30 10:00", "陪同出院, 账单 18,640.20, 退回 1,359.80", "bill 18,640.20"
        )

    async def claim(self) -> None:
        """Wed 1 July the papers are complete; Fri 3 July the file is mailed."""
        house, case_id = self.house, self.case_id
        await house.agent.task(case_id, "collect_claim_documents")
        await house.go_to("2026-07-01 15:00")
        image = await house.agent.upload(case_id, CLAIM_PAPERS[2])
        await house.agent.complete(case_id, "collect_claim_documents", images=[image])
        await house.agent.task(case_id, "file_claim")
        await house.go_to("2026-07-03 16:00")
        image = await house.agent.upload(case_id, "step_image")
        await house.agent.complete(case_id, "file_claim", images=[image], courier_no="SF1234567890")
        await self.claim_is("filed")
        await self.say("2026-07-03 16:00", "理赔资料寄出 SF1234567890", "the claim file is mailed")

    async def recover(self) -> None:
        """The claim pays 80 per cent; the customer returns 3,728.04."""
        await self.house.go_to("2026-07-08 10:00")
        await self.insurer_decides("partial", PAYABLE_FEN, "co_payment")
        await self.stage_is("repayment")
        await self.house.go_to("2026-07-15 10:00")
        await self.repay(DEPOSIT_FEN - 135_980 - PAYABLE_FEN, "BANK-0715")
        await self.say("2026-07-15 10:00", "客户归还 3,728.04", "the customer returns 3,728.04")

    async def aftercare(self) -> None:
        """Three consultations on nutrition, thirty days apart."""
        await self.stage_is("aftercare")
        for day in ("2026-07-30", "2026-08-29", "2026-09-28"):
            await self.house.agent.task(self.case_id, "aftercare")
            await self.house.go_to(f"{day} 10:00")
            await self.house.agent.complete(self.case_id, "aftercare", note="已提供营养咨询")
        await self.say("2026-09-28 10:00", "第三次院后营养咨询", "the third consultation")
