"""Others' tools, each in a process of its own."""

import os
from pathlib import Path

import pytest

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-counterparts"


@pytest.fixture(scope="session")
def counterpart() -> Path:
    """The Python that has others' tools; skips where it was not set up."""
    python = Path(os.environ.get("DIVERGENT_COUNTERPARTS", ENVIRONMENT)) / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is not there: `make counterparts` sets it up")
    return python
