"""The OpenAPI document, fuzzed over real HTTP: whatever comes in, no answer is a 5xx.

A bounded run each time; FUZZ_EXAMPLES in the environment asks for a longer one (`make soak`).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import hypothesis
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck

from adapters.identity import mint
from tests.api.conftest import House

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
ROLES = ["agent", "customer", "channel", "supervisor", "reviewer", "nurse", "finance"]


@pytest.mark.slow
@pytest.mark.timeout(3600 if EXAMPLES > 20 else 170)
async def test_no_input_of_the_document_is_answered_with_a_5xx(house: House) -> None:
    token = mint(house.settings, subject="fuzz-1", roles=ROLES, channel="fuzz")
    port = house.settings.api_port
    config = uvicorn.Config(
        house.app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        answered, wrong = await asyncio.to_thread(fuzz, f"http://127.0.0.1:{port}", token)
    finally:
        server.should_exit = True
        await serving
    assert wrong == []
    assert answered > EXAMPLES * 20


def fuzz(address: str, token: str) -> tuple[int, list[str]]:
    """How many requests were answered, and which operations answered 5xx."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    wrong: list[str] = []
    answered = 0
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if operation.path == "/readyz":
            continue  # 503 is its honest answer
        count, bad = fuzz_operation(operation, token)
        answered += count
        wrong += bad
    return answered, wrong


def fuzz_operation(operation: Any, token: str) -> tuple[int, list[str]]:
    seen: list[str] = []
    count = 0

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def knock(case: Any) -> None:
        nonlocal count
        case.headers = dict(case.headers or {})
        case.headers["Authorization"] = f"Bearer {token}"
        if case.method == "POST" and count % 5:
            case.headers["Idempotency-Key"] = f"fuzz-{operation.label}-{count}".replace(" ", "")
        answer = case.call()
        count += 1
        if answer.status_code >= 500:
            seen.append(f"{operation.label}: {answer.status_code} {case.as_curl_command()}")

    knock()
    return count, seen[:3]
