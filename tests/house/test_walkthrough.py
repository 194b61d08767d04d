"""The walkthrough of the door does what it says, against `make up` as a person starts it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.files import ROOT, text_of
from tests.house.test_commands import environment, up

PAGE = Path("docs/walkthrough.md")


def script() -> str:
    """Every block a person types beside the running house, as one script."""
    return "\n".join(re.findall(r"```bash\n(.*?)```", text_of(PAGE), flags=re.DOTALL))


@pytest.mark.slow
def test_the_walkthrough_leads_to_a_paid_deposit(tmp_path: Path) -> None:
    env = environment(tmp_path / "var")
    with up(env, tmp_path / "up.log"):
        walked = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script()],
            cwd=ROOT,
            env=env,
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert "住院中 50000.00 450000.00" in walked.stdout
    assert " paid 50000.00 " in walked.stdout
