"""An ensemble on disk: a folder with `bundle.yaml` and its members' checkpoints.

Reads without any network library; the tensors are loaded by an engine.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from nets.checkpoint import Header, check_whole, read_header
from nets.description import (
    DEFAULT_THRESHOLD,
    DESCRIPTION,
    FORMAT_VERSION,
    FUSION,
    Quantised,
    change_description,
    fusion_as_said,
    read_description,
    write_description,
)
from nets.errors import BundleError
from nets.files import write_whole
from nets.fusion_file import check_fusion_whole, read_fusion_header
from nets.grid import Fusion, Grid
from nets.preprocessing import Preprocessing, distinct
from nets.seal import digest_of

MADE = (".safetensors", ".xml", ".bin")
"""Files of a bundle that belong to its weights; all others outlive them."""

NAME = re.compile(r"\w[\w.+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a bundle: its name, its file and what that says of itself."""

    name: str
    path: Path
    header: Header


@dataclass(frozen=True, slots=True)
class Bundle:
    """An ensemble, its tensors still on disk.

    Attributes:
        name: of the folder or of the only checkpoint.
        members: at least one.
        grid: where their maps meet.
        fusion: how they become one.
        threshold: above it a pixel is polyp.
        certainty: a region counts only where a pixel of it is above that; 0 for all.
        card: the model card's text, empty where there is none.
        quantised: its int8 model, if it has one.
    """

    name: str
    members: tuple[Member, ...]
    grid: Grid
    fusion: Fusion
    threshold: float
    certainty: float = 0.0
    card: str = ""
    quantised: Quantised | None = None

    @property
    def contracts(self) -> tuple[Preprocessing, ...]:
        """The distinct preprocessings that its members ask for."""
        return distinct([member.header.spec.preprocessing for member in self.members])

    def fingerprint(self) -> str:
        """A digest of all that decides the ensemble's answer: tensors, specs, grid and fusion.

        Raises:
            CheckpointError: a member, or what was learned of fusing them, has changed since it
                was written, or cannot be read.
        """
        digest = hashlib.sha256(repr((self.grid, self.fusion)).encode())
        for member in self.members:
            check_whole(member.path, member.header)
            digest.update((member.header.seal or digest_of(member.path)).encode())
        if self.fusion.file is not None:
            digest.update(check_fusion_whole(self.fusion.file).encode())
        return digest.hexdigest()


def shipped(name: str = "compact") -> Path:
    """The folder of an ensemble that ships with the program."""
    return Path(str(resources.files("nets"))) / "weights" / name


def read_weights(weights: Sequence[Path]) -> Bundle:
    """An ensemble from what a user names: one bundle, or one or more checkpoints.

    A bundle that ships is named by its folder's name alone, where nothing else lies by that name.

    Raises:
        BundleError: not there, incomplete, or not to be fused.
        CheckpointError: a member cannot be read.
    """
    if len(weights) == 1 and not weights[0].exists() and len(weights[0].parts) == 1:
        own = shipped(weights[0].name)
        weights = [own] if own.is_dir() else weights
    if len(weights) == 1 and weights[0].is_dir():
        return read_bundle(weights[0])
    folders = [path for path in weights if path.is_dir()]
    if folders:
        raise BundleError(f"{folders[0]}: a bundle stands alone: name one bundle, or checkpoints")
    return bundle_of(weights)


def bundle_of(checkpoints: Sequence[Path]) -> Bundle:
    """An ensemble of checkpoints by their mean, on the grid that `write_bundle` would give it."""
    if not checkpoints:
        raise BundleError("no weights: name a bundle or checkpoints")
    members = tuple(Member(path.stem, path, read_header(path)) for path in checkpoints)
    _check_together(members, "these checkpoints")
    name = members[0].name if len(members) == 1 else f"{len(members)} checkpoints"
    return Bundle(name, members, _finest(members), Fusion(), DEFAULT_THRESHOLD)


def read_bundle(folder: Path) -> Bundle:
    """An ensemble from its folder.

    Raises:
        BundleError: `bundle.yaml` is missing or wrong, or a file leads outside.
        CheckpointError: a member cannot be read.
    """
    path, description = folder / DESCRIPTION, read_description(folder)
    members = []
    for name, file in description.members.items():
        if Path(file).name != file:
            raise BundleError(f"{path}: members.{name}: {file!r} leads outside the bundle")
        members.append(Member(name, folder / file, read_header(folder / file)))
    fusion, quantised = description.fusion, description.quantised
    if fusion.file is not None:
        fusion = replace(fusion, file=_inside(folder, fusion.file, "fusion.file"))
    if quantised is not None:
        model = _inside(folder, quantised.model, "quantised.model")
        quantised = replace(quantised, model=model)
    _check_fusion(fusion, members, str(path))
    _check_together(members, str(path))
    card = folder / "README.md"
    return Bundle(
        folder.resolve().name,
        tuple(members),
        description.grid,
        fusion,
        description.threshold,
        description.certainty,
        card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        quantised,
    )


