"""What every piece of a programme has in common: it is a frozen value that names its source.

A source is a line of the source documents (`000:L330`), a ruling (`C-36`), a section of the
specification, or `inferred` where no source speaks and the file carries our default. What a source
has lost is named in `source_incomplete`, so that nobody takes a default for a promise.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Source = str
"""Where a value comes from: `000:L21`, `C-09`, `section 6.2`, or `inferred`."""


class Terms(BaseModel):
    """A part of a programme, with the place it was taken from."""

    model_config = ConfigDict(frozen=True)

    source: Source = Field(min_length=1)


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
