"""Every setting greenlane reads, with its default; the only place that looks at the environment.

Nothing has to be set: the default is one machine, with servers of its own under `./var`. What a
person may set is named in `.env.example` and described in `docs/settings.md`; a test keeps the
three alike. Variables start with GREENLANE_, except the two the ecosystem named: DATABASE_URL, and
the TEMPORAL_* variables, which the Temporal SDK's own `envconfig` reads.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from adapters.encryption.keyfiles import (
    KEY_BYTES,
    kept,
    random_key,
    random_key_ring,
    random_signing_key,
    random_webhook_secret,
)

ROOT = Path(__file__).resolve().parent.parent

Partner = Literal[
    "payment",
    "dispatch",
    "messaging",
    "claims",
    "social",
    "bills",
    "courier",
    "lab",
    "hospitals",
]
PARTNERS: tuple[Partner, ...] = get_args(Partner)

Reporter = Literal["telephone", "roster"]
"""Partners that only report to us; nothing is asked of them."""

# Where the simulator plays each partner, below its address.
_SIMULATED: dict[Partner, str] = {
    "payment": "payment/v1",
    "dispatch": "nurse/v1",
    "messaging": "message/v1",
    "claims": "claims/v1",
    "social": "social/v1",
    "bills": "bills/v1",
    "courier": "courier/v1",
    "lab": "lab/v1",
    "hospitals": "hospitals/v1",
}


LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""How this machine calls itself."""

Address = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
"""Where somebody is reached over HTTP."""


_ORIGIN: Final = re.compile(r"https?://[^\s/]+", re.ASCII)


class SettingMissing(RuntimeError):
    """What a command needs and nobody set; the text names the variable."""


class SettingsRefused(ValueError):
    """Wrong values: a line for each, which names its variable and does not repeat it."""


