"""From what a user names to recordings: files, folders, globs, lists, URLs, `synthetic:`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from stream.errors import SourceError
from stream.source.dicom.magic import SUFFIXES as DICOM
from stream.source.dicom.magic import is_unnamed_dicom
from stream.source.images import SUFFIXES as PICTURES
from stream.source.images import natural_key
from stream.source.synthetic.address import SCHEME as SYNTHETIC
from stream.source.synthetic.address import parse_address
from stream.tally import Tally

RECORDINGS = frozenset(
    {".264", ".265", ".3gp", ".asf", ".avi", ".divx", ".dv", ".flv", ".h264", ".h265", ".hevc"}
    | {".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"}
    | {".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""What names of recordings end in; in a folder nothing else is looked at, but for DICOM."""

JOURNAL = "journal.jsonl"
"""A folder that holds one holds outputs, and is not searched."""

OUTPUT_ENDINGS = (".partial", ".masks", ".frames", ".segmentation")
"""`NAME.partial.mp4`, `NAME.masks.mp4` and folders `NAME.masks`, `NAME.frames` are outputs."""

LIST_SIGN = "@"

BESIDE = "pictures that lie beside recordings are left out"


@dataclass(frozen=True, slots=True)
class Listed:
    """A recording that was named, or found where a user pointed.

    Attributes:
        name: what `open_recording` takes.
        place: below the folder that was named, without suffix: what its outputs are called.
    """

    name: str
    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Listing:
    """All that was named.

    Attributes:
        recordings: in the order they were named; within a folder in natural order.
        several: whether they were named as one or as however many there are.
    """

    recordings: tuple[Listed, ...]
    several: bool


def list_recordings(
    inputs: Sequence[str], *, outputs: Path | None = None, warnings: Tally | None = None
) -> Listing:
    """Find the recordings that a user names.

    A folder is searched with all below it, links followed; hidden names and earlier outputs
    are left out. Pictures in a folder without recordings are one recording. A name with `*`,
    `?` or `[` that no file has is a glob (`**` reaches any depth), and `@FILE` is a list, one
    name a line. A recording that is named twice is taken once.

    Args:
        inputs: as typed.
        outputs: a folder that is not searched.
        warnings: counts what is left out.

    Returns:
        Files that are named outright are listed whether they exist or not.

    Raises:
        SourceError: a folder holds nothing, a glob fits nothing, a list cannot be read.
    """
    search = _Search(outputs, warnings if warnings is not None else Tally())
    several = len(inputs) > 1
    listed: dict[str, Listed] = {}
    for name in inputs:
        try:
            for found, alone in search.find(name):
                several = several or not alone
                listed.setdefault(_identity(found.name), found)
        except OSError as problem:
            raise SourceError(f"{name}: {problem.strerror}") from problem
    return Listing(tuple(listed.values()), several)


