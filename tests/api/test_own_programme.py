"""An insurer's own file, written from the page alone, is served without a change of code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from adapters.lists.files import ListFile
from adapters.lists.insured_import import Terms, import_insured
from adapters.lists.versions import ListName
from adapters.programmes.files import PROGRAMMES, load_programmes
from api.main import create_app
from domain.calendar import civil_date
from tests.api.conftest import NAME, PERSON, House
from tests.api.test_bad_input import problem
from tests.api.test_bookings import request_of
from tests.api.test_reporting import open_task

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-programme.yaml"
CODE = "yunfan_waiver"


@asynccontextmanager
async def own_programme(worked: House, tmp_path: Path) -> AsyncIterator[None]:
    """The door serves the example beside its own programmes; the customer is on its list."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.yaml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    app = create_app(
        settings=worked.settings,
        engine=worked.database,
        temporal=worked.temporal,
        clock=worked.clock,
        programmes=load_programmes([PROGRAMMES, folder]),
        sweeping=False,
    )
    people = tmp_path / "people.csv"
    start = civil_date(worked.clock()).replace(day=1)
    cooled = start - timedelta(days=1)
    people.write_text(
        "保单号,姓名,身份证号,险种,保额,渠道,生效日期,终止日期,犹豫期截止日,档次,续保次数\n"
        f"YF-1,{NAME},{PERSON},yunfan_ci,300000,网销,{start},终身,{cooled},gold,1\n",
        "utf-8",
    )
    terms = Terms(ListName("insured", CODE, "1"), worked.sealer, worked.clock())
    await import_insured(worked.database, ListFile(people), terms)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        worked.client = client
        yield


async def test_a_programme_nobody_has_seen_judges_and_opens_a_case(
    worked: House, tmp_path: Path
) -> None:
    async with own_programme(worked, tmp_path):
        listed = (await worked.get("/v1/programmes")).json()["items"]
        assert {"name": "云帆住院垫付", "name_en": "Yunfan deposit waiver"}.items() <= next(
            one for one in listed if one["code"] == CODE
        ).items()
        asked = {
            "programme": CODE,
            "service": "expert_outpatient",
            "insured": {"id_number": PERSON},
            "declared": {"diagnosis": "suspected"},
        }
        said = (await worked.post("/v1/eligibility-checks", asked, key=None)).json()
        assert (said["outcome"], said["open"]) == ("eligible", [])
        case_id = (await worked.report(programme=CODE)).json()["case_id"]
        task = await open_task(worked, case_id, "first_contact")
        form = {"identity_verified": True, "need": "x", "checklist_sent": True}
        done = await worked.post(f"/v1/tasks/{task['task_id']}/completion", form)
        assert done.status_code == 200, done.text


async def test_a_deposit_waivers_own_service_is_booked(worked: House, tmp_path: Path) -> None:
    async with own_programme(worked, tmp_path):
        answer = await worked.post("/v1/bookings", request_of(worked, programme=CODE))
        assert answer.status_code == 201, answer.text
        booking_id = answer.json()["booking_id"]
        assert (await open_task(worked, booking_id, "take_request"))["stage"] == "requested"
        seen = (await worked.get(f"/v1/bookings/{booking_id}")).json()
        assert (seen["programme"], seen["unit"]) == (CODE, "reserved")
        unknown = {"programme": CODE, "service": "nope", "insured": {"id_number": PERSON}}
        refused = await worked.post("/v1/eligibility-checks", unknown, key=None)
        problem(refused, 422, "invalid", "service")
        assert await worked.rows("eligibility_checks") == 0