class Settings(BaseSettings):
    """The settings of one process. Read once at the edge and handed on."""

    model_config = SettingsConfigDict(
        env_prefix="GREENLANE_",
        env_file=ROOT / ".env",
        env_ignore_empty=True,  # `GREENLANE_KEYS=` means "not set", as in the example file
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    var: Path = Path("var")
    listen: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=1, le=65_535)
    simulator_port: int = Field(default=8090, ge=1, le=65_535)
    temporal_port: int = Field(default=7233, ge=1, le=65_535)
    temporal_ui_port: int = Field(default=8233, ge=1, le=65_535)

    worker_metrics_port: int | None = Field(default=None, ge=1, le=65_535)

    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        repr=False,  # it may carry a password
    )
    temporal_address: str | None = Field(
        default=None, validation_alias=AliasChoices("TEMPORAL_ADDRESS", "temporal_address")
    )
    temporal_ui_url: Address | None = None
    local_ui: bool = False  # `make up` on its own servers says so to its door
    task_queue: str = "greenlane"

    keys: SecretStr | None = None
    lookup_key: SecretStr | None = None

    jwt_issuer: str = "greenlane"
    jwt_audience: str = "greenlane"
    jwt_jwks_url: Address | None = None
    jwt_signing_key: SecretStr | None = None

    payment_url: Address | None = None
    dispatch_url: Address | None = None
    messaging_url: Address | None = None
    claims_url: Address | None = None
    social_url: Address | None = None
    bills_url: Address | None = None
    courier_url: Address | None = None
    lab_url: Address | None = None
    hospitals_url: Address | None = None
    payment_secret: SecretStr | None = None
    dispatch_secret: SecretStr | None = None
    messaging_secret: SecretStr | None = None
    claims_secret: SecretStr | None = None
    telephone_secret: SecretStr | None = None
    roster_secret: SecretStr | None = None
    social_secret: SecretStr | None = None
    bills_secret: SecretStr | None = None
    courier_secret: SecretStr | None = None
    lab_secret: SecretStr | None = None
    hospitals_secret: SecretStr | None = None
    coordinated: str | None = None
    steward_phone: str | None = Field(default=None, pattern=r"^\+?[0-9-]{5,20}$")

    programmes_path: str | None = None
    calendar_path: Path = ROOT / "data" / "calendars"
    cors_origins: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def programme_folders(self) -> tuple[Path, ...]:
        """The folders of the programme files: ours, then the user's own, in the order given."""
        own = (self.programmes_path or "").split(os.pathsep)
        return (ROOT / "programmes", *(Path(folder).expanduser() for folder in own if folder))

    @field_validator("var")
    @classmethod
    def _absolute(cls, var: Path) -> Path:
        return var.expanduser().absolute()

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: str | None) -> str | None:
        """Origins as a browser names them; another form would quietly match none."""
        named = [part.strip() for part in (origins or "").split(",") if part.strip()]
        if not all(_ORIGIN.fullmatch(part) for part in named):
            raise ValueError("names no origins: http(s)://host[:port], comma between")
        return origins

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.split("+")[0] not in {"postgres", "postgresql"}:
            raise ValueError("DATABASE_URL must begin with postgresql://")
        return f"postgresql://{rest}"

    @model_validator(mode="after")
    def _keys_hold(self) -> Self:
        """A malformed key stops the process at its start, not at the first patient."""
        if self.keys is not None:
            _parse_ring(self.keys.get_secret_value())
        if self.lookup_key is not None:
            _decode("GREENLANE_LOOKUP_KEY", self.lookup_key.get_secret_value())
        return self

    @model_validator(mode="after")
    def _each_partner_has_its_secret(self) -> Self:
        """A partner of flesh and blood does not sign with the simulator's secret."""
        for partner in PARTNERS:
            address, secret = getattr(self, f"{partner}_url"), getattr(self, f"{partner}_secret")
            if address is not None and secret is None and not _is_here(address):
                name = f"GREENLANE_{partner.upper()}"
                raise ValueError(f"{name}_SECRET is missing: {name}_URL names a real partner")
        return self

    # Servers --------------------------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def ui_url(self) -> str:
        """Where a supervisor opens the Temporal UI."""
        return self.temporal_ui_url or f"http://127.0.0.1:{self.temporal_ui_port}"

    @property
    def sqlalchemy_url(self) -> str:
        """The database for SQLAlchemy, with its driver named. Raises when no database is known."""
        return self.libpq_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def libpq_url(self) -> str:
        """The database for psycopg and the command-line tools."""
        if self.database_url is None:
            raise SettingMissing("no database is known: set DATABASE_URL, or let `cli.py up` serve")
        return self.database_url

    def temporal_connect_config(self) -> ClientConnectConfig:
        """What `Client.connect` takes, as the ecosystem's TEMPORAL_* variables say.

        A profile file in the home folder counts only when TEMPORAL_PROFILE or TEMPORAL_CONFIG_FILE
        asks for it: a demo must not land on somebody's production by habit.
        """
        asked_for_file = any(
            os.environ.get(name) for name in ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
        )
        config = ClientConfig.load_client_connect_config(disable_file=not asked_for_file)
        if self.temporal_address is not None:
            config["target_host"] = self.temporal_address
        return config

    @property
    def temporal_is_given(self) -> bool:
        """Whether a Temporal server was named, so that none is started."""
        return "target_host" in self.temporal_connect_config()

    @property
    def temporal_target(self) -> str:
        """Host and port of the Temporal server, for a person."""
        return self.temporal_connect_config().get("target_host", "")

    # Secrets --------------------------------------------------------------------------------------

    @property
    def key_folder(self) -> Path:
        return self.var / "keys"

    @cached_property
    def key_ring(self) -> tuple[tuple[str, bytes], ...]:
        """Encryption keys as (id, 32 bytes), newest first: encrypt with [0], decrypt with any."""
        return _parse_ring(self._secret(self.keys, "ring", random_key_ring))

    @cached_property
    def lookup_key_bytes(self) -> bytes:
        """The key of the keyed hash that finds a person by ID number or phone."""
        text = self._secret(self.lookup_key, "lookup", random_key)
        return _decode("GREENLANE_LOOKUP_KEY", text)

    @cached_property
    def signing_key_pem(self) -> str:
        """The private key the embedded issuer signs tokens with (ES256)."""
        pem = self._secret(self.jwt_signing_key, "jwt.pem", random_signing_key)
        return pem.replace("\\n", "\n")  # as an environment file writes line breaks

    def partner_url(self, partner: Partner) -> str:
        """Where a partner is reached; the simulator when nothing is set. No trailing slash."""
        given: str | None = getattr(self, f"{partner}_url")
        return (given or f"{self.simulator_url}/{_SIMULATED[partner]}").rstrip("/")

    def partner_secret(self, partner: Partner | Reporter) -> str:
        """The secret a partner signs its callbacks with, `whsec_…`; the simulator's by default."""
        given: SecretStr | None = getattr(self, f"{partner}_secret")
        return self.simulator_secret if given is None else given.get_secret_value()

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def simulator_secret(self) -> str:
        """One secret for all the partners the simulator plays, made on first use."""
        return kept(self.key_folder, "webhook-simulator", random_webhook_secret)

    @property
    def simulator_is_needed(self) -> bool:
        """Whether any partner is left to the simulator."""
        return any(getattr(self, f"{partner}_url") is None for partner in PARTNERS)

    @property
    def coordinated_programmes(self) -> frozenset[str]:
        """Programmes whose hospitals are asked over the wire as well as by a dispatcher."""
        codes = (code.strip() for code in (self.coordinated or "").split(","))
        return frozenset(code for code in codes if code)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Browser origins that may call the door: the Temporal UI, for its decode requests."""
        if self.cors_origins is not None:
            return tuple(part.strip() for part in self.cors_origins.split(",") if part.strip())
        return (
            f"http://127.0.0.1:{self.temporal_ui_port}",
            f"http://localhost:{self.temporal_ui_port}",
        )

    def prepare_secrets(self) -> None:
        """Make every secret that is not set, before several processes ask for it."""
        _ = (self.key_ring, self.lookup_key_bytes)
        if self.jwt_jwks_url is None:
            _ = self.signing_key_pem
        _ = self.simulator_secret

    def _secret(self, given: SecretStr | None, name: str, make: Callable[[], str]) -> str:
        if given is not None:
            return given.get_secret_value()
        return kept(self.key_folder, name, make)


def _is_here(address: str) -> bool:
    """Whether an address is on this machine, where only simulators are."""
    return urlsplit(address).hostname in LOOPBACK


def _parse_ring(text: str) -> tuple[tuple[str, bytes], ...]:
    """Read `id:base64,id:base64`. Raises ValueError without repeating the secret."""
    ring: list[tuple[str, bytes]] = []
    for entry in text.split(","):
        key_id, separator, encoded = entry.strip().partition(":")
        if not separator or not key_id:
            raise ValueError("GREENLANE_KEYS must read id:base64[,id:base64…], newest first")
        ring.append((key_id, _decode(f"key {key_id} of GREENLANE_KEYS", encoded)))
    if len({key_id for key_id, _ in ring}) != len(ring):
        raise ValueError("GREENLANE_KEYS names one key id twice")
    return tuple(ring)


def _decode(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError(f"{name} is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"{name} must be {KEY_BYTES} bytes in base64")
    return key


def variable_of(field: str) -> str:
    """The environment variable that sets a field; a variable's own name stays."""
    known = Settings.model_fields.get(field)
    if known is None:
        return field
    if isinstance(known.validation_alias, AliasChoices):
        return str(known.validation_alias.choices[0])
    return f"{Settings.model_config.get('env_prefix', '')}{field.upper()}"


def read_settings() -> Settings:
    """The settings of this process; raises SettingsRefused where a value is wrong."""
    try:
        settings = Settings()
    except ValidationError as wrong:
        found = wrong.errors(include_input=False, include_url=False)
        lines = [
            f"{variable_of(str(error['loc'][0])) if error['loc'] else 'settings'}: "
            f"{error['msg'].removeprefix('Value error, ')}"
            for error in found
        ]
        raise SettingsRefused("\n".join(lines)) from None
    folders = {
        "programmes_path": settings.programme_folders,
        "calendar_path": (settings.calendar_path,),
    }
    gone = [name for name, named in folders.items() if not all(one.is_dir() for one in named)]
    if gone:
        lines = [f"{variable_of(name)}: names a folder that is not there" for name in gone]
        raise SettingsRefused("\n".join(lines))
    return settings
