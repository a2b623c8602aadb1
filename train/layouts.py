"""Where published polyp data sets keep their pictures and masks.

Every known layout is a folder that holds a picture folder beside a mask folder, under one of
several pairs of names:

- PolypGen / EndoCV2021: `C1/images` and `C1/masks`; as published in version 3
  `data_C1/images_C1` and `masks_C1`, and `sequenceData/positive/seq1/images_seq1` and
  `masks_seq1`; masks are `NAME_mask.jpg`. `sequenceData/negativeOnly/seq1_neg` holds pictures
  alone: no frame of it shows a polyp.
- Kvasir-SEG, HyperKvasir's `segmented-images`, and plain folders: `images` and `masks`, the
  same name in both.
- CVC-ClinicDB: `Original` and `Ground Truth`, tif or png, numbered.
- What people drew in CVAT, or in any tool that exports COCO instances: `annotations.xml` above its
  pictures, or `annotations/instances_*.json` beside them (`train.annotations`).
- ETIS-LaribPolypDB: numbered pictures in `images` or `ETIS-LaribPolypDB`, masks in `masks` or
  `Ground Truth`, as `12` or `p12`.
"""

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from train.annotations import POLYP, Annotated, Export, Labels, exports_in

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"})
NEGATIVE_SEQUENCE = re.compile(r"seq\d+_neg", re.IGNORECASE)
SEQUENCE = re.compile(r"seq\d+(_neg)?", re.IGNORECASE)
CENTRE = re.compile(r"(?:data_)?(C\d+)", re.IGNORECASE)
PICTURE_FOLDER = re.compile(r"images?(_.+)?|original|etis-laribpolypdb", re.IGNORECASE)
MASK_FOLDER = re.compile(r"masks?(_.+)?|ground[ _]?truth", re.IGNORECASE)

DRAWN = ".masks"
"""End of the names of folders that `divergent-stream process` and `manifest` draw masks into."""

SEQUENCE_CENTRE = "sequences"
"""Centre of PolypGen's sequences: their folders do not say which hospital they are from."""

KVASIR_NAMES = frozenset({"kvasir-seg", "kvasir", "hyperkvasir", "segmented-images"})
KVASIR = "kvasir-seg"
"""Kvasir-SEG and HyperKvasir's segmented images are the same thousand pictures."""

CLINIC_FOLDER = "original"
CLINIC_LAST_FRAMES = (
    *(25, 50, 67, 78, 103, 126, 151, 177, 199, 205, 227, 252, 277, 297, 317),
    *(342, 363, 383, 408, 428, 447, 466, 478, 503, 528, 546, 571, 591, 612),
)
"""Last frame of each of CVC-ClinicDB's 29 sequences, as published with it."""

FORMAT_FOLDERS = frozenset({"png", "tif"})
"""CVC-ClinicDB is also handed round as the same pictures in both formats, a folder each."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its mask.

    Attributes:
        image: the picture's file.
        mask: the mask's file, or None for a frame of a negative sequence.
        centre: the hospital or data set.
        sequence: the recording the frame is from; empty where the layout does not say.
        drawn: what people drew on it, of which a mask is still to be made.
    """

    image: Path
    mask: Path | None
    centre: str
    sequence: str
    drawn: Annotated | None = None


