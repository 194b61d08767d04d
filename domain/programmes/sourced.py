"""What every piece of a programme has in common: it is a frozen value that names its source.

A source is a line of the source documents (`000:L330`), a ruling (`C-36`), a section of the
specification, or `inferred` where no source speaks and the file carries our default. What a source
has lost is named in `source_incomplete`, so that nobody takes a default for a promise.
"""

from functools import cache
from typing import Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

_EMPTY: Final[tuple[Any, ...]] = (None, "", (), [])

Source = str
"""Where a value comes from: `000:L21`, `C-09`, `section 6.2`, or `inferred`."""


class Terms(BaseModel):
    """A part of a programme, with the place it was taken from."""

    model_config = ConfigDict(frozen=True)

    source: Source = Field(min_length=1)

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A case carries its programme in every run: what nothing was said of is not written."""
        written: dict[str, Any] = handler(self)
        silent = _may_be_left_out(type(self))
        return {
            key: value for key, value in written.items() if key not in silent or value not in _EMPTY
        }


@cache
def _may_be_left_out(kind: type[Terms]) -> frozenset[str]:
    """The fields that are empty when nothing is said of them; looked up once for each kind."""
    fields = kind.model_fields.items()
    return frozenset(name for name, field in fields if field.default in _EMPTY)


class Incomplete(Terms):
    """A part whose source is cut off or lost in places: `source_incomplete` names the keys."""

    source_incomplete: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Self:
        unknown = set(self.source_incomplete) - set(type(self).model_fields)
        if unknown:
            raise ValueError(f"source_incomplete names no key here: {min(unknown)!r}")
        return self

    def has_lost(self, key: str) -> bool:
        """Whether the source once said this and no longer does."""
        return key in self.source_incomplete
