"""What every operation of the OpenAPI document says about its failures."""

from __future__ import annotations

from typing import Any, Final

from api.problems import MEDIA_TYPE, ProblemDocument


def _failure(description: str) -> dict[str, Any]:
    return {"description": description, "model": ProblemDocument}


FAILURES: Final[dict[int | str, dict[str, Any]]] = {
    400: _failure("请求无法解析, 或缺少 Idempotency-Key"),
    401: _failure("未通过身份验证"),
    403: _failure("角色无权执行"),
    404: _failure("不存在, 或不属于调用方"),
    409: _failure("与案件当前状态冲突, 或相同请求正在处理"),
    413: _failure("内容过大"),
    422: _failure("字段不符合要求, 或键已用于其他内容"),
    503: _failure("暂时不可用, 见 Retry-After"),
}
"""The problems any operation may answer with."""


def as_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Give every failure of a document the media type of problem documents."""
    for path in schema.get("paths", {}).values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            for status, response in operation.get("responses", {}).items():
                content = response.get("content", {})
                if status[0] in "45" and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return schema