def write_bundle(
    folder: Path,
    members: dict[str, Path],
    *,
    grid: Grid | None = None,
    fusion: Fusion | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    certainty: float = 0.0,
    half: bool = False,
) -> Bundle:
    """Make a bundle of checkpoints.

    Args:
        folder: made; a bundle that is there is replaced, its card and other files are kept.
        members: checkpoints by the names their members get.
        grid: where the maps meet; by default the finest of the members' own that cover as much of
            a frame as the first one's.
        fusion: the mean by default.
        threshold: above it a pixel is polyp.
        certainty: a region counts only where a pixel of it is above that; 0 for all.
        half: store the weights in half precision.

    Raises:
        BundleError: the members cannot be fused, or the folder holds something else.
        CheckpointError: one cannot be read or written.
    """
    from nets.checkpoint import load_checkpoint, save_checkpoint

    if not members:
        raise BundleError(f"{folder}: a bundle needs at least one member")
    for name in members:
        if not NAME.fullmatch(name) or name == Path(FUSION).stem:
            raise BundleError(
                f"{name!r} cannot be a member's name: use letters, digits, - and _, but not "
                f"{Path(FUSION).stem}"
            )
    read = tuple(Member(name, path, read_header(path)) for name, path in members.items())
    _check_together(read, str(folder))
    fusion = fusion or Fusion()
    _check_fusion(fusion, read, str(folder))
    values: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "members": {name: f"{name}.safetensors" for name in members},
        "grid": TypeAdapter(Grid).dump_python(grid or _finest(read), mode="json"),
        "fusion": fusion_as_said(fusion),
        "threshold": threshold,
        "certainty": certainty,
    }
    with _replaced(folder) as partial:
        for member in read:
            module, header = load_checkpoint(member.path)
            save_checkpoint(partial / f"{member.name}.safetensors", module, header, half=half)
        if fusion.file is not None:
            shutil.copyfile(fusion.file, partial / FUSION)
        write_description(partial, values)
        read_bundle(partial)
    return read_bundle(folder)


def set_fusion(folder: Path, fusion: Fusion) -> Bundle:
    """Fuse a bundle's members in another way.

    An int8 model in the bundle was made of the old fusion, so it goes.

    Args:
        folder: the bundle's.
        fusion: the new way; the file of a learned one is copied into the bundle.

    Raises:
        BundleError: as `read_bundle`, the fusion does not go with the members, or the bundle
            cannot be written.
        CheckpointError: the fusion's file cannot be read.
    """
    bundle = read_bundle(folder)
    _check_fusion(fusion, bundle.members, str(folder))
    if any(member.path.name == FUSION for member in bundle.members):
        raise BundleError(f"{folder}: a member's file is called {FUSION}: rename it")
    try:
        if fusion.file is not None:
            write_whole(folder / FUSION, fusion.file.read_bytes())
    except OSError as error:
        raise BundleError(f"{folder}: cannot be written ({error.strerror})") from error
    change_description(folder, {"fusion": fusion_as_said(fusion), "quantised": None})
    if fusion.file is None:
        (folder / FUSION).unlink(missing_ok=True)
    if bundle.quantised is not None:
        for suffix in (".xml", ".bin"):
            bundle.quantised.model.with_suffix(suffix).unlink(missing_ok=True)
    return read_bundle(folder)


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which then takes the place of an older bundle, card and all kept."""
    if folder.exists() and not (folder / DESCRIPTION).is_file() and any(folder.iterdir()):
        raise BundleError(f"{folder}: holds something that is no bundle: name another folder")
    partial = folder.with_name(f"{folder.name}.partial")
    old = folder.with_name(f"{folder.name}.old")
    try:
        for left in (partial, old):
            shutil.rmtree(left, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if folder.exists():
            for path in folder.iterdir():
                if path.name != DESCRIPTION and path.suffix not in MADE:
                    path.rename(partial / path.name)
            folder.rename(old)
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise BundleError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _finest(members: Sequence[Member]) -> Grid:
    """The largest of the members' own grids that cover what the first one's does."""
    grids = [Grid.of(member.header.spec.preprocessing) for member in members]
    alike = (grid for grid in grids if grid.extent == grids[0].extent)
    return max(alike, key=lambda grid: grid.height * grid.width)


def _inside(folder: Path, file: Path, key: str) -> Path:
    """A bundle's file by the name that its description gives."""
    if file.name != str(file):
        raise BundleError(f"{folder / DESCRIPTION}: {key}: leads outside the bundle")
    return folder / file


def _check_fusion(fusion: Fusion, members: Sequence[Member], where: str) -> None:
    """Refuse a fusion that does not go with the members."""
    problem = fusion.problem(len(members))
    if problem is None and fusion.file is not None:
        problem = read_fusion_header(fusion.file).problem(fusion, [it.name for it in members])
    if problem:
        raise BundleError(f"{where}: fusion: {problem}")


def _check_together(members: Sequence[Member], where: str) -> None:
    """Refuse members whose maps do not mean the same."""
    first = members[0].header.spec
    for member in members[1:]:
        spec = member.header.spec
        if spec.classes != first.classes:
            raise BundleError(
                f"{where}: {member.name} has {spec.classes} classes but {members[0].name} has "
                f"{first.classes}: they cannot be averaged"
            )
