"""Every failure a caller may see, in one table: its code, its status, its Chinese title.

A route raises `Problem` with a code; the handlers installed in `api.door.errors` write it as
`application/problem+json` (RFC 9457). The `type` of a problem is stable and is what a client
compares; titles and details are for people. No text here ever repeats what the caller sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from domain.matter import CASE, matter_of

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:greenlane:problem:"

RETRY_AFTER_S: Final = 2
"""What 409 in progress, 429 and 503 tell a client to wait; about one restart of a part."""


class Kind(NamedTuple):
    """One row of the table."""

    status: int
    title: str


PROBLEMS: Final[dict[str, Kind]] = {
    "malformed-request": Kind(400, "请求格式无法解析"),
    "idempotency-key-missing": Kind(400, "缺少或无效的 Idempotency-Key"),
    "unauthenticated": Kind(401, "未通过身份验证"),
    "signature-refused": Kind(401, "回调签名未通过验证"),
    "forbidden": Kind(403, "当前角色无权执行此操作"),
    "not-found": Kind(404, "资源不存在"),
    "method-not-allowed": Kind(405, "不支持的请求方法"),
    "not-acceptable": Kind(406, "无法提供所要求的格式"),
    "in-progress": Kind(409, "相同的请求正在处理中"),
    "already-reported": Kind(409, "该次住院已通过其他渠道报案"),
    "task-not-open": Kind(409, "任务已完成或已取消"),
    "task-claimed": Kind(409, "任务已被他人领取"),
    "not-yours": Kind(409, "任务不属于当前人员"),
    "wrong-stage": Kind(409, "案件当前阶段不接受此操作"),
    "documents-missing": Kind(409, "所需资料尚未齐全"),
    "same-person": Kind(409, "须由不同人员处理"),
    "too-late-to-withdraw": Kind(409, "已开始代缴, 不能再撤销"),
    "letter-not-open": Kind(409, "来信已处理或仍在自动处理"),
    "event-id-reused": Kind(409, "事件编号已用于内容不同的事件"),
    "entitlement-used-up": Kind(409, "该服务现在没有可用的次数"),
    "slot-taken": Kind(409, "该时段已被他人预约"),
    "cancelling-refused": Kind(409, "按服务条款不能取消"),
    "cancelling-costs": Kind(409, "现在取消将视为服务已使用"),
    "policy-over": Kind(409, "保单已经终止"),
    "case-ended": Kind(409, "案件已结束"),
    "refused": Kind(409, "操作被拒绝"),
    "too-large": Kind(413, "内容超出大小限制"),
    "unsupported-media-type": Kind(415, "不支持的内容类型"),
    "invalid": Kind(422, "字段内容不符合要求"),
    "idempotency-key-reused": Kind(422, "Idempotency-Key 已用于另一内容"),
    "unknown-programme": Kind(422, "服务项目不存在"),
    "unknown-policy": Kind(422, "保单不存在"),
    "unknown-hospital": Kind(422, "医院不存在"),
    "plan-out-of-range": Kind(422, "方案金额超出范围"),
    "amount-out-of-range": Kind(422, "金额超出应有范围"),
    "mode-not-available": Kind(422, "该医院不支持此付款方式"),
    "amount-mismatch": Kind(422, "金额或币种与原交易不一致"),
    "unknown-document": Kind(422, "所列文件不属于本案件"),
    "too-many-requests": Kind(429, "请求过于频繁"),
    "internal": Kind(500, "系统内部错误"),
    "case-stopped": Kind(503, "案件流程中断, 恢复后可用同一键重试"),
    "unavailable": Kind(503, "服务暂时不可用, 请稍后用同一键重试"),
}

REFUSALS: Final[dict[str, str]] = {
    "TaskNotOpen": "task-not-open",
    "NotYours": "not-yours",
    "WrongStage": "wrong-stage",
    "DocumentsMissing": "documents-missing",
    "PlanOutOfRange": "plan-out-of-range",
    "AmountOutOfRange": "amount-out-of-range",
    "ModeNotAvailable": "mode-not-available",
    "TooLateToWithdraw": "too-late-to-withdraw",
    "SamePerson": "same-person",
    "FormRefused": "invalid",
    "CancellingRefused": "cancelling-refused",
    "CancellingCosts": "cancelling-costs",
    "SlotTaken": "slot-taken",
}
"""The case's own refusals of an update, by the stable code it gives them."""


class FieldError(BaseModel):
    """One field and what is wrong with it."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(examples=["insured.id_number"])
    reason: str = Field(examples=["身份证号码校验位不正确"])


class ProblemDocument(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(examples=["urn:greenlane:problem:wrong-stage"])
    title: str = Field(examples=["案件当前阶段不接受此操作"])
    status: int = Field(examples=[409])
    detail: str = ""
    instance: str = ""
    request_id: str = ""
    case_id: str | None = None
    errors: list[FieldError] = []
    missing: list[str] | None = Field(
        default=None,
        examples=[["id_card_front", "e_policy"]],
        description="尚缺内容的代码, 如资料种类",
    )


class Problem(Exception):
    """A failure with a place in the table."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        case_id: str | None = None,
        headers: dict[str, str] | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.kind = PROBLEMS[code]
        self.title = _of_matter(self.kind.title, case_id)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.case_id = case_id
        self.missing = list(missing)
        self.headers = dict(headers or {})
        if self.kind.status in (429, 503) or code == "in-progress":
            self.headers.setdefault("Retry-After", str(RETRY_AFTER_S))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    def document(self, *, instance: str, request_id: str) -> ProblemDocument:
        """The body that is sent."""
        return ProblemDocument(
            type=TYPE_PREFIX + self.code,
            title=self.title,
            status=self.kind.status,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
            case_id=self.case_id,
            errors=self.errors,
            missing=self.missing or None,
        )


def _of_matter(title: str, matter_id: str | None) -> str:
    """The title in the word of the matter it is about: a booking is no case."""
    return title if matter_id is None else title.replace(CASE.name, matter_of(matter_id).name)


def at_field(code: str, field: str, reason: str, *, case_id: str | None = None) -> Problem:
    """A problem with one field, which it names."""
    return Problem(code, reason, errors=[FieldError(field=field, reason=reason)], case_id=case_id)


def refusal(
    code: str | None, text: str, field: str, *, case_id: str, missing: Sequence[str] = ()
) -> Problem:
    """What the case said to an update it did not accept; `missing` are codes."""
    mapped = REFUSALS.get(code or "", "refused")
    errors = [FieldError(field=field, reason=text)] if field else []
    return Problem(mapped, text, errors=errors, case_id=case_id, missing=missing)


_BY_STATUS: Final[dict[int, str]] = {
    400: "malformed-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-requests",
    503: "unavailable",
}


def of_status(status: int, headers: dict[str, str] | None = None) -> Problem:
    """The problem for a status the web framework itself answered with."""
    fallback = "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "malformed-request"
    return Problem(_BY_STATUS.get(status, fallback), headers=headers)
