"""`bundle.yaml`: what an ensemble on disk consists of, and whether it is as it was written."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from nets.errors import BundleError
from nets.files import write_whole
from nets.grid import Fusion, Grid
from nets.seal import digest_of
from nets.yaml_file import read_yaml

FORMAT_VERSION = 1
DEFAULT_THRESHOLD = 0.5  # paper, section 2.2: rounding to the nearest integer
DESCRIPTION = "bundle.yaml"
SEAL = "sha256"
FUSION = "fusion.safetensors"
"""A learned fusion's file."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Quantised:
    """An int8 model of a whole ensemble, by OpenVINO.

    Attributes:
        model: its file; as written in a bundle, beside `bundle.yaml`.
        weights: fingerprint of the ensemble that it was made of.
        calibration: what its ranges were measured on.
        sha256: digest of its two files, see `digest_of_model`.
    """

    model: Path
    weights: str
    calibration: dict[str, str | int]
    sha256: str


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Description:
    """What `bundle.yaml` holds.

    Attributes:
        format_version: of the file.
        sha256: digest of all that it says otherwise; None where its author vouches for it.
        members: files beside it, by the members' names.
        grid: where the members' maps meet.
        fusion: how they become one.
        threshold: above it a pixel is polyp.
        certainty: a region counts only where a pixel of it is above that; 0 for all.
        quantised: the int8 model, if there is one.
    """

    format_version: int
    sha256: str | None = None
    members: dict[str, str] = Field(min_length=1)
    grid: Grid
    fusion: Fusion = Field(default_factory=Fusion)
    threshold: float = Field(default=DEFAULT_THRESHOLD, gt=0, lt=1)
    certainty: float = Field(default=0.0, ge=0, lt=1)
    quantised: Quantised | None = None


def read_description(folder: Path) -> Description:
    """What a bundle's folder says of it.

    Raises:
        BundleError: there is no description, it is wrong, or it has changed since it was written.
    """
    path = folder / DESCRIPTION
    values = _values(folder)
    version = values.get("format_version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleError(
            f"{path}: bundle format {version} is newer than {FORMAT_VERSION}, the newest this "
            "program knows: update it"
        )
    try:
        description = TypeAdapter(Description).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise BundleError(f"{path}: {problems}") from error
    if description.sha256 not in (None, _seal_of(values)):
        raise BundleError(
            f"{path}: has changed since it was written: make the bundle anew, or take the line "
            f"{SEAL} out where the change is meant"
        )
    return description


def write_description(folder: Path, values: dict[str, Any]) -> None:
    """Write a description and its digest.

    Raises:
        OSError: it cannot be written.
    """
    sealed = {SEAL: _seal_of(values)} | values | {SEAL: _seal_of(values)}
    write_whole(folder / DESCRIPTION, yaml.safe_dump(sealed, sort_keys=False).encode())


def add_quantised(folder: Path, quantised: Quantised) -> None:
    """Say in a bundle's description that it holds an int8 model.

    Args:
        folder: the bundle's; `quantised.model` lies in it.
        quantised: what to say.

    Raises:
        BundleError: as `read_description`, or it cannot be written.
    """
    said = TypeAdapter(Quantised).dump_python(quantised, mode="json")
    change_description(folder, {"quantised": said | {"model": quantised.model.name}})


def fusion_as_said(fusion: Fusion) -> dict[str, Any]:
    """A fusion in a description's words."""
    said: dict[str, Any] = {"kind": fusion.kind}
    if fusion.weights:
        said["weights"] = list(fusion.weights)
    if fusion.file is not None:
        said["file"] = FUSION
    return said


def change_description(folder: Path, changes: dict[str, Any]) -> None:
    """Have a description say something else; None takes a key out of it.

    Raises:
        BundleError: as `read_description`, or it cannot be written.
    """
    read_description(folder)
    values = _values(folder) | changes
    try:
        write_description(
            folder, {key: value for key, value in values.items() if value is not None}
        )
    except OSError as error:
        raise BundleError(
            f"{folder / DESCRIPTION}: cannot be written ({error.strerror})"
        ) from error


def digest_of_model(model: Path) -> str:
    """Digest of an OpenVINO model's two files, the graph's and the numbers'.

    Raises:
        OSError: one cannot be read.
    """
    return digest_of(model, model.with_suffix(".bin"))


def _values(folder: Path) -> Any:
    path = folder / DESCRIPTION
    if folder.is_dir() and not path.exists():
        raise BundleError(f"{folder}: no bundle here ({DESCRIPTION} is missing)")
    return read_yaml(path, BundleError)


def _seal_of(values: dict[str, Any]) -> str:
    """Digest of all that a description says, however it is laid out."""
    said = {key: value for key, value in values.items() if key != SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
