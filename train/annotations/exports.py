"""Finds the exports of annotation tools in a folder, and the pictures that they are of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.annotations.annotated import Annotated
from train.annotations.coco import read_coco
from train.annotations.cvat import read_cvat
from train.errors import ManifestError

READERS: dict[str, Callable[[Path], list[Annotated] | None]] = {
    ".json": read_coco,
    ".xml": read_cvat,
}

COCO_FOLDER = "annotations"
"""COCO's files stand in a folder of this name, beside `images/`."""

COCO_NAME = "instances_"


@dataclass(frozen=True, slots=True)
class Export:
    """An export and where its pictures are.

    Attributes:
        path: of the file.
        folder: its pictures lie somewhere below it.
        pictures: that it lists.
    """

    path: Path
    folder: Path
    pictures: Sequence[Annotated]

    def find(self, files: Sequence[Path]) -> Iterator[tuple[Path, Annotated] | str]:
        """Its pictures on the disk.

        Args:
            files: every picture below `folder`.

        Yields:
            A file with what was drawn on it, or a line for one that is not there, or that is
            there more than once.
        """
        by_name: dict[str, list[Path]] = {}
        for file in files:
            by_name.setdefault(file.name, []).append(file)
        subset = self.path.stem.removeprefix(COCO_NAME)
        for picture in self.pictures:
            parts = Path(picture.name.replace("\\", "/")).parts
            found = [
                file
                for file in by_name.get(parts[-1] if parts else "", ())
                if file.parts[-len(parts) :] == parts
            ]
            nearest = min((len(file.parts) for file in found), default=0)
            found = [file for file in found if len(file.parts) == nearest]
            if len(found) > 1:  # an export of several subsets
                found = [file for file in found if subset in file.parts] or found
            if len(found) == 1:
                yield found[0], picture
            elif found:
                yield f"{self.path}: {picture.name} is there {len(found)} times: keep one"
            else:
                yield (
                    f"{self.path}: {picture.name} is not below {self.folder}: export with the "
                    "pictures, or put them there"
                )


def exports_in(folder: Path) -> tuple[list[Export], list[str]]:
    """The exports that stand in a folder.

    Args:
        folder: is looked at, not what is below it.

    Returns:
        The exports in order of their names, and one line for each that cannot be used.
    """
    exports: list[Export] = []
    problems: list[str] = []
    for path in sorted(folder.iterdir()):
        read = READERS.get(path.suffix.lower())
        if read is None or path.name.startswith(".") or not path.is_file():
            continue
        try:
            pictures = read(path)
        except ManifestError as problem:
            problems.append(str(problem))
            continue
        if pictures is not None:
            below = folder.parent if folder.name == COCO_FOLDER else folder
            exports.append(Export(path, below, pictures))
    return exports, problems
