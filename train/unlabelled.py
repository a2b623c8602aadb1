"""Pictures without masks, for a teacher to look at: found, checked, and none of those held out."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from train.duplicates import find_duplicates, perceptual_hash
from train.errors import ManifestError
from train.layouts import MASK_FOLDER, PICTURE_SUFFIXES
from train.manifest import Sample
from train.pictures import content_of, read_rgb
from train.splits import TRAIN

UNLABELLED = "unlabelled"

OnProgress = Callable[[int, int], None]
"""Called with (pictures checked, in all)."""


def find_unlabelled(
    folders: Sequence[Path], listed: Sequence[Sample], progress: OnProgress | None = None
) -> tuple[list[Sample], list[str]]:
    """Every picture below some folders, but for those of a manifest.

    A picture that the manifest holds out (validation, test or any other split but `train`) is
    left out, the same picture saved again as well: what judges must not teach. So is one that
    trains with its mask, and a picture that lies there twice. Folders of masks are passed over.

    Args:
        folders: to look through.
        listed: the manifest's samples.
        progress: told how far it is.

    Returns:
        The pictures in order of their paths, and one line for each that is left out or cannot
        be read.

    Raises:
        ManifestError: a folder holds no picture, or a listed picture cannot be read.
    """
    files: dict[Path, str] = {}
    for folder in folders:
        found = {path.resolve(): folder.resolve().name for path in _pictures_below(folder)}
        if not found:
            raise ManifestError(f"{folder}: holds no pictures")
        files.update(found)
    held_out = [sample for sample in listed if sample.split != TRAIN]
    known = {sample.sha256 for sample in listed if sample.split == TRAIN}
    names = [*(sample.image for sample in held_out), *files]
    samples, hashes, problems = list(held_out), [], []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for place, outcome in enumerate(pool.map(_looked_at, names)):
            if progress is not None:
                progress(place + 1, len(names))
            if isinstance(outcome, ManifestError):
                if place < len(held_out):
                    raise outcome
                problems.append(str(outcome))
                continue
            content, code = outcome
            if place >= len(held_out):
                if content in known:
                    problems.append(f"{names[place]}: is there already: left out")
                    continue
                path = names[place]
                samples.append(Sample(path, None, files[path], "", UNLABELLED, content))
            known.add(content)
            hashes.append(code)
    groups = [UNLABELLED if it.split == UNLABELLED else "" for it in samples]
    leaking: dict[int, Sample] = {}
    for first, second, _ in find_duplicates([it.sha256 for it in samples], hashes, groups):
        leaking.setdefault(second, samples[first])
    problems += [
        f"{samples[place].image}: is {held.image} of split {held.split or 'none'}: left out"
        for place, held in leaking.items()
    ]
    start = len(held_out)
    kept = [it for place, it in enumerate(samples[start:], start) if place not in leaking]
    return kept, problems


def _pictures_below(folder: Path) -> Iterator[Path]:
    for path, names, files in os.walk(folder):
        names[:] = sorted(
            name for name in names if not name.startswith(".") and not MASK_FOLDER.fullmatch(name)
        )
        for name in sorted(files):
            if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."):
                yield Path(path) / name


def _looked_at(path: Path) -> tuple[str, int] | ManifestError:
    try:
        return content_of(path), perceptual_hash(read_rgb(path))
    except ManifestError as error:
        return error