def find_pairs(root: Path, labels: Labels = POLYP) -> tuple[list[Pair], list[str]]:
    """Pair every picture below a folder with its mask.

    Args:
        root: a data set, a part of one, or a folder that holds several.
        labels: what the labels of annotation tools mean.

    Returns:
        The pairs in order of their paths, and one line for everything that does not pair up.
    """
    pairs: list[Pair] = []
    problems: list[str] = []
    if not root.is_dir():
        return pairs, [f"{root}: no such folder"]
    for folder, children in _folders(root):
        exports, refused = exports_in(folder)
        problems += refused
        for export in exports:
            _pair_with_shapes(export, labels, pairs, problems)
        if NEGATIVE_SEQUENCE.fullmatch(folder.name) and not _first(children, MASK_FOLDER):
            centre, sequence = _origin(folder)
            inside = _first(children, PICTURE_FOLDER)
            pairs += [Pair(image, None, centre, sequence) for image in _pictures(inside or folder)]
        elif masks := _first(children, MASK_FOLDER):
            images = _first(children, PICTURE_FOLDER)
            if images is None:
                problems.append(f"{folder}: has {masks.name}/ but no images/ beside it")
            else:
                _pair_up(images, masks, _origin(folder), pairs, problems)
    if not pairs and not problems:
        problems.append(f"{root}: no images/ beside masks/ and no annotations anywhere in it")
    return pairs, problems


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Walk down, in order, links included; a tif copy of what is there as png is left out."""
    seen = {root.resolve()}
    for path, names, _ in os.walk(root, followlinks=True):
        if {name.lower() for name in names} >= FORMAT_FOLDERS:
            names[:] = [name for name in names if name.lower() != "tif"]
        folder = Path(path)
        children = [folder / name for name in sorted(names) if not name.startswith(".")]
        new = [child for child in children if child.resolve() not in seen]  # links may go round
        seen.update(child.resolve() for child in new)
        names[:] = [child.name for child in new]
        yield folder, children


def _first(folders: list[Path], names: re.Pattern[str]) -> Path | None:
    return next((folder for folder in folders if names.fullmatch(folder.name)), None)


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
    )


def _origin(folder: Path) -> tuple[str, str]:
    """Centre and sequence that a folder's name tells."""
    name = folder.resolve().name
    if name.lower() in FORMAT_FOLDERS:
        name = folder.resolve().parent.name
    if SEQUENCE.fullmatch(name):
        return SEQUENCE_CENTRE, name.lower()
    if centre := CENTRE.fullmatch(name):
        return centre[1].upper(), ""
    return (KVASIR if name.lower() in KVASIR_NAMES else name), ""


def _pair_up(
    images: Path,
    masks: Path,
    origin: tuple[str, str],
    pairs: list[Pair],
    problems: list[str],
) -> None:
    by_stem: dict[str, list[Path]] = {}
    for mask in _pictures(masks):
        by_stem.setdefault(mask.stem, []).append(mask)
    numbered = images.name.lower() == CLINIC_FOLDER
    for image in _pictures(images):
        centre, sequence = origin
        if numbered and image.stem.isdecimal() and int(image.stem) <= CLINIC_LAST_FRAMES[-1]:
            sequence = f"sequence{bisect_left(CLINIC_LAST_FRAMES, int(image.stem)) + 1}"
        found = next((by_stem.pop(name) for name in _mask_names(image.stem) if name in by_stem), [])
        if len(found) == 1:
            pairs.append(Pair(image, found[0], centre, sequence))
        elif found:
            names = " and ".join(mask.name for mask in found)
            problems.append(f"{image}: has two masks, {names}, in {masks}: keep one")
        else:
            problems.append(f"{image}: has no mask in {masks}")
    problems.extend(
        f"{mask}: has no image in {images}" for found in by_stem.values() for mask in found
    )


def _pair_with_shapes(
    export: Export, labels: Labels, pairs: list[Pair], problems: list[str]
) -> None:
    """Pair the pictures of an export with what was drawn on them."""
    centre, sequence = _origin(export.folder)
    files = [
        picture
        for folder, _ in _folders(export.folder)
        if not any(MASK_FOLDER.fullmatch(part) or part.endswith(DRAWN) for part in folder.parts)
        for picture in _pictures(folder)
    ]
    listed: set[Path] = set()
    strange: Counter[str] = Counter()
    for found in export.find(files):
        if isinstance(found, str):
            problems.append(found)
            continue
        image, drawn = found
        listed.add(image)
        unknown = drawn.unknown(labels)
        strange.update(unknown)
        if not unknown:
            pairs.append(Pair(image, None, centre, sequence, drawn))
    problems.extend(
        f"{export.path}: {count} pictures have shapes labelled {label!r}: say whether that is a "
        "polyp (--label) or none (--other-label)"
        for label, count in sorted(strange.items())
    )
    beside = {image.parent for image in listed}
    alone = sum(file.parent in beside and file not in listed for file in files)
    if alone:
        problems.append(f"{export.path}: does not list {alone} pictures beside those that it lists")


def _mask_names(stem: str) -> tuple[str, ...]:
    """Stems a picture's mask may have; PolypGen's C3 has pictures with a `_` too many."""
    return (f"{stem}_mask", stem, f"{stem.rstrip('_')}_mask", f"p{stem}")
