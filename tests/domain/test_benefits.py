"""A later version of a programme takes nothing away without saying so (R360, R487, I26)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.programmes.files import PROGRAMMES, load_programmes
from adapters.yaml_files import FileRefused
from domain.programmes.benefits import lowered
from domain.programmes.programme import Programme
from tests.builders import programmes

ALL = {one.code: one for one in programmes()}
CODE = "changsheng_yuanmeng"
P04 = "pingan_oncology_157"


def content(code: str = CODE) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROGRAMMES / f"{code}.yaml").read_text("utf-8"))
    return loaded


def changed(code: str, place: str, value: object) -> Programme:
    """The programme with one thing changed at a dotted place; None takes it away."""
    whole = content(code)
    *path, last = place.split(".")
    part: Any = whole
    for step in path:
        part = part[int(step)] if step.isdigit() else part[step]
    if value is None:
        del part[int(last) if last.isdigit() else last]
    else:
        part[int(last) if last.isdigit() else last] = value
    return Programme.parse(whole)


@pytest.mark.parametrize("programme", ALL.values(), ids=lambda one: one.code)
def test_the_same_terms_again_lower_nothing(programme: Programme) -> None:
    assert lowered(programme, programme.moved(364)) == ()


@pytest.mark.parametrize(
    ("code", "place", "value", "what"),
    [
        (CODE, "services.3", None, "service:surgery_arrangement"),
        (CODE, "services.0.quota", {"count": 3, "period": "policy_year"}, "quota:ci_consultation"),
        (CODE, "services.0.waiting.days", 30, "waiting:ci_consultation"),
        (CODE, "waiting.days", 200, "waiting"),
        (CODE, "activation.renewal.times_max", 9, "renewal"),
        (CODE, "activation.renewal", None, "renewal"),
        (CODE, "activation.renewal.grace_days", 59, "renewal:grace_days"),
        (CODE, "channels.0", None, "channel:hotline"),
        ("ruitai_ci", "services.6.quota.count", 3, "quota:rehab_management"),
        ("ruitai_ci", "clocks.0.budget.amount", 6, "clock:G24"),
        ("ruitai_ci", "clocks.0", None, "clock:G24"),
        ("ruitai_ci", "hospitals.network_total", 1338, "hospitals:network_total"),
        ("ins_oncology", "hospitals.cities.17", None, "city:大连"),
        ("ins_oncology", "services.4.lead.at_least.amount", 6, "lead:direct_pay_deposit"),
        (P04, "services.0.cancellation.free_lead.amount", 3, "cancellation:expert_outpatient"),
        (P04, "services.0.consumption.also_on.0", "no_show", "consumption:expert_outpatient"),
        ("bainian_deposit_waiver", "hospitals.grade_min", 3, "hospitals:grade_min"),
        ("bainian_deposit_waiver", "waiver.limit.operator", "below", "waiver:limit"),
        ("bainian_deposit_waiver", "waiver.top_up.enabled", False, "waiver:top_up"),
        ("bainian_deposit_waiver", "waiver.payment_modes.1", None, "waiver:payment_mode:qr_code"),
        ("bainian_deposit_waiver", "waiver.repayment.due_after.amount", 20, "waiver:repayment"),
        ("bainian_deposit_waiver", "diseases.5", None, "disease:leukaemia"),
        ("bainian_deposit_waiver", "plans.5.plan", None, "plan:telesales"),
    ],
)  # fmt: skip
def test_a_lowering_has_a_name(code: str, place: str, value: object, what: str) -> None:
    assert lowered(ALL[code], changed(code, place, value)) == (what,)


def test_more_for_the_customer_is_free() -> None:
    better = changed("ruitai_ci", "clocks.0.budget.amount", 4)
    assert lowered(ALL["ruitai_ci"], better) == ()


def next_version(folder: Path, **changes: Any) -> Path:
    old = content()
    first = old["valid_to"] + timedelta(days=1)
    new = {**old, "version": "2027", "valid_from": first, "valid_to": first.replace(month=12)}
    path = folder / "next.yaml"
    path.write_text(yaml.safe_dump({**new, **changes}, allow_unicode=True), "utf-8")
    return path


def test_a_users_own_folder_adds_programmes_and_later_versions(tmp_path: Path) -> None:
    next_version(tmp_path)
    (tmp_path / "own.yaml").write_text(
        yaml.safe_dump({**content(), "code": "own_programme"}, allow_unicode=True), "utf-8"
    )
    known = load_programmes([PROGRAMMES, tmp_path])
    assert [one.version for one in known if one.code == CODE] == ["2026", "2027"]
    assert "own_programme" in [one.code for one in known]
    assert len(known) == len(ALL) + 2


def test_a_lowering_is_refused_with_file_line_and_name(tmp_path: Path) -> None:
    """R360, R487, I26."""
    next_version(tmp_path, waiting={"days": 365, "source": "inferred"})
    with pytest.raises(
        FileRefused, match=r"^next\.yaml: line \d+: version 2027 lowers .*: waiting;"
    ):
        load_programmes([PROGRAMMES, tmp_path])


def test_a_lowering_meant_by_name_is_taken(tmp_path: Path) -> None:
    meant = [{"what": "waiting", "approved_by": "产品委员会", "why": "与主险等待期一致"}]
    next_version(tmp_path, waiting={"days": 365, "source": "inferred"}, lowers=meant)
    assert len(load_programmes([PROGRAMMES, tmp_path])) == len(ALL) + 1


def test_two_versions_for_one_day_are_refused(tmp_path: Path) -> None:
    next_version(tmp_path, valid_from=ALL[CODE].valid_to)
    with pytest.raises(FileRefused, match=r"line \d+: valid_from: version 2027 overlaps 2026"):
        load_programmes([PROGRAMMES, tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="no folder of programmes"):
        load_programmes([tmp_path / "nowhere"])
