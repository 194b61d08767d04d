"""The commands that read lists, as a person types them."""

from pathlib import Path

from adapters.lists import commands
from tests.adapters.test_insured_import import HEAD, a_row
from tests.house.files import text_of
from tests.house.test_commands import run


def test_a_list_is_refused_with_a_report_and_taken_in_part_when_asked(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    people, report = tmp_path / "people.csv", tmp_path / "wrong.csv"
    wrong = a_row("X-2", id_number="110101190001010007")
    people.write_text(HEAD + a_row("X-1") + wrong, "utf-8")
    named = ("--programme", "bainian_deposit_waiver", "--list-version", "2026-07-01")
    order = ("import", "insured", str(people), *named, "--errors", str(report))
    refused = run(tmp_path / "var", *order, **addresses)
    assert refused.returncode == 1
    assert "people.csv: line 3: id_number: " in refused.stderr
    assert "110101********0007" in report.read_text("utf-8-sig")
    taken = run(tmp_path / "var", *order, "--partial", **addresses)
    assert taken.returncode == 0, taken.stderr
    assert "inserted: 1" in taken.stdout
    assert "refused_rows: 1" in taken.stdout
    for secret in ("客户某甲", "110101190001010007", "13800138000"):
        assert secret not in refused.stderr + refused.stdout + taken.stdout + taken.stderr


def test_the_lists_that_are_read_when_none_is_named_lie_there() -> None:
    assert commands.HOSPITALS.is_file()
    assert commands.NETWORK.is_file()


def test_a_network_nobody_names_and_a_list_without_a_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.csv"
    path.write_text("医院名称\n", "utf-8")
    for given in ((), ("--network", "nope", "--list-version", "2026-07-01")):
        done = run(tmp_path, "import", "network", str(path), *given)
        assert done.returncode == 2
    assert not (tmp_path / "postgres").exists(), "no server was started for it"


def test_a_holiday_notice_is_entered_once_and_a_wrong_one_is_refused_row_by_row(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    days = text_of(Path("data/calendars/cn-2027.yaml"))
    notice, var = tmp_path / "cn-2027.yaml", tmp_path / "var"
    notice.write_text(days.replace("2027-09-15", "2028-09-15"), "utf-8")
    refused = run(var, "import", "calendar", str(notice), **addresses)
    assert refused.returncode == 1
    assert "cn-2027.yaml: line 21: 2028-09-15 (中秋) is not a day of 2027" in refused.stderr
    notice.write_text(days.replace("estimated", "official", 1), "utf-8")
    told = [run(var, "import", "calendar", str(notice), **addresses) for _ in range(2)]
    assert [done.returncode for done in told] == [0, 0], told[0].stderr
    assert ["已录入" in done.stdout for done in told] == [True, False]
    assert "没有未通知的案件" in told[0].stdout


def test_a_list_without_most_of_the_people_needs_a_word_and_a_story_replaces_none(
    tmp_path: Path, addresses: dict[str, str]
) -> None:
    var, short = tmp_path / "var", tmp_path / "short.csv"
    short.write_text(HEAD + a_row("X-1"), "utf-8")
    named = ("--programme", "bainian_deposit_waiver", "--list-version")
    assert (
        run(var, "import", "insured", "data/insured-demo.csv", *named, "1", **addresses).returncode
        == 0
    )
    refused = run(var, "import", "insured", str(short), *named, "2", **addresses)
    assert refused.returncode == 1
    assert "would remove 9 of 9 policies" in refused.stderr
    told = run(var, "demo", "--programme", "P20", **addresses)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "the database holds the list 1 of bainian_deposit_waiver" in told.stdout
    taken = run(var, "import", "insured", str(short), *named, "2", "--removes-most", **addresses)
    assert "removed: 9" in taken.stdout
