"""Folders of PNG that get their name when they are whole."""

import re
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from stream.errors import OutputExistsError, SinkError
from stream.finishing import partial_of, reason_of

OURS = re.compile(r"\d{6,}(\.partial)?\.png")
"""What such a folder holds: a name for each frame, its index in at least six digits. One that
was being written when the run was killed is partial."""

FAST = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def picture_name(index: int) -> str:
    """What the picture of a frame is called."""
    return f"{index:06d}.png"


def check_folder(path: Path, overwrite: bool) -> None:
    """Refuse a folder's name that is taken.

    Raises:
        OutputExistsError: something has that name and may not be replaced.
        SinkError: it holds something that is not ours to remove.
    """
    if not path.exists():
        return
    if not overwrite:
        raise OutputExistsError(f"{path}: exists already: choose another name, or -y")
    if not path.is_dir() or any(not OURS.fullmatch(entry.name) for entry in path.iterdir()):
        raise SinkError(f"{path}: holds more than numbered pictures: move it away")


class PictureFolder:
    """Writes one PNG a frame, `000042.png` for the frame of index 42, under a partial name.

    Left by an exception, it keeps its partial name; every picture in it is whole.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Make the folder.

        Args:
            path: its final name.
            overwrite: replace an older one.

        Raises:
            OutputExistsError: the folder exists and may not be replaced.
            SinkError: it cannot be made, or the old one holds something else.
        """
        check_folder(path, overwrite)
        self._path, self._partial = path, partial_of(path)
        try:
            if self._partial.exists():
                check_folder(self._partial, overwrite=True)
                shutil.rmtree(self._partial)
            self._partial.mkdir()
        except OSError as problem:
            raise SinkError(f"{path}: cannot be made: {reason_of(problem)}") from problem

    def write(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Write one picture.

        Args:
            index: of the frame.
            picture: (H, W) grey or (H, W, 3) BGR uint8.

        Raises:
            SinkError: it cannot be written.
        """
        target = self._partial / picture_name(index)
        partial = partial_of(target)  # or a run that is killed would leave half of it
        encodable: Any = picture
        _, encoded = cv2.imencode(".png", encodable, FAST)
        try:
            partial.write_bytes(encoded.tobytes())
            partial.replace(target)
        except OSError as problem:
            partial.unlink(missing_ok=True)
            raise SinkError(f"{target}: cannot be written: {reason_of(problem)}") from problem

    def close(self) -> None:
        """Give the folder its name.

        Raises:
            SinkError: it cannot be renamed.
        """
        try:
            if self._path.exists():
                shutil.rmtree(self._path)
            self._partial.replace(self._path)
        except OSError as problem:
            raise SinkError(f"{self._path}: cannot be written: {reason_of(problem)}") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
