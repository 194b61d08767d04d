"""A question through the door: asked once, answered on the worklist, its words kept sealed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.encryption.rotation import sealed_columns
from api.letters.delivery import ORPHAN_AFTER, sweep
from domain.enquiry import EnquiryKind
from tests.api.conftest import PROGRAMME, House
from tests.api.test_bad_input import problem
from tests.api.test_reporting import open_task
from tests.builders import AGENT, a_programme
from workflows.messages.enquiries import AskQuestion

QUESTION = "化疗期间可以用免押金服务吗"
ANSWER = "可以, 请先电话报案"
BODY = {
    "programme": PROGRAMME,
    "kind": "waiver_consult",
    "channel": "hotline",
    "question": QUESTION,
    "customer_id": "customer-1",
}


async def asked(house: House, role: str = "agent", **more: Any) -> str:
    answer = await house.post("/v1/enquiries", BODY, role, **more)
    assert answer.status_code == 201, answer.text
    enquiry_id = str(answer.json()["enquiry_id"])
    assert answer.headers["location"] == f"/v1/enquiries/{enquiry_id}"
    return enquiry_id


async def staged(house: House, enquiry_id: str, stage: str) -> dict[str, Any]:
    """The enquiry, as soon as it has come to a stage."""
    for _ in range(100):
        seen = await house.get(f"/v1/enquiries/{enquiry_id}", "supervisor")
        assert seen.status_code == 200, seen.text
        if seen.json()["stage"] == stage:
            return dict(seen.json())
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {stage}: {seen.text}")


async def everything(house: House) -> str:
    """What the tables of an enquiry hold readably."""
    held = []
    async with house.database.connect() as connection:
        for table in ("enquiries", "enquiry_answers", "tasks", "clocks", "timeline", "audit"):
            rows = await connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            held += [str(dict(row)) for row in rows.mappings()]
    return "\n".join(held)


async def test_a_question_is_forwarded_answered_and_closed_over_http(worked: House) -> None:
    enquiry_id = await asked(worked)
    task = await open_task(worked, enquiry_id, "answer_enquiry")
    assert (task["clock"], task["role_names"], task["form"]) == ("K01.1", ["客服"], "AnswerEnquiry")
    assert task["stage_name"] == "待答复"
    claimed = await worked.post(f"/v1/tasks/{task['task_id']}/claim")
    assert claimed.status_code == 200, claimed.text
    forwarded = await worked.post(
        f"/v1/tasks/{task['task_id']}/completion", {"forward_to": "doctor"}
    )
    assert forwarded.status_code == 200, forwarded.text
    assert forwarded.headers["location"] == f"/v1/enquiries/{enquiry_id}"
    await staged(worked, enquiry_id, "forwarded")
    task = await open_task(worked, enquiry_id, "answer_enquiry")
    path = f"/v1/tasks/{task['task_id']}/completion"
    form = {"answer": ANSWER, "closes": True}
    problem(await worked.post(path, form, "agent"), 403, "forbidden")
    assert (await worked.post(path, form, "doctor")).status_code == 200
    seen = await staged(worked, enquiry_id, "done")
    assert seen["question"] == QUESTION
    assert [answer["text"] for answer in seen["answers"]] == [ANSWER]
    assert [clock["state"] for clock in seen["clocks"]] == ["met"]
    assert seen["awaiting"] == []
    assert await worked.rows("cases") == 0
    worked.clock.move(seconds=1)
    reported = (await worked.get("/v1/reports/sla", "supervisor")).text
    assert "K01" in reported


async def test_either_line_of_questions_is_answered_under_its_own_promise(worked: House) -> None:
    """R060, R061, R062: health and waiver questions are services with K01; no other is a line."""
    for kind in EnquiryKind:
        answer = await worked.post("/v1/enquiries", BODY | {"kind": kind}, "customer")
        assert answer.status_code == 201, answer.text
        task = await open_task(worked, answer.json()["enquiry_id"], "answer_enquiry")
        assert (task["clock"], task["subject"]) == ("K01.1", f"{kind}:service")
    lines = {one.code for one in a_programme().services if one.shape == "enquiry"}
    assert lines == {"eligibility_query", *(kind.value for kind in EnquiryKind)}


async def test_question_and_answer_are_readable_nowhere(worked: House) -> None:
    enquiry_id = await asked(worked)
    task = await open_task(worked, enquiry_id, "answer_enquiry")
    form = {"answer": ANSWER, "closes": True}
    assert (await worked.post(f"/v1/tasks/{task['task_id']}/completion", form)).status_code == 200
    await staged(worked, enquiry_id, "done")
    held = await everything(worked)
    history = await worked.temporal.get_workflow_handle(enquiry_id).fetch_history()
    description = await worked.temporal.get_workflow_handle(enquiry_id).describe()
    held += history.to_json() + str(description.search_attributes)
    for words in (QUESTION, ANSWER):
        for form_of in (words, words.encode().hex(), json.dumps(words).strip('"')):
            assert form_of not in held
    assert "waiver_consult:service" in held  # the control: what is looked through is what is held
    assert {"enquiries.question", "enquiry_answers.text"} <= {
        f"{table.name}.{column.name}" for table, column in sealed_columns()
    }


async def test_the_same_key_asks_once_and_another_body_is_refused(worked: House) -> None:
    first = await asked(worked, key="q-1")
    assert await asked(worked, key="q-1") == first
    assert await worked.rows("enquiries") == 1
    other = await worked.post("/v1/enquiries", BODY | {"question": "别的"}, key="q-1")
    problem(other, 422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"programme": "nobody"}, "unknown-programme", "programme"),
        ({"kind": "weather"}, "invalid", "kind"),
        ({"question": "  "}, "invalid", "question"),
        ({"question": "长" * 2001}, "invalid", "question"),
        ({"question": "\x00"}, "invalid", "question"),
        ({"channel": "fax"}, "invalid", "channel"),
        ({"phone": "13800138000"}, "invalid", "phone"),
    ],
)
async def test_a_bad_question_is_refused_and_leaves_nothing(
    house: House, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await house.post("/v1/enquiries", BODY | change)
    problem(answer, 422, code, field)
    assert await house.rows("enquiries") == 0
    assert await house.rows("idempotency_keys") == 0


async def test_an_enquiry_of_somebody_else_does_not_exist(worked: House) -> None:
    enquiry_id = await asked(worked)
    path = f"/v1/enquiries/{enquiry_id}"
    assert (await worked.get(path, "customer", subject="customer-1")).status_code == 200
    problem(await worked.get(path, "customer", subject="customer-2"), 404, "not-found")
    problem(await worked.get(path, "channel", channel="wechat"), 404, "not-found")
    problem(await worked.get(path, "finance"), 403, "forbidden")
    problem(await worked.get("/v1/enquiries/en-" + "a" * 20), 404, "not-found")
    task = await open_task(worked, enquiry_id, "answer_enquiry")
    completion = f"/v1/tasks/{task['task_id']}/completion"
    form = {"answer": ANSWER, "closes": True}
    stranger = await worked.post(completion, form, "customer", subject="customer-1")
    problem(stranger, 403, "forbidden")  # his own, and the step is not his


async def test_a_question_whose_start_was_lost_is_started_by_the_sweep(worked: House) -> None:
    """As a door leaves it that dies between writing the question down and starting the watch."""
    door, at = worked.app.state.door, worked.clock()
    message = AskQuestion(
        enquiry_id="en-" + "a" * 20,
        programme=door.programme(PROGRAMME, at).for_case(),
        calendar=door.calendar,
        kind=EnquiryKind.WAIVER,
        channel="hotline",
        asked_by=AGENT,
        asked_at=at,
    )
    async with door.books.unit() as unit:
        await unit.enquiries.add(
            {
                "enquiry_id": message.enquiry_id,
                "programme": message.programme.code,
                "programme_version": message.programme.version,
                "kind": message.kind.value,
                "channel": message.channel,
                "asked_role": message.asked_by.role.value,
                "asked_by": message.asked_by.id,
                "asked_at": at,
                "question": QUESTION,
                "changed_at": at,
                "opened": message.model_dump_json(),
            }
        )
    worked.clock.move(seconds=ORPHAN_AFTER.total_seconds() + 1)
    assert await sweep(door) == 1
    seen = await staged(worked, message.enquiry_id, "waiting")
    assert seen["clocks"][0]["clock"] == "K01"


@pytest.mark.parametrize("act", ["UPDATE enquiry_answers SET n = 2", "DELETE FROM enquiry_answers"])
async def test_answers_only_grow(house: House, act: str) -> None:
    async with house.database.connect() as connection:
        with pytest.raises(DBAPIError, match="only grows"):
            await connection.execute(text(act))


async def test_a_step_of_no_case_and_no_enquiry_is_refused_by_the_database(house: House) -> None:
    row = (
        "INSERT INTO tasks (task_id, case_id, kind, title, opened_at)"
        " VALUES ('x', 'x', 'x', 'x', now())"
    )
    async with house.database.connect() as connection:
        with pytest.raises(DBAPIError, match="fk_tasks_case_id"):
            await connection.execute(text(row))
