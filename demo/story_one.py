"""Story 1, 客户某甲: lung cancer, a limit of 500,000, Labour Day and Dragon Boat (P01).

The scenes in their order, each at its minute, each done by the person whose part it is, through
the door. The amounts and the endings can be varied; the variations of the specification (1b refund,
1c denial, 1d claim never filed) are this story with another `Ending`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demo.hands import Hands
from demo.house import HOSPITAL_ID, PROGRAMME, House
from demo.people import Answer, yuan
from demo.telling import Say, silently

BEGINS: Final = "2026-04-29 20:05"
PAPERS: Final = (
    "id_card_front",
    "id_card_back",
    "diagnosis_proof",
    "admission_slip",
    "pathology_report",
)

CLAIM_PAPERS: Final = ("fee_list", "discharge_summary")
CONFIRMS_AFTER: Final = 4.0
"""Real seconds until the hospital's finance office confirms; enough for the story to move on."""


@dataclass(frozen=True)
class Ending:
    """How the money ends; amounts in fen."""

    bill_fen: int = 50_000_000
    decision: str = "approved"
    payable_fen: int = 50_000_000
    files_claim: bool = True


class StoryOne(Hands):
    """The story, scene by scene."""

    def __init__(self, house: House, say: Say = silently, ending: Ending | None = None) -> None:
        super().__init__(house)
        self.say = say
        self.ending = ending or Ending()

    async def tell(self) -> None:
        """From the question to the closed books."""
        await self.ask()
        await self.report()
        await self.authorise()
        await self.judge()
        await self.admit()
        await self.first_top_up()
        await self.surgery()
        await self.middle_top_ups()
        await self.last_top_up()
        await self.leave_hospital()
        await self.settle()

    def a_report(self) -> Answer:
        """The report names the day he is to be admitted."""
        return super().a_report() | {"planned_admission": self.day("2026-05-06")}

    # Before the hospital -------------------------------------------------------------------------

    async def ask(self) -> None:
        """29 April 20:05: does he qualify? Answered at once, and no case is opened."""
        question = {
            "programme": PROGRAMME,
            "insured": {"id_type": "resident_id", "id_number": self.house.id_number},
            "hospital_id": HOSPITAL_ID,
            "disease": "lung_cancer",
            "planned_admission": self.day("2026-05-06"),
        }
        self.answer = await self.house.channel.do("/v1/eligibility-checks", question)
        await self.say(
            BEGINS,
            f"资格查询: {self.answer['outcome_name']}, 未开案",
            "asks whether he qualifies; no case is opened",
        )

    async def report(self) -> None:
        """20:10 the report; 20:32 contacted, list sent, team of three complete."""
        house = self.house
        await house.go_to("2026-04-29 20:10")
        await self.report_stay()
        await self.say(
            "2026-04-29 20:10",
            f"报案, 案件 {self.case_id}",
            "reports his stay",
        )
        await house.agent.task(self.case_id, "first_contact")
        await house.go_to("2026-04-29 20:32")
        await house.agent.complete(
            self.case_id,
            "first_contact",
            identity_verified=True,
            need="住院押金",
            checklist_sent=True,
        )
        await house.dispatcher.complete(
            self.case_id,
            "assign_team",
            agent_id=house.agent.subject,
            nurse_id=house.nurse.subject,
            doctor_id="doctor-11",
        )
        await self.say(
            "2026-04-29 20:32",
            "客服联系客户并发送资料清单, 三人服务团队确认",
            "contacted, list of papers sent, team of three complete",
        )

    async def authorise(self) -> None:
        """21:40: the customer signs in WeChat and photographs his papers."""
        house = self.house
        await house.customer.task(self.case_id, "sign_authorization")
        await house.go_to("2026-04-29 21:40")
        signature = await house.customer.upload(self.case_id, "authorisation")
        await house.customer.do(
            f"/v1/deposit-waivers/{self.case_id}/authorization",
            {"signed": True, "images": [signature]},
        )
        for paper in PAPERS:
            await house.customer.upload(self.case_id, paper)
        await self.say(
            "2026-04-29 21:40",
            "客户签署委托授权, 上传身份证与病理报告",
            "authorisation signed, papers photographed",
        )

    async def judge(self) -> None:
        """30 April: papers complete, the expert's opinion, customer told, visit arranged."""
        house, case_id = self.house, self.case_id
        await house.agent.task(case_id, "confirm_documents")
        await house.go_to("2026-04-30 11:20")
        await house.agent.complete(case_id, "confirm_documents", complete=True)
        await house.reviewer.complete(
            case_id,
            "judge_liability",
            approved=True,
            in_scope=True,
            previous_history="none",
            limit=yuan(50_000_000),
            first_deposit=yuan(5_000_000),
            treatment_talk="与主治医生沟通合理治疗方案",
        )
        await self.say(
            "2026-04-30 11:20",
            "专家判责: 责任范围内, 额度 500,000.00, 首笔 50,000.00",
            "the expert: in scope, limit 500,000.00",
        )
        await house.agent.task(case_id, "tell_result")
        await house.go_to("2026-04-30 16:00")
        await house.agent.complete(case_id, "tell_result", told_by="phone")
        await house.dispatcher.complete(
            case_id,
            "arrange_visit",
            visit_at=house.at("2026-05-06 08:40").isoformat(),
            payment_mode="inhouse_specialist",
        )
        await self.say(
            "2026-04-30 16:00",
            "告知客户结果, 安排住院当日上门",
            "the customer is told, a visit arranged",
        )

    # In hospital ---------------------------------------------------------------------------------

    async def admit(self) -> None:
        """6 May 08:40: agreements signed at the bed, 50,000 paid, slip photographed."""
        house, case_id = self.house, self.case_id
        await house.nurse.task(case_id, "sign_on_site")
        await house.go_to("2026-05-06 08:40")
        image = await house.nurse.upload(case_id, "step_image")
        await house.nurse.complete(case_id, "sign_on_site", agreements_signed=True, images=[image])
        await self.hand_in_slip(1)
        await self.care("admission_formalities", ["admission_formalities"], "协助办理住院手续")
        await self.say(
            "2026-05-06 08:40",
            "护士到院, 专员代缴押金 50,000.00",
            "a nurse at the bed, first deposit 50,000.00 paid",
        )

    async def first_top_up(self) -> None:
        """8 May 19:00 asked, answered in time; 9 May, a make-up working day, paid on site."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-05-08 19:00")
        top_up = await self.request_top_up(10_000_000)
        await house.go_to("2026-05-08 19:12")
        await house.agent.complete(
            case_id,
            "answer_top_up",
            subject=top_up,
            accepted=True,
            payment_mode="inhouse_specialist",
            visit_at=house.at("2026-05-09 10:00").isoformat(),
        )
        await self.say(
            "2026-05-08 19:12",
            "申请续费 100,000.00, 12分钟内答复",
            "asks for 100,000.00 more, answered in 12 minutes",
        )
        await house.nurse.task(case_id, "on_site_top_up")
        await house.go_to("2026-05-09 10:15")
        image = await house.nurse.upload(case_id, "step_image")
        await house.nurse.complete(case_id, "on_site_top_up", images=[image])
        await self.hand_in_slip(2)
        await self.say(
            "2026-05-09 10:15",
            "调休工作日到院续费 100,000.00, 累计 150,000.00",
            "paid on a make-up Saturday, 150,000.00 so far",
        )

    async def surgery(self) -> None:
        """11 May: surgery; the nurse helps with the formalities and visits."""
        await self.house.go_to("2026-05-11 09:30")
        surgery_on = self.day("2026-05-11")
        await self.care(
            "bedside_visit", ["communication", "bedside_visit"], "术前沟通与探望", surgery_on
        )
        await self.care("surgery_formalities", ["surgery_formalities"], "协助办理手术手续")
        await self.say(
            "2026-05-11 09:30",
            "手术日: 沟通、探望、协助办理手术手续",
            "surgery: the nurse helps and visits",
        )

    async def middle_top_ups(self) -> None:
        """18 May paid online; 5 June asked, 8 June paid by a code at the desk."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-05-18 10:00")
        top_up = await self.request_top_up(15_000_000)
        await house.go_to("2026-05-18 10:20")
        # The hospital's finance office takes its time: accepted at once, confirmed by callback.
        await house.fault("payment", "pay", "answer_late", times=1, seconds=CONFIRMS_AFTER)
        await self.answer_top_up(top_up, "hospital_online")
        await self.payment_is(f"{case_id}:deposit:3", "pending")
        await house.go_to("2026-05-18 10:35")
        await self.hand_in_slip(3)
        await self.say(
            "2026-05-18 10:35",
            "线上续费 150,000.00, 累计 300,000.00",
            "150,000.00 paid online, 300,000.00 so far",
        )

        await house.go_to("2026-06-05 22:15")
        top_up = await self.request_top_up(15_000_000)
        await house.go_to("2026-06-05 22:30")
        await self.answer_top_up(top_up, "qr_code")
        movement = f"{case_id}:deposit:4"
        await self.payment_is(movement, "pending")
        await self.say(
            "2026-06-05 22:30",
            "申请续费 150,000.00, 付款码已生成",
            "asks for 150,000.00, to be paid by a code",
        )
        await house.go_to("2026-06-08 09:20")
        await house.partner(f"/payment/v1/payments/{movement}/scan", {})
        await self.hand_in_slip(4)
        await self.say(
            "2026-06-08 09:20",
            "扫码续费 150,000.00, 累计 450,000.00",
            "the code is scanned, 450,000.00 so far",
        )

    async def last_top_up(self) -> None:
        """18 June: 60,000 would pass the limit; 50,000 is offered, and paid on the 22nd."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-06-18 15:00")
        top_up = await self.request_top_up(6_000_000)
        await self.answer_top_up(top_up, "inhouse_specialist", visit_at="2026-06-22 10:00")
        await house.customer.complete(case_id, "accept_offer", subject=top_up, accepted=True)
        await self.say(
            "2026-06-18 15:00",
            "申请 60,000.00 超出额度, 提供并接受 50,000.00",
            "60,000.00 would pass the limit; 50,000.00 offered, accepted",
        )
        await house.nurse.task(case_id, "on_site_top_up")
        await house.go_to("2026-06-22 10:00")
        image = await house.nurse.upload(case_id, "step_image")
        await house.nurse.complete(case_id, "on_site_top_up", images=[image])
        await self.hand_in_slip(5)
        await self.say(
            "2026-06-22 10:00",
            "到院续费 50,000.00, 累计恰为 500,000.00",
            "paid: exactly the limit, 500,000.00",
        )

    async def leave_hospital(self) -> None:
        """23 June the notice; 25 June the nurse accompanies the discharge."""
        house, case_id = self.house, self.case_id
        await house.go_to("2026-06-23 14:00")
        await house.customer.do(
            f"/v1/deposit-waivers/{case_id}/discharge-notices",
            {"discharge_on": self.day("2026-06-25")},
        )
        await self.say(
            "2026-06-23 14:00",
            "通知两天后出院",
            "discharge in two days",
        )
        await house.nurse.task(case_id, "discharge_visit")
        await house.go_to("2026-06-25 11:00")
        images = [await house.nurse.upload(case_id, "original_invoice")]
        images += [await house.nurse.upload(case_id, kind) for kind in CLAIM_PAPERS]
        await house.nurse.complete(
            case_id,
            "discharge_visit",
            bill=yuan(self.ending.bill_fen),
            claim_explained=True,
            documents_collected=self.ending.files_claim,
            images=images,
        )
        await self.say(
            "2026-06-25 11:00",
            f"陪同出院, 账单 {self.ending.bill_fen / 100:,.2f}",
            "discharged, the nurse beside him",
        )

    # The end of the money ------------------------------------------------------------------------

    async def settle(self) -> None:
        """The refund if there is one, the claim, the decision, and what follows from it."""
        await self.refund()
        if self.ending.files_claim:
            await self.file_claim()
            await self.decide()

    async def refund(self) -> None:
        """The hospital returns unused deposit to the payer."""
        left_fen = 50_000_000 - self.ending.bill_fen
        if left_fen == 0:
            return
        await self.house.finance.task(self.case_id, "confirm_refund")
        await self.house.partner(
            "/payment/v1/refunds",
            {
                "refund_id": f"refund-{self.case_id}",
                "movement_id": f"{self.case_id}:deposit:1",
                "amount": yuan(left_fen),
            },
        )
        await self.say(
            "2026-06-25 11:00",
            "医院将未用押金退回付款方",
            "the hospital returns unused deposit to the payer",
        )

    async def file_claim(self) -> None:
        """26 June 10:00: the service staff file the claim."""
        house, case_id = self.house, self.case_id
        await house.agent.task(case_id, "file_claim")
        await house.go_to("2026-06-26 10:00")
        image = await house.agent.upload(case_id, "step_image")
        await house.agent.complete(case_id, "file_claim", images=[image])
        await self.claim_is("filed")
        await self.say(
            "2026-06-26 10:00",
            "代为提交理赔申请",
            "the claim is filed for him",
        )

    async def decide(self) -> None:
        """29 June: the insurer decides."""
        await self.house.go_to("2026-06-29 10:00")
        decision = {
            "decision": self.ending.decision,
            "payable": yuan(self.ending.payable_fen),
            "reason_code": "" if self.ending.decision == "approved" else "undisclosed_history",
        }
        await self.house.partner(f"/claims/v1/claims/{self.case_id}:claim/decision", decision)
        await self.claim_is(self.ending.decision)
        await self.say(
            "2026-06-29 10:00",
            f"理赔审核 {self.ending.decision}",
            "the insurer decides",
        )
