"""The OpenAPI document, fuzzed over real HTTP: whatever comes in, no answer is a 5xx.

Well-formed and malformed input alike. Ids that exist are put in most of the time, and callbacks
are signed, so that the fuzz gets past the door's first guards. A bounded run each time;
FUZZ_EXAMPLES in the environment asks for a longer one.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.generation import GenerationMode

from adapters.identity import mint
from tests.api.conftest import HOSPITAL, PERSON, PROGRAMME, House, listening
from tests.api.test_callbacks import signed

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
ROLES = ["agent", "customer", "channel", "supervisor", "reviewer", "nurse", "finance"]
AT_THE_BED = ["hospital_staff", "hospital_nurse", "hospital_doctor", "hospital_duty"]
HONEST_503 = "/readyz"


@dataclass
class Fuzz:
    """One run: where the door is, what exists there, and what it answered."""

    address: str
    token: str
    secret: str
    case_id: str
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self) -> None:
        schema = schemathesis.openapi.from_url(f"{self.address}/openapi.json")
        for found in schema.get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]
            if operation.path == HONEST_503:
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self.knock(operation, mode)

    def knock(self, operation: Any, mode: GenerationMode) -> None:
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            number = self.statuses.total()
            self.make_real(case, number)
            answer = self.send(case)
            self.statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                self.wrong.append(f"{operation.label}: {case.body!r} {case.path_parameters!r}")

        try:
            one()
        except (hypothesis.errors.Unsatisfiable, schemathesis.errors.SchemathesisError):
            return  # an operation without any input cannot be given a wrong one

    def make_real(self, case: Any, number: int) -> None:
        headers = dict(case.headers or {})
        headers["Authorization"] = f"Bearer {self.token}"
        if number % 7:
            headers["Idempotency-Key"] = f"fuzz-{number}"
        case.headers = headers
        parameters = case.path_parameters or {}
        if number % 4 and "case_id" in parameters:
            parameters["case_id"] = self.case_id
        if isinstance(case.body, dict) and number % 3:
            known = {"programme": PROGRAMME, "hospital_id": HOSPITAL}
            case.body.update({name: known[name] for name in known if name in case.body})
            insured = case.body.get("insured")
            if isinstance(insured, dict):
                insured |= {"id_type": "resident_id", "id_number": PERSON}

    def send(self, case: Any) -> Any:
        if "/callbacks/" not in case.path:
            return case.call()
        partner = (case.path_parameters or {}).get("partner", "payment")
        body = json.dumps(case.body, default=str).encode()
        event = f"evt-{self.statuses.total()}"
        headers = signed(self.secret, event, body, datetime.now(UTC))
        url = f"{self.address}/v1/callbacks/{partner if str(partner).isalnum() else 'claims'}"
        return httpx.post(url, content=body, headers=headers, trust_env=False)


@pytest.mark.slow
@pytest.mark.timeout(3600 if EXAMPLES > 20 else 170)
async def test_no_input_of_the_document_is_answered_with_a_5xx(worked: House) -> None:
    token = mint(
        worked.settings,
        subject="fuzz-1",
        roles=ROLES + AT_THE_BED,
        channel="fuzz",
        hospital=HOSPITAL,
    )
    opened = await worked.report()
    async with listening(worked) as address:
        fuzz = Fuzz(
            address=address,
            token=token,
            secret=worked.settings.simulator_secret,
            case_id=opened.json()["case_id"],
        )
        await asyncio.to_thread(fuzz.run)
    assert fuzz.wrong == []
    assert fuzz.statuses.total() > EXAMPLES * 20
    assert {200, 404, 422} <= set(fuzz.statuses)
