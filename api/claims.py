"""`POST /v1/claims`: a claim that follows no advance, under a programme's claim services (P21).

Who may ask, what is written down and what happens when a server is away is as for any report; what
becomes of it is seen where cases are seen.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.docs import FAILURES
from api.idempotency import IdempotencyKey
from api.identity import Caller, allowed
from api.reporting import CaseOpened, Report, open_case
from api.text import BookableMoney, Code, example
from domain.waiver import Role

routes = APIRouter(prefix="/v1", tags=["理赔服务"])


class ClaimReport(Report):
    """A claim: the service it is asked under, and the amounts of an electronic bill if there is."""

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

    @property
    def claim_service(self) -> str | None:
        """The claim service that is asked for."""
        return self.service

    def elements(self) -> dict[str, bool | int | str]:
        """Diagnosis and amounts as stated."""
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
