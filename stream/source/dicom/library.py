"""pydicom, imported so that it keeps to itself: its remarks may quote a patient's name."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream.errors import SourceError


def need_pydicom(path: Path) -> Any:
    """The library.

    Args:
        path: of the file that needs it.

    Raises:
        SourceError: it is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise SourceError(
            f"{path}: is DICOM, and pydicom is not installed: install the extra `dicom`"
        ) from None
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    return pydicom


@contextmanager
def in_silence() -> Iterator[None]:
    """Let the library warn nobody: what it would say of a value quotes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
