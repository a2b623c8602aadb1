"""pydicom, imported so that it keeps to itself: its remarks may quote a patient's name."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nets.extras import require


def need_pydicom(path: Path) -> Any:
    """The library.

    Args:
        path: of the file that needs it.

    Raises:
        MissingExtraError: it is not installed.
    """
    require("pydicom", "dicom", f"{path}: DICOM")
    import pydicom

    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    return pydicom


@contextmanager
def in_silence() -> Iterator[None]:
    """Let the library warn nobody: what it would say of a value quotes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
