"""After a whole hospital stay nobody without our keys can read whose it was, or what for.

The story is told with words that stand nowhere else. Then every place is looked through where
something may have stayed: Temporal's histories and its file, every table and every file of the
database, all logs and what the processes printed. Controls show that the scanner would have found
each secret in each of these places.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
    QueryWorkflowRequest,
)
from temporalio.client import Client

from adapters.encryption.codec import ENCODING, PayloadCodec
from adapters.encryption.keys import KeyRing
from adapters.migrations.run import migrate
from adapters.servers.processes import free_ports
from adapters.servers.stack import stack
from adapters.settings import Settings
from adapters.temporal import search_attributes
from api.waivers.reporting import Report
from demo.house import House, opened
from demo.people import Answer, Person
from demo.story_one import BEGINS, StoryOne
from domain.steps.kinds import TaskKind
from domain.steps.tasks import TASKS
from tests.journeys.leaks import Scanner, files_under, tables_of
from workflows.cockpit import SEARCH_ATTRIBUTES

pytestmark = [pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

MARK: Final = secrets.token_hex(6)
NAME: Final = f"某甲{MARK}"
PHONE: Final = f"139{secrets.randbelow(10**8):08d}"
BED: Final = f"病床{MARK}床"
WORDS: Final = f"私密的话{MARK}"
FILE_NAME: Final = f"病历{MARK}.pdf"
PAPER: Final = b"%PDF-1.7\n" + f"活检报告 {MARK} 单独一页".encode() + b"\n%%EOF\n"

NOT_OURS: Final = ("counterparties-",)
"""The counterparties' own books."""


class Talkative(Person):
    """Somebody who writes more than was asked wherever a form takes words."""

    async def do(self, path: str, body: Answer | None = None, *, key: str | None = None) -> Answer:
        """Do it, with the secret words in every free text."""
        said = dict(body or {})
        if path.endswith("/completion"):
            form = TASKS[TaskKind(path.split("/")[3].split(".")[1])].form
            words = {"note", "need", "treatment_talk", "reason", "evidence", "action"}
            for name in words & form.model_fields.keys():
                said[name] = f"{WORDS} {name}"
        return await super().do(path, said, key=key)


class TellingStory(StoryOne):
    """Story 1 of a person whose every detail is unmistakable."""

    def a_report(self) -> Answer:
        """The report, with a bed and words of its own."""
        report = super().a_report()
        report["insured"] |= {"name": NAME, "phone": PHONE, "bed": BED}
        self.reported = report | {"need": f"{WORDS} need"}
        return self.reported

    async def first_top_up(self) -> None:
        """Before the first top-up: a paper, a request refused in words, and then as told."""
        house, case_id = self.house, self.case_id
        answer = await house.customer.http.post(
            f"/v1/deposit-waivers/{case_id}/documents",
            data={"kind": "medical_record"},
            files={"file": (FILE_NAME, PAPER, "application/pdf")},
            headers={"Idempotency-Key": secrets.token_urlsafe(16)},
        )
        assert answer.is_success, answer.text
        self.paper = str(answer.json()["document_id"])
        await house.go_to("2026-05-08 18:00")
        refused = await self.request_top_up(100_00)
        await house.agent.complete(case_id, "answer_top_up", subject=refused, accepted=False)
        await super().first_top_up()


