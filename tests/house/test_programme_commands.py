"""The commands for programmes as a person types them."""

from pathlib import Path

from adapters.programmes.files import PROGRAMMES
from tests.builders import programmes
from tests.house.test_commands import run


def test_every_programme_is_shown_with_its_services_and_promises(tmp_path: Path) -> None:
    shown = run(tmp_path, "programmes")
    assert shown.returncode == 0, shown.stderr
    for programme in programmes():
        assert programme.code in shown.stdout
        assert programme.name_en in shown.stdout
        assert " · ".join((*programme.numbers, programme.code)) in shown.stdout
        for service in programme.services:
            assert f"{service.name} {service.code}" in shown.stdout, "no code is broken in a pipe"
    assert "3-5 工作日 working days" in shown.stdout
    assert "来源缺失 lost" in shown.stdout


def test_one_programme_is_shown_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    shown = run(tmp_path, "programmes", "ruitai_ci")
    assert "瑞泰人寿" in shown.stdout
    assert "百年人寿" not in shown.stdout
    assert run(tmp_path, "programmes", "nobody").returncode == 1


def test_a_folder_of_ones_own_is_read_beside_ours_and_a_wrong_file_is_named(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    text = (PROGRAMMES / "ruitai_ci.yaml").read_text("utf-8")
    (own / "mine.yaml").write_text(text.replace("code: ruitai_ci", "code: my_own", 1), "utf-8")
    shown = run(tmp_path, "programmes", GREENLANE_PROGRAMMES_PATH=str(own))
    assert "my_own" in shown.stdout
    assert "ruitai_ci" in shown.stdout
    (own / "mine.yaml").write_text(text.replace("unit: wd", "unit: fortnight", 1), "utf-8")
    refused = run(tmp_path, "programmes", GREENLANE_PROGRAMMES_PATH=str(own))
    assert refused.returncode == 1
    assert "mine.yaml: line " in refused.stderr
    assert "clocks.0.budget.unit" in refused.stderr or "clocks.0.target.unit" in refused.stderr
