"""Puts the counterparties together into one application.

`create_app` makes it, `serve` puts it behind HTTP. Refused requests are answered with a code and
the fields, never with the values sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from simulator import (
    channel,
    claims,
    controls,
    courier,
    hospitals,
    lab,
    message,
    nurse,
    payment,
    roster,
    social,
    statement,
    telephone,
)
from simulator.desk import Desk
from simulator.settings import Settings

_SHUTDOWN_SECONDS: Final = 1
"""Open requests get this long at the end; the silent ones would stay for a minute."""

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than callers keep an idle connection: who closes it must not be the one called."""


async def _malformed(_: Request, failure: Exception) -> JSONResponse:
    # 422 is a partner's considered no; a body it cannot read is 400
    errors = failure.errors() if isinstance(failure, RequestValidationError) else []
    fields = [".".join(str(part) for part in error["loc"]) for error in errors]
    return JSONResponse({"code": "malformed", "fields": fields}, status_code=400)


async def _refused(_: Request, failure: Exception) -> JSONResponse:
    status = failure.status_code if isinstance(failure, HTTPException) else 500
    code = str(failure.detail) if isinstance(failure, HTTPException) else "internal"
    return JSONResponse({"code": code}, status_code=status)


def create_app(settings: Settings) -> FastAPI:
    """The application over the books at `settings.state_file`."""
    desk = Desk(settings)
    desk.settles("payment", "payment", payment.PaymentNetworks(desk).settle)
    desk.settles("payout", "payment", payment.PaymentNetworks(desk).settle)
    desk.settles("visit", "nurse", nurse.NursePlatform(desk).settle)
    desk.settles("message", "message", message.Gateways(desk).settle)
    desk.settles("call", "telephone", telephone.Exchange(desk).settle)
    desk.settles("claim", "claims", claims.ClaimsCore(desk).settle)
    desk.settles("settlement", "social", social.SocialInsurance(desk).settle)
    desk.settles("parcel", "courier", courier.Courier(desk).settle)
    desk.settles("ask", "hospitals", hospitals.Coordination(desk).settle)
    desk.settles("taking_back", "hospitals", hospitals.Coordination(desk).take_back)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        reporting = asyncio.create_task(desk.reporter.run())
        yield
        desk.is_closing = True
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)
        desk.books.close()

    application = FastAPI(title="Counterparties", version="1", lifespan=lifespan)
    application.state.desk = desk
    for counterparty in (
        payment,
        statement,
        nurse,
        message,
        claims,
        social,
        courier,
        lab,
        hospitals,
        telephone,
        roster,
        channel,
        controls,
    ):
        application.include_router(counterparty.routes)
    application.add_exception_handler(RequestValidationError, _malformed)
    application.add_exception_handler(HTTPException, _refused)
    return application


def serve(settings: Settings, *, listen: str, port: int, log_level: str = "warning") -> None:
    """Serve the counterparties until SIGTERM or SIGINT."""
    uvicorn.run(
        create_app(settings),
        host=listen,
        port=port,
        access_log=False,
        log_level=log_level,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
