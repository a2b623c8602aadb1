"""The two kinds of file that torch.save has written: a zip archive, and before 1.6 a stream.

Both hold a pickle and, apart from it, the tensors' numbers; those are read only when they are
asked for, so that what no network needs stays where it is.
"""

import io
import struct
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nets.errors import ReleaseError
from nets.release import names
from nets.release.records import Name, Storage, StoredTensor
from nets.release.unpickler import read_pickle, shown

LARGEST_READ = 8 * 2**20
"""Bytes of a pickle, of an archive's directory; the authors' TriUNet has 0.4 and 0.2 MB of them."""

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER
LEGACY_VERSION = 1001
COUNT = struct.Struct("<q")


class Release(Protocol):
    """A file of the authors' kind.

    Attributes:
        root: what was saved, as `nets.release.records`.
    """

    root: Any

    def numbers(self, storage: Storage) -> bytearray:
        """All bytes of a storage."""
        ...


@contextmanager
def open_release(path: Path) -> Iterator[Release]:
    """Open a file and read its pickle.

    Raises:
        ReleaseError: it is missing, damaged, or holds what such a file does not need.
    """
    try:
        file = _Frugal(path)
    except OSError as error:
        raise ReleaseError(error.strerror or "cannot be opened") from error
    with file:
        start = file.read(4)
        file.seek(0)
        if start == b"PK\x03\x04":
            yield _Archive(file)
        elif start.startswith(b"\x80\x02"):
            yield _Stream(file)
        else:
            raise ReleaseError("no file that torch.save has written")


def read_tensor(release: Release, tensor: StoredTensor) -> NDArray[Any]:
    """A tensor's numbers, of their own memory.

    Returns:
        Of the tensor's shape, float32 or int64.
    """
    little = np.dtype(tensor.storage.dtype).newbyteorder("<")
    return np.frombuffer(release.numbers(tensor.storage), little).reshape(tensor.shape)


class _Frugal(io.FileIO):
    """A file of which nobody reads much at once, whatever sizes it claims."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > LARGEST_READ:
            raise ReleaseError("its directory is larger than any such file's: refused")
        return super().read(size)


class _Archive:
    """A zip archive: `NAME/data.pkl`, and `NAME/data/KEY` for each storage; nothing compressed."""

    def __init__(self, file: io.FileIO) -> None:
        with _told_in_a_line():
            self._archive = zipfile.ZipFile(file)
        self._records = {info.filename: info for info in self._archive.infolist()}
        pickles = [name for name in self._records if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ReleaseError("an archive, but none that torch.save has written")
        self._folder = pickles[0].removesuffix("data.pkl")
        content = self._content(pickles[0], LARGEST_READ)
        self.root = read_pickle(io.BytesIO(content), _Storages())

    def numbers(self, storage: Storage) -> bytearray:
        content = self._content(f"{self._folder}data/{storage.key}", storage.size_bytes)
        if len(content) != storage.size_bytes:
            raise ReleaseError(f"its storage {storage.key} is not as long as it says")
        return content

    def _content(self, name: str, most: int) -> bytearray:
        info = self._records.get(name)
        if info is None:
            raise ReleaseError(f"a damaged archive ({shown(name)} is missing)")
        if info.compress_type != zipfile.ZIP_STORED:
            raise ReleaseError(f"{shown(name)} in it is compressed, as torch.save never does")
        if info.file_size > most:
            raise ReleaseError(f"{shown(name)} in it is larger than it should be: refused")
        content = bytearray()
        with _told_in_a_line(), self._archive.open(info) as record:
            while chunk := record.read(LARGEST_READ):
                content += chunk
        return content


@contextmanager
def _told_in_a_line() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ReleaseError(f"a damaged archive ({shown(str(error))})") from error


class _Stream:
    """Pickles one after another, then each storage: a count, and that many numbers."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        head = io.BytesIO(file.read(LARGEST_READ))
        nothing = _Storages()
        if read_pickle(head, nothing) != LEGACY_MAGIC:
            raise ReleaseError("a pickle, but none that torch.save has written: refused")
        if read_pickle(head, nothing) != LEGACY_VERSION:
            raise ReleaseError("of a version of torch.save that is not known")
        machine = read_pickle(head, nothing)
        if not (isinstance(machine, dict) and machine.get("little_endian") is True):
            raise ReleaseError("written on a big-endian machine")
        storages = _Storages()
        self.root = read_pickle(head, storages)
        self._places = self._find(read_pickle(head, nothing), storages, head.tell())

    def numbers(self, storage: Storage) -> bytearray:
        content = bytearray(storage.size_bytes)
        self._file.seek(self._places[storage.key])
        self._file.readinto(content)
        return content

    def _find(self, keys: Any, storages: "_Storages", position: int) -> dict[str, int]:
        """Where each storage's numbers begin; all of them are in the file."""
        named = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
        if not named or sorted(keys) != sorted(storages.known):
            raise ReleaseError("damaged: its storages are not those that its pickle names")
        size = self._file.seek(0, io.SEEK_END)
        places = {}
        for key in keys:
            storage = storages.known[key]
            self._file.seek(position)
            if self._file.read(COUNT.size) != COUNT.pack(storage.count):
                raise ReleaseError(f"its storage {shown(key)} is not as long as it says")
            places[key] = position + COUNT.size
            position = places[key] + storage.size_bytes
        if position != size:
            raise ReleaseError("damaged: it ends before or behind its last storage")
        return places


class _Storages:
    """What a pickle's persistent ids stand for: storages, and in the older files classes."""

    def __init__(self) -> None:
        self.known: dict[str, Storage] = {}

    def __call__(self, identity: Any) -> Storage | Name:
        match identity:
            case ("module", Name() as name, None | str(), None | str()):
                return name
            case ("storage", Name(kind), str(key), str(), int(count), *rest) if (
                kind in names.STORAGES and key.isalnum() and key.isascii()
                and 0 <= count < sys.maxsize and rest in ([], [None])
            ):  # fmt: skip
                storage = Storage(key, names.STORAGES[kind], count)
                if self.known.setdefault(key, storage) == storage:
                    return storage
        raise ReleaseError("it refers to something that is no storage of such a file: refused")