class _Search:
    """Finds recordings; every folder is entered once."""

    def __init__(self, outputs: Path | None, warnings: Tally) -> None:
        self._outputs = outputs.resolve() if outputs is not None else None
        self._warnings = warnings

    def find(self, name: str) -> Iterator[tuple[Listed, bool]]:
        """Recordings under one name, each with whether it is the only one that could be meant."""
        path = Path(name)
        if name.startswith(SYNTHETIC):
            yield Listed(name, PurePosixPath(f"synthetic-{parse_address(name).seed}")), True
        elif "://" in name:
            last = PurePosixPath(unquote(urlsplit(name).path)).stem
            yield Listed(name, PurePosixPath(last or urlsplit(name).hostname or "stream")), True
        elif path.is_dir():
            found = list(self._below(path, path))
            if not found:
                raise SourceError(f"{name}: a folder without recordings or pictures")
            whole = len(found) == 1 and Path(found[0].name) == path
            yield from ((one, whole) for one in found)
        elif path.exists():
            yield Listed(name, PurePosixPath(path.stem)), True
        elif name.startswith(LIST_SIGN):
            for line in _lines(Path(name.removeprefix(LIST_SIGN))):
                yield from ((found, False) for found, _ in self.find(line))
        elif has_magic(name):
            yield from ((found, False) for found in self._fitting(name))
        else:
            yield Listed(name, PurePosixPath(path.stem)), True

    def _fitting(self, pattern: str) -> Iterator[Listed]:
        """What a glob fits: recordings, and folders with all below them."""
        parts = Path(pattern).parts
        fixed = Path(*takewhile(lambda part: not has_magic(part), parts))
        found: list[Listed] = []
        for path in sorted(fixed.glob(str(Path(pattern).relative_to(fixed))), key=_natural_path):
            place = _below(path, fixed)
            if any(part.startswith(".") for part in place.parts):
                continue
            if path.is_dir():
                found += self._below(path, fixed)
            elif _is_recording(path):
                found.append(Listed(str(path), place.with_suffix("")))
        if not found:
            raise SourceError(f"{pattern}: fits no recording")
        yield from found

    def _below(self, top: Path, base: Path) -> Iterator[Listed]:
        """The recordings in a folder and in those below it, placed as they lie below `base`."""
        seen: set[tuple[int, int]] = set()
        for folder, folders, files in os.walk(top, followlinks=True, onerror=self._pass_over):
            here = Path(folder)
            facts = here.stat()
            if (facts.st_dev, facts.st_ino) in seen or self._holds_outputs(here, top, files):
                folders.clear()
                continue
            seen.add((facts.st_dev, facts.st_ino))
            kept = (name for name in folders if _is_searched(name))
            folders[:] = sorted(kept, key=lambda name: natural_key(Path(name)))
            yield from self._in_one(here, base, files)

    def _pass_over(self, problem: OSError) -> None:
        self._warnings.add(f"{problem.filename} is left out: {problem.strerror}")

    def _holds_outputs(self, folder: Path, top: Path, files: Iterable[str]) -> bool:
        if self._outputs is not None and folder.resolve() == self._outputs:
            if folder == top:
                raise SourceError(f"{top}: is the outputs' own folder: name another for them")
            return True
        if JOURNAL in files and folder != top:
            self._warnings.add(f"{folder} holds the outputs of an earlier run and is left out")
            return True
        return False

    def _in_one(self, folder: Path, base: Path, files: Iterable[str]) -> Iterator[Listed]:
        """The recordings right inside a folder, or the folder where its pictures are one."""
        paths = sorted((folder / name for name in files if name[0] != "."), key=natural_key)
        recordings = [path for path in paths if _is_recording(path)]
        pictures = sum(path.suffix.lower() in PICTURES for path in paths)
        for path in recordings:
            yield Listed(str(path), _below(path.with_suffix(""), base))
        if pictures and recordings:
            self._warnings.add(BESIDE, pictures)
        elif pictures:
            place = _below(folder, base)
            yield Listed(str(folder), place if place.name else PurePosixPath(base.resolve().name))


def _is_recording(path: Path) -> bool:
    return (
        not path.name.startswith(".")
        and not path.stem.endswith(OUTPUT_ENDINGS)
        and path.is_file()
        and (path.suffix.lower() in RECORDINGS | DICOM or is_unnamed_dicom(path))
    )


def _is_searched(folder: str) -> bool:
    return not folder.startswith(".") and not folder.endswith(OUTPUT_ENDINGS)


def _below(path: Path, top: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(top).as_posix())


def _natural_path(path: Path) -> list[list[tuple[int, str]]]:
    return [natural_key(Path(part)) for part in path.parts]


def _lines(path: Path) -> Iterator[str]:
    """Names in a list: one a line, empty ones and those after # left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        said = getattr(problem, "strerror", None) or "is no text"
        raise SourceError(f"{path}: the list cannot be read: {said}") from problem
    names = [line.strip() for line in text.splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    if not names:
        raise SourceError(f"{path}: an empty list")
    if any(name.startswith(LIST_SIGN) for name in names):
        raise SourceError(f"{path}: a list cannot name other lists")
    yield from names


def _identity(name: str) -> str:
    """What two names of the same recording have in common."""
    if "://" in name or name.startswith(SYNTHETIC):
        return name
    return str(Path(name).resolve())
