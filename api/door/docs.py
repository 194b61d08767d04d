"""What every operation of the OpenAPI document says about its failures."""

from __future__ import annotations

from typing import Any, Final

from api.door.problems import MEDIA_TYPE, PROBLEMS, Problem, ProblemDocument

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replay"


def _failure(status: int, *codes: str) -> dict[str, Any]:
    """One status with an example of each of its problems."""
    examples = {
        code: {
            "summary": PROBLEMS[code].title,
            "value": Problem(code)
            .document(instance="/v1/deposit-waivers", request_id="req-5f0c8a1b2c3d4e5f")
            .model_dump(exclude_none=True),
        }
        for code in codes
        if PROBLEMS[code].status == status
    }
    return {
        "description": " / ".join(PROBLEMS[code].title for code in codes),
        "model": ProblemDocument,
        "content": {MEDIA_TYPE: {"examples": examples}},
    }


FAILURES: Final[dict[int | str, dict[str, Any]]] = {
    400: _failure(400, "malformed-request", "idempotency-key-missing"),
    401: _failure(401, "unauthenticated"),
    403: _failure(403, "forbidden"),
    404: _failure(404, "not-found"),
    409: _failure(409, "in-progress", "wrong-stage", "task-not-open", "task-claimed"),
    413: _failure(413, "too-large"),
    415: _failure(415, "unsupported-media-type"),
    422: _failure(422, "invalid", "idempotency-key-reused"),
    503: _failure(503, "unavailable"),
}
"""The problems any operation may answer with."""


def as_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Give every failure of a document the media type of problem documents."""
    for path in schema.get("paths", {}).values():
        for operation in path.values():
            if not isinstance(operation, dict):
                continue
            for parameter in operation.get("parameters", []):
                if parameter["name"] == KEY_HEADER:
                    # Optional only to us: without it the answer is our own problem document.
                    parameter |= {"required": True, "schema": {"type": "string"}}
            for status, response in operation.get("responses", {}).items():
                content = response.get("content", {})
                if status[0] in "45" and "application/json" in content:
                    content.setdefault(MEDIA_TYPE, {}).update(content.pop("application/json"))
                elif status[0] == "2" and _takes_a_key(operation):
                    response.setdefault("headers", {})[REPLAYED] = {
                        "description": "重放时为 true: 这是首次答复",
                        "schema": {"type": "string"},
                    }
    return schema


def _takes_a_key(operation: dict[str, Any]) -> bool:
    return any(one.get("name") == KEY_HEADER for one in operation.get("parameters", []))
