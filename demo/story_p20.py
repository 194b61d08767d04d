"""Story 3, the direct pay (P20): booked ahead, signed at admission, the balance paid at discharge.

Five working days lie between the booking and the admission. Who refuses to sign, or does not come,
has used the service up.
"""

from __future__ import annotations

from demo.hands import Hands
from demo.house import Guest, House
from demo.people import Answer, yuan
from demo.telling import Say, silently

GUEST = Guest(
    programme="ins_oncology",
    hospital_id="h-55cua2px4ktp7ppw",  # 浙江大学医学院附属第一医院, in Hangzhou
    disease="breast_cancer",
    policy="oncology,1000000.00,0.00,individual,2019-01-01,2099-12-31",
)
BEGINS = "2026-09-14 09:00"
DEPOSIT_FEN = 6_000_000
COVERED_FEN = 14_450_000
BILL_FEN = 14_832_055


class StoryP20(Hands):
    """The story, scene by scene."""

    def __init__(self, house: House, say: Say = silently) -> None:
        super().__init__(house)
        self.say = say

    def a_report(self) -> Answer:
        """Booked for Wednesday 23 September, with what is known of the diagnosis."""
        return super().a_report() | {
            "planned_admission": self.day("2026-09-23"),
            "declared": {"diagnosis": "confirmed", "is_first_diagnosis": True},
        }

    async def tell(self) -> None:
        """From the booking to the closed books."""
        await self.book()
        await self.authorise()
        await self.admit()
        await self.leave_hospital()
        await self.claim()

    async def book(self) -> None:
        """Mon 14 Sep: booked, papers handed in; without either of two of them nothing goes on."""
        house, case_id = self.house, self.case_id
        await self.report_stay()
        case_id = self.case_id
        await house.agent.complete(
            case_id,
            "first_contact",
            identity_verified=True,
            need="住院直付",
            checklist_sent=True,
        )
        await self.assign_team()
        await house.agent.task(case_id, "confirm_documents")
        await self.say(BEGINS, f"预约住院直付, 案件 {case_id}", "direct pay is booked")

    async def authorise(self) -> None:
        """Pathology report and record book copied; the insurer authorises up to 200,000."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-09-14 15:00")
        await self.hand_in("pathology_report", "record_book_copy")
        await house.agent.complete(case_id, "confirm_documents", complete=True)
        await house.go_to("2026-09-16 10:00")
        await house.insurer.complete(
            case_id,
            "judge_liability",
            approved=True,
            in_scope=True,
            previous_history="none",
            limit=yuan(20_000_000),
            first_deposit=yuan(DEPOSIT_FEN),
            treatment_talk="核对病理报告",
        )
        await house.agent.complete(case_id, "tell_result", told_by="phone")
        await house.dispatcher.complete(
            case_id, "arrange_visit", visit_at=house.at("2026-09-23 09:00").isoformat()
        )
        await house.nurse.task(case_id, "sign_on_site")
        await self.say(
            "2026-09-16 10:00", "保险公司授权, 安排入院当天直付", "authorised by the insurer"
        )

    async def admit(self) -> None:
        """Wed 23 Sep 09:00: authorisation signed, 60,000 paid directly."""
        await self.house.go_to("2026-09-23 09:00")
        await self.sign_at_the_bed()
        await self.hand_in_slip(1)
        await self.say(
            "2026-09-23 09:00", "签署授权书, 直付押金 60,000.00", "60,000.00 paid directly"
        )

    async def leave_hospital(self) -> None:
        """Fri 9 Oct: bill 148,320.55, covered 144,500.00; the insurer pays 84,500.00 more."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-10-08 10:00")
        await self.notice_discharge("2026-10-09")
        await house.go_to("2026-10-09 10:00")
        await self.discharge(BILL_FEN, "original_invoice", "discharge_summary")
        await house.insurer.complete(case_id, "settle_balance", covered=yuan(COVERED_FEN))
        await house.agent.task(case_id, "file_claim")
        await self.say(
            "2026-10-09 10:00", "出院直付余款 84,500.00, 客户自付 3,820.55", "84,500.00 more paid"
        )

    async def claim(self) -> None:
        """The claim is filed the same day; what is covered offsets what was paid."""
        house, case_id = self.house, self.case_id
        image = await house.agent.upload(case_id, "step_image")
        await house.agent.complete(case_id, "file_claim", images=[image])
        await self.claim_is("filed")
        await house.go_to("2026-10-12 10:00")
        await self.insurer_decides("approved", COVERED_FEN)
        await self.say("2026-10-12 10:00", "理赔金抵扣 144,500.00", "the claim offsets all of it")