@dataclass
class Told:
    """What is left when the story has been told."""

    house: House
    case_id: str
    paper: str
    var: Path
    plain: Client  # without our codec: what anybody at the server sees
    scanner: Scanner
    reported: Answer

    @property
    def settings(self) -> Settings:
        """The settings of the house."""
        return self.house.settings

    async def history(self, case_id: str | None = None) -> list[Message]:
        """The events of a case as they are stored."""
        handle = self.plain.get_workflow_handle(case_id or self.case_id)
        return list((await handle.fetch_history()).events)


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """What this process, the door's, prints meanwhile goes to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    with path.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    try:
        yield
    finally:
        for number, own in enumerate(kept, start=1):
            os.dup2(own, number)
            os.close(own)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> AsyncIterator[Told]:
    """The story told once, on servers of its own, with logs at their most talkative."""
    var = Path(tempfile.mkdtemp(prefix="glp-"))
    ports = dict(
        zip(
            ("api_port", "simulator_port", "temporal_port", "temporal_ui_port"),
            free_ports(4),
            strict=True,
        )
    )
    os.environ["GREENLANE_LOG_LEVEL"] = "DEBUG"
    try:
        async with stack(Settings.model_validate({"var": var, **ports}), owning=True) as servers:
            migrate(servers.settings.libpq_url)
            plain = await Client.connect(**servers.settings.temporal_connect_config())
            await search_attributes.register(plain, SEARCH_ATTRIBUTES)
            with _printing_to(var / "log" / "door.log"):
                async with opened(servers.settings, story_begins=BEGINS) as house:
                    yield await _tell(house, var, plain)
    finally:
        del os.environ["GREENLANE_LOG_LEVEL"]
        shutil.rmtree(var, ignore_errors=True)


async def _tell(house: House, var: Path, plain: Client) -> Told:
    for person in house.people:
        person.__class__ = Talkative
    story = TellingStory(house)
    await story.tell()
    await story.stage_is("closed")
    scanner = Scanner(
        {
            "name": NAME,
            "ID number": house.id_number,
            "last digits of the ID number": house.id_number[-8:],
            "phone": PHONE,
            "bed": BED,
            "disease": "lung_cancer",
            "disease in Chinese": "肺癌",
            "words": WORDS,
            "file name": FILE_NAME,
            "paper": PAPER.decode(),
        }
    )
    return Told(house, story.case_id, story.paper, var, plain, scanner, story.reported)


async def test_what_temporal_shows_to_anybody_names_nobody(told: Told) -> None:
    events = await told.history()
    seen = {f"event {n}": one.SerializeToString() for n, one in enumerate(events)}
    service, namespace = told.plain.workflow_service, told.plain.namespace
    described = await service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(
            namespace=namespace, execution=WorkflowExecution(workflow_id=told.case_id)
        )
    )
    listed = await service.list_workflow_executions(
        ListWorkflowExecutionsRequest(namespace=namespace)
    )
    details = await _metadata(told)
    seen["description"] = described.SerializeToString()
    seen["list"] = listed.SerializeToString()
    seen["current details"] = details.SerializeToString()
    assert told.case_id.encode() in seen["list"]
    assert told.scanner.places(seen.items()) == set()
    summaries = [payload for event in events for payload in _summaries(event)]
    assert len(summaries) > 20
    assert {one.metadata["encoding"] for one in [*summaries, details]} == {ENCODING}


async def test_decoded_the_case_is_there_and_the_person_still_is_not(told: Told) -> None:
    """With our keys a supervisor reads the case; who it is stands in the casebook alone."""
    codec = PayloadCodec(KeyRing(told.settings.key_ring))
    found: set[str] = set()
    for event in await told.history():
        for payload in _payloads(event):
            [clear] = await codec.decode([payload])
            found |= told.scanner.seen(clear.data)
    # The control: what the case needs to know is there, and the scanner finds it.
    assert found == {"disease", "disease in Chinese", "words"}


async def test_decoded_summaries_and_details_are_codes_and_amounts(told: Told) -> None:
    codec = PayloadCodec(KeyRing(told.settings.key_ring))
    shown = [one for event in await told.history() for one in _summaries(event)]
    shown.append(await _metadata(told))
    decoded = [json.loads(clear.data) for clear in await codec.decode(shown)]
    texts = [json.dumps(one, ensure_ascii=False) for one in decoded]
    assert "未收回" in texts[-1]  # the control: these are the details
    assert any("押金" in text for text in texts[:-1])
    assert told.scanner.places((text, text.encode()) for text in texts) == set()


async def test_the_database_keeps_nothing_readable(told: Told) -> None:
    kept = dict(tables_of(told.settings.libpq_url))
    assert told.case_id.encode() in kept["table cases"]
    assert told.scanner.places(kept.items()) == set()


async def test_a_paper_comes_back_as_it_was_though_it_is_stored_sealed(told: Told) -> None:
    path = f"/v1/deposit-waivers/{told.case_id}/documents/{told.paper}"
    answer = await told.house.customer.http.get(path)
    assert answer.content == PAPER


async def test_the_files_and_logs_of_the_whole_house_keep_nothing_readable(told: Told) -> None:
    kept = dict(files_under(told.var, but=NOT_OURS))
    assert {"log/worker.log", "log/door.log", "temporal.db"} <= kept.keys()
    assert told.scanner.places(kept.items()) == set()


async def test_no_hash_of_what_was_asked_can_be_tried_out_without_a_key(told: Told) -> None:
    """An ID number has few enough digits to try them all against a plain hash."""
    body = Report.model_validate_json(json.dumps(told.reported)).model_dump(mode="json")
    written = json.dumps(body, sort_keys=True, ensure_ascii=True)
    tried = (told.house.id_number, PHONE, NAME, "lung_cancer", written)
    hashes = [hashlib.sha256(one.encode()).hexdigest().encode() for one in tried]
    for place, content in tables_of(told.settings.libpq_url):
        assert not [one for one in hashes if one in content], place


async def test_the_scanner_finds_what_is_kept_without_our_codec(told: Told) -> None:
    """The control of all the above; the last test, for it leaves its secrets in every place."""
    everything = {
        "name": NAME, "id": told.house.id_number, "phone": PHONE, "bed": BED, "words": WORDS,
        "disease": ["lung_cancer", "肺癌"], "file": FILE_NAME, "paper": PAPER.decode(),
    }  # fmt: skip
    handle = await told.plain.start_workflow(
        "NobodyWorksOnThis", everything, id="control", task_queue="control"
    )
    names = told.scanner.seen(
        b"".join(event.SerializeToString() for event in await told.history("control"))
    )
    assert names >= {"name", "ID number", "phone", "bed", "disease", "words", "file name"}
    kept = dict(files_under(told.var, but=NOT_OURS))
    in_files = {place.split(":")[0] for place in told.scanner.places(kept.items())}
    assert any(place.startswith("temporal.db") for place in in_files)
    with psycopg.connect(told.settings.libpq_url) as connection:
        connection.execute("CREATE TABLE control (said bytea)")
        connection.execute("INSERT INTO control VALUES (%s)", [PAPER])
    assert told.scanner.places(tables_of(told.settings.libpq_url)) == {"table control: paper"}
    await handle.terminate()


async def _metadata(told: Told) -> Payload:
    """Current details as the UI asks for them."""
    answer = await told.plain.workflow_service.query_workflow(
        QueryWorkflowRequest(
            namespace=told.plain.namespace,
            execution=WorkflowExecution(workflow_id=told.case_id),
            query=WorkflowQuery(query_type="__temporal_workflow_metadata"),
        )
    )
    [payload] = answer.query_result.payloads
    return payload


def _summaries(event: Message) -> list[Payload]:
    metadata: UserMetadata = event.user_metadata  # type: ignore[attr-defined]
    kept = {"summary": metadata.summary, "details": metadata.details}
    return [kept[field.name] for field, _ in metadata.ListFields()]


def _payloads(message: Message) -> Iterator[Payload]:
    """Every payload in a message, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        parts: list[Any] = [value]
        if descriptor.message_type.GetOptions().map_entry:
            parts = list(value.values())
        elif isinstance(value, Message) is False:
            parts = list(value)
        for part in parts:
            if isinstance(part, Message):
                yield from _payloads(part)
