"""The JSON Schema of a programme file, for editors: keys, values and words while one types.

It is written from the model by a command and checked in; a test says when it is behind. What must
hold between the parts of a file is checked when the file is read.
"""

import json
from pathlib import Path
from typing import Any

from adapters.programmes.files import PROGRAMMES
from domain.programmes.programme import Programme

SCHEMA = PROGRAMMES / "schema" / "programme.schema.json"


def schema_text() -> str:
    """The schema as it is checked in: strict like the reader, keys in order, one newline."""
    schema = Programme.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "greenlane programme"
    _forbid_unknown_keys(schema)
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_schema(path: Path = SCHEMA) -> bool:
    """Write the schema; False when it was current already."""
    text = schema_text()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _forbid_unknown_keys(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
        for inner in part.values():
            _forbid_unknown_keys(inner)
    elif isinstance(part, list):
        for inner in part:
            _forbid_unknown_keys(inner)
