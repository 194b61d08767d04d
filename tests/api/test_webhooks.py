"""What a channel has not taken is seen by people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.ports.cases import CasePage
from adapters.books.casebook import Casebook
from adapters.encryption.keys import KeyRing, Sealer
from adapters.webhooks import outbox as rules
from adapters.webhooks.outbox import Outbox
from adapters.webhooks.receivers import Receivers
from domain.waiver import Stage
from tests.api.conftest import House


async def test_a_message_that_has_stopped_is_reported_and_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TRIES", 1)
    settings = house.settings
    sealer = Sealer(KeyRing(settings.key_ring), settings.lookup_key_bytes)
    case_id = (await house.report()).json()["case_id"]
    channel = (await house.get(f"/v1/deposit-waivers/{case_id}", "supervisor")).json()["channel"]
    await Receivers(house.database, sealer).register(
        channel, "https://channel.example/told", at=house.clock()
    )
    book = Casebook(house.database, sealer, clock=house.clock)
    await book.write(CasePage(case_id=case_id, page=1, at=house.clock(), stage=Stage.REPORTED))
    outbox = Outbox(house.database, sealer)
    parcel = await outbox.take(channel, lease=timedelta(seconds=1))
    assert parcel is not None
    assert await outbox.failed(parcel, "http_500")
    [item] = (await house.get("/v1/reports/webhooks", "supervisor")).json()["items"]
    assert (item["case_id"], item["last_answer"]) == (case_id, "http_500")
    assert item["stopped_at"] is not None
    assert item["next_try_at"] is None
    assert "greenlane_webhooks_stopped 1.0" in (await house.get("/metrics")).text
    assert (await house.get("/v1/reports/webhooks", "channel")).status_code == 403
