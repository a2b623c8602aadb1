"""`CVAT for images 1.1`: the `annotations.xml` that CVAT exports."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from train.annotations.annotated import Annotated
from train.annotations.shapes import Damaged, Ellipse, NoArea, Polygons, Runs, Shape
from train.errors import ManifestError

ROOT = "annotations"

AREAS = ("mask", "polygon", "ellipse")
NO_AREAS = ("box", "polyline", "points", "cuboid", "skeleton")

HEAD_BYTES = 4096

DEFINITIONS = (b"<!DOCTYPE", b"<!ENTITY")
"""What has these can make itself as large as it likes; CVAT's files do not have them."""


def read_cvat(path: Path) -> list[Annotated] | None:
    """Read an export of CVAT.

    Returns:
        The pictures in the file's order; None where it is no such file.

    Raises:
        ManifestError: the file is damaged, of another of CVAT's formats, or holds predictions
            as they were made.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror or error}") from error
    if f"<{ROOT}>".encode() not in head or any(sign in head for sign in DEFINITIONS):
        return None
    try:
        return list(_pictures(path))
    except ElementTree.ParseError as problem:
        raise ManifestError(f"{path}: breaks off or is damaged ({problem})") from problem
    except (KeyError, ValueError) as problem:
        what = f"{type(problem).__name__}: {problem}"
        raise ManifestError(f"{path}: is damaged ({what}): export it again") from problem


def _pictures(path: Path) -> Iterator[Annotated]:
    # Files that define entities do not come here, and expat refuses what they would grow to.
    for _, element in ElementTree.iterparse(path, events=("end",)):  # noqa: S314
        match element.tag:
            case "uncorrected":
                raise ManifestError(
                    f"{path}: holds what was predicted: correct it in CVAT and export it"
                )
            case "track":
                raise ManifestError(
                    f"{path}: is of the format CVAT for video: export it as CVAT for images"
                )
            case "image":
                yield Annotated(
                    element.attrib["name"],
                    int(element.attrib["width"]),
                    int(element.attrib["height"]),
                    str(path),
                    [
                        (shape.attrib["label"], _shape(shape.tag, shape.attrib))
                        for shape in element
                        if shape.tag in (*AREAS, *NO_AREAS)
                    ],
                )
                element.clear()


def _shape(kind: str, said: Mapping[str, str]) -> Shape:
    try:
        match kind:
            case "mask":
                left, top, width, height = (
                    int(said[key]) for key in ("left", "top", "width", "height")
                )
                counts = [int(count) for count in said["rle"].split(",")]
                return Runs(counts, (left, top, width, height), by_columns=False)
            case "polygon":
                pairs = (point.split(",") for point in said["points"].split(";"))
                return Polygons([[float(number) for pair in pairs for number in pair]])
            case "ellipse":
                x, y, wide, high = (float(said[key]) for key in ("cx", "cy", "rx", "ry"))
                return Ellipse(x, y, wide, high, float(said.get("rotation", 0)))
            case _:
                return NoArea(kind)
    except (KeyError, ValueError):
        return Damaged(f"a {kind} is damaged")
