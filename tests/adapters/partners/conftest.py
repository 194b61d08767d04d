"""The wires, each against the simulator over HTTP, and a partner that answers what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from adapters.partners.claims import ClaimsCore
from adapters.partners.courier import CourierNetwork, Laboratory
from adapters.partners.dispatch import NursePlatform
from adapters.partners.hospitals import HospitalDesk
from adapters.partners.line import PartnerLine
from adapters.partners.messaging import MessageGateway
from adapters.partners.payment import PaymentNetwork
from tests.adapters.partners.people import contact_of, patient_of
from tests.simulator_process import Simulator, listener, listening, simulator, simulator_process

__all__ = ["listener", "listening", "simulator", "simulator_process"]

IMPATIENT = httpx.Timeout(connect=1.0, read=0.4, write=1.0, pool=1.0)
"""Tests of silence should not take the six seconds a cashier gets."""

Scripted = Callable[[bytes], AbstractAsyncContextManager[str]]


@pytest.fixture
async def payments(simulator: Simulator) -> AsyncIterator[PaymentNetwork]:
    async with PartnerLine(f"{simulator.url}/payment/v1", patience=IMPATIENT) as line:
        yield PaymentNetwork(line)


@pytest.fixture
async def nurses(simulator: Simulator) -> AsyncIterator[NursePlatform]:
    async with PartnerLine(f"{simulator.url}/nurse/v1", patience=IMPATIENT) as line:
        yield NursePlatform(line, contact_of=contact_of)


@pytest.fixture
async def messages(simulator: Simulator) -> AsyncIterator[MessageGateway]:
    async with PartnerLine(f"{simulator.url}/message/v1", patience=IMPATIENT) as line:
        yield MessageGateway(line)


@pytest.fixture
async def claims(simulator: Simulator) -> AsyncIterator[ClaimsCore]:
    async with PartnerLine(f"{simulator.url}/claims/v1", patience=IMPATIENT) as line:
        yield ClaimsCore(line)


@pytest.fixture
async def courier(simulator: Simulator) -> AsyncIterator[CourierNetwork]:
    async with PartnerLine(f"{simulator.url}/courier/v1", patience=IMPATIENT) as line:
        yield CourierNetwork(line, contact_of=contact_of)


@pytest.fixture
async def lab(simulator: Simulator) -> AsyncIterator[Laboratory]:
    async with PartnerLine(f"{simulator.url}/lab/v1", patience=IMPATIENT) as line:
        yield Laboratory(line)


@pytest.fixture
async def hospitals(simulator: Simulator) -> AsyncIterator[HospitalDesk]:
    async with PartnerLine(f"{simulator.url}/hospitals/v1", patience=IMPATIENT) as line:
        yield HospitalDesk(line, patient_of=patient_of)


@pytest.fixture
def scripted() -> Scripted:
    """A partner that reads a request, sends exactly these bytes and hangs up."""

    @asynccontextmanager
    async def serving(said: bytes) -> AsyncIterator[str]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    return serving
