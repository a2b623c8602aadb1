"""What is DICOM, told without the library that reads it."""

from pathlib import Path

SUFFIXES = frozenset({".dcm", ".dicom"})

DIRECTORY = "DICOMDIR"
"""A list of the files on a medium, itself DICOM (PS3.10, section 8.6)."""

PREAMBLE = 128
"""Bytes before the four that say DICM (PS3.10, section 7.1)."""


def holds_dicom(path: Path) -> bool:
    """Whether a file says of itself that it is DICOM; pipes and devices are left unread."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"
    except OSError:
        return False


def is_dicom(name: str) -> bool:
    """Whether a name is of a DICOM file: by its suffix, or by what is in it."""
    if "://" in name:
        return False
    path = Path(name)
    return (path.suffix.lower() in SUFFIXES and not path.is_dir()) or holds_dicom(path)


def is_unnamed_dicom(path: Path) -> bool:
    """Whether a file is DICOM though no suffix says so, as in the exports of archives.

    Their names are numbers or UIDs: what follows the last point, if there is one, is a number.
    """
    suffix = path.suffix[1:]
    return (not suffix or suffix.isdigit()) and path.name != DIRECTORY and holds_dicom(path)
