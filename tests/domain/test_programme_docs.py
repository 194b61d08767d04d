"""The blocks of docs/programmes.md make a programme: a stranger copies them and they hold."""

import re
from pathlib import Path
from typing import Any

import yaml

from domain.documents import DocumentKind, DocumentStage
from domain.programmes.programme import Programme
from domain.programmes.rules import RuleCode
from domain.programmes.terms import ClockTerms
from tests.builders import programmes

PAGE = (Path(__file__).parents[2] / "docs" / "programmes.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)]
HEAD = """
code: stranger
name: 陌生人的项目
name_en: A stranger's programme
insurer: 某保险
kind: green_channel
source: inferred
version: "2026"
valid_from: 2026-01-01
valid_to: 2026-12-31
eligibility:
  - {code: insured_on_list, text: 不在名单内, quote: "", source: inferred}
hospitals: {grade_min: 2, source: inferred}
"""


def test_the_blocks_of_the_page_are_a_programme() -> None:
    begins, services, own_steps, clocks, step_dues, lowers = BLOCKS
    bare = [
        {"code": code, "name": "一", "source": "inferred"}
        for code in ("phone_doctor", "deposit_waiver")
    ]
    whole: dict[str, Any] = {**yaml.safe_load(HEAD), **begins, **step_dues, **lowers}
    bare[0] |= {"shape": "appointment", **own_steps}
    whole["notices"] = [
        {"code": step["tells"], "channel": "wechat", "text": "{reason}", "source": "inferred"}
        for step in own_steps["steps"]
        if "tells" in step
    ]
    programme = Programme.parse(whole | {"services": [*services, *bare], "clocks": clocks})
    assert programme.clock("K05").hours == programme.hours[0].code


def test_the_page_names_every_key_of_a_programme_and_a_clock() -> None:
    for model in (Programme, ClockTerms):
        for key in set(model.model_fields) - {"source", "id"}:
            assert re.search(rf"\b{key}\b", PAGE), f"docs/programmes.md does not name {key}"


def test_the_words_a_file_may_use_are_in_the_schema_the_page_points_to() -> None:
    schema = (Path(__file__).parents[2] / "programmes/schema/programme.schema.json").read_text(
        "utf-8"
    )
    for word in (*RuleCode, *DocumentKind, *DocumentStage):
        assert f'"{word}"' in schema


def test_the_page_says_which_file_each_number_of_the_sources_is() -> None:
    row = r"^\| (P\d\d) \| \[`(\w+)`\]\(\.\./programmes/(\w+)\.yaml\) \| (.+) \|$"
    shown = re.findall(row, PAGE, re.MULTILINE)
    stand = {
        number: (one.code, one.code, f"{one.insurer} {one.name} · {one.name_en}")
        for one in programmes()
        for number in one.numbers
    }
    assert {number: tuple(rest) for number, *rest in shown} == stand
    assert sorted(stand) == [f"P{n:02}" for n in range(1, 22)]
