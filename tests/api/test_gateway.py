"""What becomes of a call that the server of the workflows does not take."""

from __future__ import annotations

from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.door.gateway import CaseGateway, NotKnownYet


class _Stuck:
    """A server whose case cannot take a command at present."""

    def get_workflow_handle(self, _: str) -> _Stuck:
        return self

    async def execute_update(self, *_: Any, **__: Any) -> None:
        raise RPCError("workflow task in failed state", RPCStatusCode.FAILED_PRECONDITION, b"")


async def test_a_case_that_cannot_take_a_command_now_may_take_it_later_under_the_same_key() -> None:
    gateway = CaseGateway(cast("Client", _Stuck()))
    with pytest.raises(NotKnownYet):
        await gateway.update("bk-1", "complete_task", {}, update_id="u-1")


async def test_a_server_that_was_never_reached_is_not_known_yet() -> None:
    nobody = await Client.connect("127.0.0.1:1", lazy=True)
    with pytest.raises(NotKnownYet):
        await CaseGateway(nobody).update("bk-1", "complete_task", {}, update_id="u-1")


class _Broken:
    """A client of ours with a mistake in it."""

    def get_workflow_handle(self, _: str) -> _Broken:
        return self

    async def execute_update(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake of ours")


async def test_a_mistake_of_ours_is_not_told_as_a_server_that_is_away() -> None:
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await CaseGateway(cast("Client", _Broken())).update("bk-1", "x", {}, update_id="u-1")
