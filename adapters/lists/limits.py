"""How much of a list is read: apart from what reads it, so that a command's help can name it."""

from typing import Final

ROWS_MAX: Final = 150_000
"""So many rows are read unless the operator says more: a guard against the wrong file."""
CELL_MAX: Final = 500
"""Characters of a cell; no column of a list needs more."""
