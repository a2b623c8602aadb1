"""What a user may set, and where it comes from: command line, then YAML, then these defaults."""

import difflib
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass

from nets.yaml_file import read_yaml
from stream.errors import SettingsError
from stream.overlay import Style
from stream.sightings import SightingSettings
from stream.sink.encoder_settings import Codec, EncoderSettings, Preset
from stream.source.hardware import Decoder
from stream.view import parse_view

T = TypeVar("T")

MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000}
"""Of bits a second, as FFmpeg's users write them."""


def _bits(value: object) -> object:
    """Bits a second from `800k` or `4M`; whatever is no text is left for others to judge."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", value.strip())
    if found is None:
        raise ValueError(f"{value} is no bit rate: write bits a second, such as 800k or 4M")
    return round(float(found[1]) * MULTIPLES[found[2]])


def _listed(value: object) -> object:
    """One name as a list of one."""
    return [value] if isinstance(value, str) else value


def _viewed(value: str) -> str:
    """The view's setting as it was written."""
    try:
        parse_view(value)
    except SettingsError as problem:
        raise ValueError(str(problem)) from problem
    return value


Weights: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed)]
View: TypeAlias = Annotated[str, AfterValidator(_viewed)]
Bits: TypeAlias = Annotated[int | None, BeforeValidator(_bits)]
Precision: TypeAlias = Literal["auto", "f32", "f16", "bf16", "int8"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ProcessSettings:
    """How recordings are processed.

    Attributes:
        weights: a bundle, checkpoints, the name of a bundle that ships, or `fixed:`; the shipped
            ensemble if empty.
        device: auto, cpu, eager or cuda[:N].
        precision: auto, f32, f16, bf16 or int8.
        view: where the endoscope's picture is: auto, full or x,y,width,height.
        threshold: of the polyp's probability; the bundle's own if None.
        min_area: share of the view below which a region is left out.
        overlay: draw masks on the recording.
        style: how they are drawn.
        codec: of the annotated recording.
        crf: constant quality.
        bitrate: bits a second instead; may be written as 800k or 4M.
        preset: from the fastest to the smallest file.
        encoder: software, or auto for hardware where it works.
        decoder: software, or auto for hardware where it works.
        deinterlace: make whole pictures of fields.
        container: of the recordings in a folder; a single one's name says it.
        workers: processes that share many recordings; None is one, or all that a cluster has
            room for.
        ray: the Ray cluster that they run on: HOST:PORT, or auto for this machine's.
        masks: write the probability as a lossless grey video.
        mask_images: write a binary mask for every frame, as PNG at the frame's size.
        frames: write every n-th frame without its mask, as PNG.
        parquet: write the table of frames as Parquet too.
        coco: write the masks as COCO instances, of those frames or else of all.
        cvat: write them as CVAT's XML.
        segmentation: write the masks of sightings as a DICOM Segmentation; for DICOM alone.
        redact: blank everything outside the view, and drop sound, subtitles, metadata and
            the source's name.
        report: write a page for people.
        smoothing: time constant in seconds by which the probability is steadied; 0 leaves it.
        sightings: when masks over time are a sighting.
    """

    weights: Weights = ()
    device: str = "auto"
    precision: Precision = "auto"
    view: View = "auto"
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    min_area: Annotated[float, Field(ge=0, lt=1)] = 0.001
    overlay: bool = True
    style: Style = "both"
    codec: Codec = "h264"
    crf: float | None = None
    bitrate: Bits = None
    preset: Preset | None = None
    encoder: Literal["software", "auto"] = "software"
    decoder: Decoder = "software"
    deinterlace: bool = True
    container: Literal["mp4", "mov", "mkv"] = "mp4"
    workers: Annotated[int, Field(ge=1, le=256)] | None = None
    ray: Annotated[str, Field(min_length=1)] | None = None
    masks: bool = False
    mask_images: bool = False
    frames: Annotated[int, Field(ge=1)] | None = None
    parquet: bool = False
    coco: bool = False
    cvat: bool = False
    segmentation: bool = False
    redact: bool = False
    report: bool = True
    smoothing: Annotated[float, Field(ge=0, le=60)] = 0.0
    sightings: SightingSettings = SightingSettings()

    def __post_init__(self) -> None:
        if self.redact and self.view == "full":
            raise ValueError("redact blanks what lies outside the view: with view full, nothing is")
        if self.redact and self.segmentation:
            raise ValueError("redact: a segmentation names its patient and its recording")
        try:
            _ = self.encoding
        except SettingsError as problem:
            raise ValueError(str(problem)) from problem

    @property
    def encoding(self) -> EncoderSettings:
        """How the annotated recording is encoded."""
        return EncoderSettings(self.codec, self.crf, self.bitrate, self.preset, self.encoder)


def merged(kind: type[T], config: Path | None, given: dict[str, Any]) -> T:
    """Settings from a YAML file and the command line, which wins.

    Args:
        kind: of settings.
        config: the YAML file, if there is one.
        given: from the command line; None means not given.

    Raises:
        SettingsError: every wrong key and value at once, with the nearest valid name.
    """
    values = _read(config) if config is not None else {}
    places = dict.fromkeys(values, str(config))
    chosen = {key: value for key, value in given.items() if value is not None}
    values |= chosen
    places |= dict.fromkeys(chosen, "command line")
    try:
        return TypeAdapter(kind).validate_python(values)
    except UnicodeEncodeError as error:
        what = ascii(error.object)
        raise SettingsError(
            f"{' and '.join(dict.fromkeys(places.values()))}: {what}: no text"
        ) from error
    except ValidationError as error:
        problems = []
        everywhere = " and ".join(dict.fromkeys(places.values()))
        for problem in error.errors():
            path = [str(part) for part in problem["loc"]]
            place = places.get(path[0], everywhere) if path else everywhere
            said = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "unexpected_keyword_argument":
                near = difflib.get_close_matches(path[-1], _names(kind, path[:-1]), 1)
                said = "no such setting" + (f": did you mean {near[0]}?" if near else "")
            problems.append(": ".join([place, *([".".join(path)] if path else []), said]))
        raise SettingsError("; ".join(problems)) from error


def _names(kind: Any, path: list[str]) -> list[str]:
    """The names of the settings at a place within settings."""
    for part in path:
        kind = next((field.type for field in fields(kind) if field.name == part), kind)
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


def plain(settings: Any) -> dict[str, Any]:
    """Settings as plain values, for a file beside an output."""
    values: dict[str, Any] = TypeAdapter(type(settings)).dump_python(settings, mode="json")
    return values


def _read(path: Path) -> dict[str, Any]:
    values = read_yaml(path, SettingsError)
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise SettingsError(f"{path}: holds no settings, which are names with values")
    return values
