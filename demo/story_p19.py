"""Story 2 (P19): an office with hours, over Mid-Autumn and National Day; the claim is denied.

The call on the eve of the holiday finds the office closed: the report is taken and its promise
counts from the next opening. Costs are verified before a top-up is paid, each deposit slip goes
into the company's custody and comes out again for the settlement.
"""

from __future__ import annotations

from demo.hands import Hands
from demo.house import Guest, House
from demo.people import Answer, yuan
from demo.telling import Say, silently

GUEST = Guest(
    programme="annex2_ci_inpatient",
    disease="lung_cancer",
    policy="annex_ci,200000.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-09-24 18:20"
BILL_FEN = 6_135_000
REFUND_FEN = 865_000


class StoryP19(Hands):
    """The story, scene by scene."""

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say
        self.keeper = "custody-01"

    def a_report(self) -> Answer:
        """The address papers are asked for by, and what is known of the diagnosis."""
        report = super().a_report()
        report["insured"] |= {"email": "guest@example.com"}
        report["declared"] = {
            "diagnosis": "confirmed",
            "diagnosed_at_grade": 3,
            "diagnosed_by_specialist": True,
        }
        return report

    async def tell(self) -> None:
        """From the call after hours to the last repayment."""
        await self.call_after_hours()
        await self.contact()
        await self.decide()
        await self.pay_deposit()
        await self.top_up()
        await self.leave_hospital()
        await self.be_denied()
        await self.repay_in_parts()

    async def call_after_hours(self) -> None:
        """Thu 24 Sep 18:20, closed; Mon 28 Sep 10:05 he calls again, and it is the same case."""
        await self.report_stay()
        await self.house.agent.task(self.case_id, "first_contact")
        await self.say(BEGINS, "服务时间外来电, 已登记, 不计时", "the office is closed; recorded")
        await self.house.go_to("2026-09-28 10:05")
        first = self.case_id
        await self.report_stay()
        if self.case_id != first:
            raise RuntimeError("one stay is one case")
        await self.say(
            "2026-09-28 10:05", "再次来电, 核实保单", "he calls again, it is the same case"
        )

    async def contact(self) -> None:
        """Tue 29 Sep 11:00: contacted, the list goes out by e-mail."""
        house = self.house
        await house.go_to("2026-09-29 11:00")
        await house.agent.complete(
            self.case_id,
            "first_contact",
            identity_verified=True,
            need="重疾住院, 需垫付押金",
            checklist_sent=True,
        )
        await self.assign_team()
        await house.agent.task(self.case_id, "confirm_documents")
        await self.say(
            "2026-09-29 11:00", "联系客户, 邮件发送资料清单", "contacted, list by e-mail"
        )

    async def decide(self) -> None:
        """Wed 30 Sep the papers are complete; Fri 9 Oct 17:00 liability is confirmed."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-09-30 15:30")
        for paper in ("id_card_front", "diagnosis_proof"):
            await house.agent.upload(case_id, paper)
        await house.agent.complete(case_id, "confirm_documents", complete=True)
        await house.reviewer.task(case_id, "judge_liability")
        await house.go_to("2026-10-09 17:00")
        await house.reviewer.complete(
            case_id,
            "judge_liability",
            approved=True,
            in_scope=True,
            previous_history="none",
            limit=yuan(20_000_000),
            first_deposit=yuan(3_000_000),
            treatment_talk="核对病理与诊断",
        )
        await house.agent.complete(case_id, "tell_result", told_by="phone")
        await house.dispatcher.complete(
            case_id, "arrange_visit", visit_at=house.at("2026-10-10 10:00").isoformat()
        )
        await self.say("2026-10-09 17:00", "确认责任, 额度 200,000.00", "liability confirmed")

    async def pay_deposit(self) -> None:
        """Sat 10 Oct, a make-up working day: 30,000 paid, slip 1 into custody."""
        await self.house.nurse.task(self.case_id, "sign_on_site")
        await self.house.go_to("2026-10-10 10:00")
        await self.sign_at_the_bed()
        await self.keep_slip(1)
        await self.say("2026-10-10 10:00", "交纳押金 30,000.00, 押金单入库", "30,000.00, slip kept")

    async def keep_slip(self, number: int) -> None:
        """The slip is photographed, and handed to whoever keeps it."""
        receipt_no = await self.hand_in_slip(number)
        await self.house.finance.complete(
            self.case_id,
            "keep_slip",
            handed_by=self.house.nurse.subject,
            received_by=self.keeper,
            receipt_no=receipt_no,
        )

    async def top_up(self) -> None:
        """Wed 14 Oct 20:00 an e-mail after hours; Fri 16 Oct verified, then paid."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-10-14 20:00")
        top_up = await self.request_top_up(4_000_000, channel="email")
        await house.go_to("2026-10-15 10:00")
        await house.agent.complete(
            case_id,
            "answer_top_up",
            subject=top_up,
            accepted=True,
            visit_at=house.at("2026-10-16 14:00").isoformat(),
        )
        await house.nurse.task(case_id, "verify_cost", subject=top_up)
        await house.go_to("2026-10-16 14:00")
        await self.verify_and_pay(top_up)
        await self.say(
            "2026-10-16 14:00", "核实费用 27,400.00 后续缴 40,000.00", "verified, then 40,000.00"
        )

    async def verify_and_pay(self, top_up: str) -> None:
        """The hospital's account is read first; only then is more paid."""
        house, case_id = self.house, self.case_id
        image = await house.nurse.upload(case_id, "fee_list")
        await house.nurse.complete(
            case_id,
            "verify_cost",
            subject=top_up,
            incurred=yuan(2_740_000),
            needed=True,
            images=[image],
        )
        image = await house.nurse.upload(case_id, "step_image")
        await house.nurse.complete(case_id, "on_site_top_up", subject=top_up, images=[image])
        await self.keep_slip(2)

    async def leave_hospital(self) -> None:
        """Thu 22 Oct the notice for Fri 23 Oct; 15:00 settled with the slips."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-10-22 11:00")
        await self.notice_discharge("2026-10-23")
        await house.go_to("2026-10-23 09:00")
        await house.finance.complete(
            case_id,
            "give_out_slips",
            handed_by=self.keeper,
            received_by=house.nurse.subject,
        )
        await house.go_to("2026-10-23 15:00")
        await self.discharge(BILL_FEN, "original_invoice", "discharge_summary")
        await self.hospital_refunds(REFUND_FEN)
        await self.say(
            "2026-10-23 15:00", "出院日结算, 账单 61,350.00, 退回 8,650.00", "settled on the day"
        )

    async def be_denied(self) -> None:
        """Mon 26 Oct filed by the company itself; Thu 29 Oct denied."""
        house, case_id = self.house, self.case_id
        await house.insurer.task(case_id, "file_claim")
        await house.go_to("2026-10-26 10:00")
        image = await house.insurer.upload(case_id, "step_image")
        await house.insurer.complete(case_id, "file_claim", images=[image])
        await self.claim_is("filed")
        await house.go_to("2026-10-29 10:00")
        await self.insurer_decides("denied", 0, "undisclosed_history")
        await self.stage_is("repayment")
        await self.say("2026-10-29 10:00", "拒赔, 应归还 61,350.00", "denied: 61,350.00 are owed")

    async def repay_in_parts(self) -> None:
        """30,000 on Tue 10 Nov, the rest on Fri 27 Nov, a day before it is due."""
        await self.house.go_to("2026-11-10 10:00")
        await self.repay(3_000_000, "BANK-1110")
        await self.house.go_to("2026-11-27 10:00")
        await self.repay(3_135_000, "BANK-1127")
        await self.say("2026-11-27 10:00", "客户还清", "the rest is returned")
