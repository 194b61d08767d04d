"""Reads the medical base from its file; one that does not hold together is refused whole."""

from __future__ import annotations

from pathlib import Path

from adapters.yaml_files import read_model
from domain.claims.medicine import MedicalBase

MEDICAL_BASE = Path(__file__).parent.parent / "data" / "medical-base.yaml"


def load_medical_base(path: Path = MEDICAL_BASE) -> MedicalBase:
    """The base; raises FileRefused with file, line and reason."""
    return read_model(path, MedicalBase)
