"""The walkthroughs of the door do what they say, against `make up` as a person starts it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.files import ROOT, text_of
from tests.house.test_commands import environment, up

DEPOSIT = Path("docs/walkthrough.md")
GREEN_CHANNEL = Path("docs/walkthrough-booking.md")


def script(page: Path) -> str:
    """Every block a person types beside the running house, as one script."""
    return "\n".join(re.findall(r"```bash\n(.*?)```", text_of(page), flags=re.DOTALL))


def walked(page: Path, env: dict[str, str]) -> str:
    """What a page says when it is typed from top to bottom."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(page)],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_walkthroughs_lead_to_a_paid_deposit_and_to_an_appointment(tmp_path: Path) -> None:
    env = environment(tmp_path / "var")
    with up(env, tmp_path / "up.log"):
        told = walked(DEPOSIT, env)
        assert "住院中 50000.00 450000.00" in told
        assert " paid 50000.00 " in told
        told = walked(GREEN_CHANNEL, env)
        assert "预约已确认 reserved" in told
        assert re.search(r"G16\.1 门诊安排 \S+ \S+ 进行中", told)
        assert re.search(r"H01\.1 进入抢救室或手术室 \S+ \S+ 按时完成", told)
