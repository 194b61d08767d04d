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
