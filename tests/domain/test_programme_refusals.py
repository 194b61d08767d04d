"""Each way a programme file can be wrong is refused with its file, the line and the reason."""

from pathlib import Path

import pytest

from adapters.programmes.files import PROGRAMMES, load_programmes
from adapters.yaml_files import FileRefused

P01 = (PROGRAMMES / "bainian_deposit_waiver.yaml").read_text("utf-8")
P04 = (PROGRAMMES / "pingan_oncology_157.yaml").read_text("utf-8")
P19 = (PROGRAMMES / "annex2_ci_inpatient.yaml").read_text("utf-8")
AFTER = "    shape: appointment\n"


def circle(text: str) -> str:
    """The two first services lead into each other."""
    codes = ("expert_outpatient", "inpatient_arrangement")
    for code, before in zip(codes, reversed(codes), strict=True):
        head = f"  - code: {code}\n"
        assert head in text
        text = text.replace(head, f"{head}    after: [{before}]\n")
    return text


@pytest.mark.parametrize(
    ("text", "old", "new", "at", "why"),
    [
        (P01, "kind: deposit_waiver\n", "kind: deposit_waiver\ncolour: green\n", "colour", "Extra"),
        (P01, "every_days: 7\n", "every_days: 7\n    each: 7\n", "    each: 7", "care.each: "),
        (P01, "unit: min}", "unit: fortnight}", "unit: fortnight}", "clocks.0.budget.unit: "),
        (P01, "amount: 3, unit: min", "amount: -3, unit: min", "amount: -3", "budget.amount"),
        (P04, "quota: {count: 1,", "quota: {count: -1,", "count: -1", "quota.count: Input should"),
        (P19, "    hours: office\n", "    hours: tea_time\n", "hours: tea_time", "'tea_time'"),
        (P19, "hours:\n  - ", "hours: []\nrules_of_hours:\n  - ", "rules_of_hours", "Extra inputs"),
        (P04, "valid_to: 2026-12-31", "valid_to: 2099-12-31", "valid_to", "no calendar cn-20"),
        (P01, "valid_to: 2026-12-31", "valid_to: 2025-12-31", "valid_to", "lies before valid_from"),
        (P01, "valid_to: 2026-12-31", "valid_to: 2026-02-31", "valid_to", "valid_to: Input should"),
        (P01, "kind: deposit_waiver", "kind: hospital_channel", "kind:", "its section 'emergency'"),
        (P01, 'version: "2026"\n', 'version: "2026"\nversion: "2027"\n', 'version: "2027"', "key"),
        (P01, "id: K02\n", "id: K01\n", None, "clock 'K01' stands twice"),
        (P04, "services:\n", "services:\n\t", "\t", "cannot start any token"),
    ],
)  # fmt: skip
def test_a_wrong_place_is_named_with_its_line(
    tmp_path: Path, text: str, old: str, new: str, at: str | None, why: str
) -> None:
    """I25."""
    assert old in text
    changed = text.replace(old, new, 1)
    (tmp_path / "mine.yaml").write_text(changed, "utf-8")
    with pytest.raises(FileRefused) as refused:
        load_programmes([tmp_path])
    if at is not None:
        line = changed[: changed.index(at)].count("\n") + 1
        assert str(refused.value).startswith(f"mine.yaml: line {line}: ")
    assert str(refused.value).startswith("mine.yaml: line ")
    assert why in str(refused.value)


def test_a_missing_limit_rule_is_missed_where_it_should_stand(tmp_path: Path) -> None:
    head, _, rest = P01.partition("  limit: ")
    whole = rest[rest.index("\n  collecting:") + 1 :]
    (tmp_path / "mine.yaml").write_text(head + whole, "utf-8")
    line = P01[: P01.index("\nwaiver:")].count("\n") + 2
    with pytest.raises(FileRefused, match=rf"^mine\.yaml: line {line}: waiver\.limit: Field req"):
        load_programmes([tmp_path])


def test_a_circle_of_services_is_named_where_it_begins(tmp_path: Path) -> None:
    text = circle(P04)
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    line = text[: text.index("    after: [")].count("\n") + 1
    why = "in a circle: expert_outpatient, inpatient_arrangement"
    with pytest.raises(
        FileRefused, match=rf"^mine\.yaml: line {line}: services\.0\.after: .*{why}"
    ):
        load_programmes([tmp_path])


def test_a_code_that_stands_twice_is_named_where_it_stands_again(tmp_path: Path) -> None:
    text = P01.replace("code: wechat,", "code: hotline_query,", 1)
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    line = text[: text.index("name: 百年一保通")].count("\n") + 1
    with pytest.raises(
        FileRefused, match=rf"^mine\.yaml: line {line}: channels\.2: .*stands twice"
    ):
        load_programmes([tmp_path])


def test_two_versions_for_one_day_are_refused_in_the_later_file(tmp_path: Path) -> None:
    text = P04.replace('version: "2026"', 'version: "2026b"').replace(
        "valid_from: 2026-01-01", "valid_from: 2026-07-01"
    )
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    line = text[: text.index("valid_from")].count("\n") + 1
    with pytest.raises(
        FileRefused, match=rf"^mine\.yaml: line {line}: valid_from: .*overlaps 2026"
    ):
        load_programmes([PROGRAMMES, tmp_path])


def test_the_same_version_in_two_files_is_refused_with_both_names(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(P04, "utf-8")
    with pytest.raises(FileRefused, match=r"^mine\.yaml: line 10: .*stands in pingan_oncology_157"):
        load_programmes([PROGRAMMES, tmp_path])
