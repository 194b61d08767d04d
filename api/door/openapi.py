"""The OpenAPI document: problem documents by their media type, and the forms of the worklist."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.door.docs import as_problems
from domain.steps.tasks import FORMS

_REF: Final = "#/components/schemas/{model}"


def describe(app: FastAPI) -> None:
    """Complete the application's OpenAPI document when it is first asked for."""
    plain = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            _, forms = models_json_schema(
                [(form, "validation") for form in FORMS.values()], ref_template=_REF
            )
            known = schema.setdefault("components", {}).setdefault("schemas", {})
            for name, definition in forms.get("$defs", {}).items():
                known.setdefault(name, definition)
            for name in FORMS:
                known[name]["additionalProperties"] = False
            app.openapi_schema = as_problems(schema)
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]
