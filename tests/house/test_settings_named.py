"""The settings that exist, the example file, the compose file and the document name the same."""

import json
import os
import re
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from adapters.encryption.keyfiles import random_key, random_key_ring
from adapters.settings import (
    PARTNERS,
    SettingMissing,
    Settings,
    SettingsRefused,
    read_settings,
    variable_of,
)
from tests.house.files import ROOT, project_files, text_of

# Read by docker-compose.yml alone, to fill in settings or another image's variables.
FOR_COMPOSE = {"GREENLANE_WEBHOOK_SECRET", "POSTGRES_PASSWORD", "TEMPORAL_POSTGRES_PASSWORD"}
# Read by the simulator, which is somebody else's system.
FOR_SIMULATOR = {"SIMULATOR_STATE", "SIMULATOR_CALLBACK_BASE", "SIMULATOR_SECRET"}
OURS = ("migrate", "worker", "api", "simulator")
UNSAFE_UI_ACTIONS = ("TERMINATE", "CANCEL", "RESET", "SIGNAL")


def known_variables() -> set[str]:
    """The environment's name of every setting."""
    return {variable_of(field) for field in Settings.model_fields}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GREENLANE_CORS_ORIGINS", "https://ui.example, foo"),
        ("GREENLANE_PROGRAMMES_PATH", f"{ROOT}{os.pathsep}/nope"),
        ("GREENLANE_CALENDAR_PATH", "/nope"),
        ("GREENLANE_PAYMENT_URL", "pay.nope"),
        ("GREENLANE_API_PORT", "nope"),
        ("DATABASE_URL", "nope://"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsRefused) as refused:
        read_settings()
    [line] = str(refused.value).splitlines()
    assert line.startswith(f"{variable}: ")
    assert "nope" not in line
    assert "foo" not in line


def test_a_database_that_is_needed_and_not_named_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SettingMissing, match="DATABASE_URL"):
        _ = Settings(_env_file=None).libpq_url


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text_of(Path("docker-compose.yml")))
    return found


def test_the_example_file_names_every_setting_and_no_other() -> None:
    lines = text_of(Path(".env.example")).splitlines()
    named = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert len(named) == len(set(named))
    assert set(named) == known_variables() | FOR_COMPOSE


def test_the_example_file_is_read_as_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    example = Settings(_env_file=ROOT / ".env.example")
    default = Settings()
    assert example.model_dump() == default.model_dump()


def test_the_document_describes_every_setting() -> None:
    document = text_of(Path("docs/settings.md"))
    missing = {name for name in known_variables() | FOR_COMPOSE if f"`{name}`" not in document}
    assert missing == set()
    mentioned = set(re.findall(r"`(GREENLANE_[A-Z_]+)`", document))
    assert mentioned <= known_variables() | FOR_COMPOSE


def test_the_compose_file_follows_the_compose_schema(compose: dict[str, Any]) -> None:
    """The schema is the one check-jsonschema carries, so that it comes with the lock."""
    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.validate(compose, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"api": {"imagine": "x"}}}, schema)


def test_the_compose_file_sets_only_what_exists(compose: dict[str, Any]) -> None:
    for name in OURS:
        unknown = set(compose["services"][name]["environment"]) - known_variables()
        assert unknown <= FOR_SIMULATOR, f"{name}: {sorted(unknown)}"


def test_the_compose_file_interpolates_only_what_the_example_names() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text_of(Path("docker-compose.yml"))))
    assert used <= known_variables() | FOR_COMPOSE


def test_the_compose_file_gives_a_worker_everything_it_asks_for(
    compose: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container no secret may be made up: the next one would not see it."""
    filled = {
        name: _filled(value) for name, value in compose["services"]["worker"]["environment"].items()
    }
    for name, value in filled.items():
        monkeypatch.setenv(name, value)
    settings = Settings(var=tmp_path)
    assert settings.temporal_target == "temporal:7233"
    assert settings.libpq_url.startswith("postgresql://greenlane_app:")
    _ = (settings.key_ring, settings.lookup_key_bytes, settings.signing_key_pem)
    for partner in PARTNERS:
        assert settings.partner_url(partner).startswith("http://simulator:8090/")
        assert settings.partner_secret(partner).startswith("whsec_")
    assert not settings.key_folder.exists()
    monkeypatch.undo()
    assert "GREENLANE_KEYS" not in os.environ


def _filled(value: str) -> str:
    """As Compose fills it in, the innermost variable first."""
    while "${" in value:
        value = re.sub(r"\$\{([A-Z_]+):?[-?]?([^{}]*)\}", _fill, value)
    return value


def _fill(found: re.Match[str]) -> str:
    secrets = {
        "GREENLANE_KEYS": random_key_ring(),
        "GREENLANE_LOOKUP_KEY": random_key(),
        "GREENLANE_JWT_SIGNING_KEY": "pem",
        "GREENLANE_WEBHOOK_SECRET": f"whsec_{random_key()}",
        "POSTGRES_PASSWORD": "pass",
    }
    return secrets.get(found[1], found[2])


def test_the_compose_file_listens_on_this_machine_only(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        image = service["image"]
        assert ":" in image, name
        assert not image.endswith(":latest"), name


def test_the_shipped_ui_cannot_end_a_case(compose: dict[str, Any]) -> None:
    ui = compose["services"]["temporal-ui"]["environment"]
    assert ui["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"
    for action in UNSAFE_UI_ACTIONS:
        assert ui[f"TEMPORAL_WORKFLOW_{action}_DISABLED"] == "true"
    assert ui["TEMPORAL_CODEC_ENDPOINT"].endswith("/codec")


def test_only_the_settings_read_the_environment() -> None:
    allowed = {
        "adapters/settings.py",
        "adapters/servers/processes.py",  # hands it on to children
        "adapters/servers/serving.py",
        "adapters/servers/postgres.py",  # keeps PG* from the server
        "adapters/servers/temporal.py",  # keeps TEMPORAL_* from the server
        "cli.py",  # speaks to the simulator in its own variables
        "simulator/settings.py",  # somebody else's system
    }
    for path in project_files():
        if path.suffix == ".py" and path.parts[0] != "tests" and str(path) not in allowed:
            assert not re.search(r"os\.(environ|getenv)", text_of(path)), path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GREENLANE_KEYS", "k1:too-short"),
        ("GREENLANE_KEYS", "no separator"),
        ("GREENLANE_LOOKUP_KEY", "c2hvcnQ="),
        ("GREENLANE_API_PORT", "99999"),
        ("DATABASE_URL", "mysql://x"),
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    said = str(refused.value.errors(include_input=False, include_url=False))
    assert name.removeprefix("GREENLANE_").lower() in said.lower()


@pytest.mark.parametrize(
    "wrong",
    [
        {"payment_url": "ftp://pay.example"},
        {"payment_url": "https://pay.example/v1"},  # and no secret of its own
        {"jwt_jwks_url": "issuer.example/keys"},
    ],
    ids=str,
)
def test_an_address_that_cannot_be_right_stops_a_command_at_its_start(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)
    secret = f"whsec_{random_key()}"
    assert Settings(payment_url="https://pay.example/v1", payment_secret=secret).payment_url
