"""What several test folders share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data's folder; skips where there is none."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DIVERGENT_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; DIVERGENT_DATA may point to it")
    return folder
