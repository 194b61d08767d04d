"""Looks for what must not be readable, in any of the shapes in which a machine may have kept it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

SHAPE_MIN = 6
"""Bytes; a shorter text would be found in base64 or hex by chance."""


def shapes(secret: str) -> set[bytes]:
    """A text as UTF-8, UTF-16, escaped JSON, in an address, in hex, and in base64 at any offset."""
    plain = secret.encode()
    found = {plain, secret.encode("utf-16-le"), json.dumps(secret)[1:-1].encode()}
    found.add(quote(secret).encode())
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    for offset in range(3):
        # The first and last letters depend on the neighbours; what is between does not.
        coded = base64.b64encode(b"\0" * offset + plain).rstrip(b"=")
        found |= {coded[4 if offset else 0 : -1], base64.urlsafe_b64encode(plain)[:-4]}
    return {shape for shape in found if len(shape) >= SHAPE_MIN}


class Scanner:
    """Named secrets, and where they stand."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._shapes = {name: shapes(secret) for name, secret in secrets.items()}

    def seen(self, content: bytes) -> set[str]:
        """The names of the secrets that stand in these bytes."""
        return {
            name
            for name, shapes_of in self._shapes.items()
            if any(shape in content for shape in shapes_of)
        }

    def places(self, kept: Iterable[tuple[str, bytes]]) -> set[str]:
        """`place: secret` for all that was found."""
        return {f"{place}: {name}" for place, content in kept for name in self.seen(content)}


def files_under(folder: Path, *, but: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """All bytes of all files under a folder, except what begins with a name of `but`."""
    left_out = tuple(but)
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if path.is_file() and not place.startswith(left_out):
            yield place, path.read_bytes()


def tables_of(url: str) -> Iterator[tuple[str, bytes]]:
    """Every table of a database as binary COPY gives it: no escape hides a byte."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, name in names:
            query = sql.SQL("COPY {}.{} TO STDOUT (FORMAT binary)").format(
                sql.Identifier(schema), sql.Identifier(name)
            )
            with connection.cursor().copy(query) as rows:
                yield f"table {name}", b"".join(bytes(part) for part in rows)
