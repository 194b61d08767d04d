"""A partner that fails is counted and named in the log, by kind and without a word of an order."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from activities.ports.cases import PaymentOrder, PaymentStatus
from adapters.logs import configure_logs
from adapters.partners.line import PartnerLine
from adapters.partners.payment import PaymentNetwork
from adapters.partners.watch import PartnerWatch
from adapters.servers.processes import free_ports
from domain.waiver import PaymentMode
from tests.adapters.partners.conftest import IMPATIENT, Scripted

ORDER = PaymentOrder(
    movement_id="dw-1:deposit:1",
    case_id="dw-1",
    mode=PaymentMode.QR_CODE,
    hospital_id="h-1",
    amount_fen=5_000_000,
)


def answer(head: str, body: str) -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


FAILURES = {
    "http_503": answer("503 Busy", "{}"),
    "answer_is_no_json": answer("200 OK", "<html>"),
    "answer_of_another_shape": answer("200 OK", "{}"),
    "http_418": answer("418 Teapot", "{}"),
    "RemoteProtocolError": b"",
}


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def test_each_kind_of_failure_is_a_count_and_a_line_that_names_nobody(
    scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_ports(1)
    metrics = PrometheusConfig(bind_address=f"127.0.0.1:{port}")
    runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))  # listens while it is held
    watch = PartnerWatch(runtime.metric_meter)
    configure_logs("INFO")
    for said in FAILURES.values():
        async with (
            scripted(said) as url,
            PartnerLine(url, patience=IMPATIENT, failed=watch.of("payment")) as line,
        ):
            outcome = await PaymentNetwork(line).pay(ORDER)
            assert outcome.status is PaymentStatus.UNKNOWN
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one["partner"], one["kind"]) for one in lines] == [
        ("partner_failed", "payment", kind) for kind in FAILURES
    ]
    assert all(set(one) == {"event", "partner", "kind", "level", "timestamp"} for one in lines)
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    for kind in FAILURES:
        counted = [line for line in shown.splitlines() if f'kind="{kind}"' in line]
        assert [line.rpartition(" ")[2] for line in counted] == ["1"], shown
        assert 'partner="payment"' in counted[0]
        assert counted[0].startswith("greenlane_partner_failures{")
