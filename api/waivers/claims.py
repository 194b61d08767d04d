"""`POST /v1/claims`: a claim that follows no advance, under a programme's claim services (P21).

Who may ask, what is written down and what happens when a server is away is as for any report; what
becomes of it is seen where cases are seen.
"""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import Field, model_validator

from api.door.consent import Consent
from api.door.docs import FAILURES
from api.door.idempotency import IdempotencyKey
from api.door.identity import Caller, allowed
from api.door.text import BookableMoney, Code, example
from api.waivers.reporting import CaseOpened, ReportOfStay, open_case
from domain.roles import Role
from domain.strict import said
from workflows.messages.cases import ClaimAsked

routes = APIRouter(prefix="/v1", tags=["理赔服务"])


class ClaimReport(ReportOfStay):
    """A claim: the service it is asked under, and the bill it is about if there is one.

    One that staff open unasked has no consent yet; its first step asks the customer.
    """

    model_config = example(
        programme="china_life_claims",
        service="ci_one_day_payout",
        hospital_id="h-110100-0001",
        insured={
            "name": "客户某甲",
            "id_type": "resident_id",
            "id_number": "110101199003070732",
            "phone": "13800138000",
        },
        disease="colorectal_cancer",
        channel="app",
        declared={"diagnosis": "confirmed"},
        consent={"given": True, "at": "2026-04-13T09:00:00+08:00", "version": "v2026_01"},
        customer_id="customer-1",
    )

    service: Code
    bill: BookableMoney | None = None
    social_paid: BookableMoney | None = None
    self_pay: BookableMoney | None = None
    bill_no: str = Field(
        default="", pattern=r"^[A-Za-z0-9-]{0,40}$", max_length=40, description="医疗电子票据号码"
    )
    branch: Code | None = Field(default=None, description="领取理赔金的网点; 全国通赔")
    proactive: bool = Field(default=False, description="服务人员主动发起, 首个步骤征询客户")
    consent: Consent | None = None

    @model_validator(mode="after")
    def _agreed_or_offered(self) -> Self:
        if (self.consent is None) != self.proactive:
            raise said("客户申请须有授权同意; 主动理赔由首个步骤征询客户")
        return self

    @property
    def agreed(self) -> Consent | None:
        """The customer's consent; None for a claim that is offered."""
        return self.consent

    def asked(self) -> ClaimAsked:
        """The claim with diagnosis and amounts as stated."""
        return ClaimAsked(
            service=self.service,
            elements=self._elements(),
            proactive=self.proactive,
            bill_no=self.bill_no,
            branch=self.branch or "",
        )

    def _elements(self) -> dict[str, bool | int | str]:
        amounts = {
            name: money.fen
            for name in ("bill", "social_paid", "self_pay")
            if (money := getattr(self, name)) is not None
        }
        diagnosis = self.declared.diagnosis if self.declared else None
        return {**amounts, **({"diagnosis": diagnosis} if diagnosis else {})}


@routes.post(
    "/claims",
    operation_id="file_claim",
    summary="理赔申请",
    status_code=201,
    response_model=CaseOpened,
    responses={
        **FAILURES,
        200: {"description": "同一申请已登记, 返回原案件", "model": CaseOpened},
        202: {"description": "已登记, 正在受理; 用同一键查询", "model": CaseOpened},
    },
)
async def file_claim(
    body: ClaimReport,
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Role.CHANNEL, Role.CUSTOMER, Role.AGENT))],
    key: IdempotencyKey = None,
) -> Response:
    """Open a claim, or find the one that runs already."""
    return await open_case(body, request, caller, key)
