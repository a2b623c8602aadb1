"""Masks that are drawn for a manifest: a folder of PNG beside it."""

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from train.errors import ManifestError


class MaskFolder:
    """Drawn masks, `CENTRE/PICTURE.png`, under a partial name until all are there.

    A context manager: left by an exception, nothing of it stays. Where nothing is drawn, no
    folder is made, and an older one stays as it is.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Make nothing yet.

        Args:
            path: its final name.
            overwrite: replace an older one.
        """
        self._path, self._partial = path, path.with_name(f"{path.name}.partial")
        self._overwrite = overwrite
        self._taken: set[Path] = set()

    def name(self, picture: Path, centre: str) -> Path:
        """Where the mask of a picture will be; no other gets the same.

        Args:
            picture: its file.
            centre: it is from.
        """
        target = self._path / centre / f"{picture.stem}.png"
        number = 1
        while target in self._taken:
            number += 1
            target = target.with_name(f"{picture.stem}.{number}.png")
        self._taken.add(target)
        return target

    def write(self, target: Path, mask: NDArray[np.bool_]) -> None:
        """Write a mask; may be called from several threads.

        Args:
            target: from `name`.
            mask: (H, W) bool, True on the polyp.

        Raises:
            ManifestError: it cannot be written.
        """
        partial = self._partial / target.relative_to(self._path)
        levels: Any = mask.astype(np.uint8) * 255
        _, encoded = cv2.imencode(".png", levels)
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(encoded.tobytes())
        except OSError as error:
            raise ManifestError(f"{target}: cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        shutil.rmtree(self._partial, ignore_errors=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._partial.exists():
            return
        try:
            if kind is None:
                self._replace()
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _replace(self) -> None:
        try:
            if self._path.exists():
                self._check_older()
                shutil.rmtree(self._path)
            self._partial.replace(self._path)
        except OSError as error:
            raise ManifestError(f"{self._path}: cannot be written: {error.strerror}") from error

    def _check_older(self) -> None:
        """Refuse to remove what may be someone's."""
        older = (path for path in self._path.rglob("*") if not path.is_dir())
        if not self._path.is_dir() or any(path.suffix != ".png" for path in older):
            raise ManifestError(f"{self._path}: holds more than drawn masks: move it away")
        if not self._overwrite:
            raise ManifestError(f"{self._path}: is there already: give -y to replace it")
