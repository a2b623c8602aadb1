"""What a user may set of a live run; `stream.settings.merged` reads it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.dataclasses import dataclass

from stream.errors import SettingsError
from stream.overlay import Style
from stream.preview.listening import DEFAULT_PORT, LOOPBACK
from stream.publish import check_target
from stream.recording import (
    LIVE_ENCODING,
    MARGIN_BYTES,
    RecordingOptions,
    checked_label,
    parse_duration,
    parse_size,
)
from stream.settings import Bits, Precision, View, Weights
from stream.sightings import SightingSettings
from stream.sink.encoder_settings import Codec, EncoderSettings, Preset
from stream.source.address import redacted
from stream.source.synthetic.address import read_fps, read_size

T = TypeVar("T")

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _checked_target(url: str) -> str:
    try:
        check_target(url)
    except SettingsError as problem:
        raise ValueError(str(problem)) from problem
    return url


def _by(read: Callable[[str], T]) -> BeforeValidator:
    """Reads text as addresses are read; whatever is no text is left for others to judge."""

    def validate(value: object) -> object:
        try:
            return read(value) if isinstance(value, str) else value
        except SettingsError as problem:
            raise ValueError(str(problem)) from problem

    return BeforeValidator(validate)


def _listed(value: object) -> object:
    """One number as a list of one."""
    return (value,) if isinstance(value, int) else value


Size = Annotated[tuple[int, int], _by(read_size)]
Rate = Annotated[Fraction, _by(read_fps)]
Length = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SegmentLength = Annotated[float, Field(ge=1, allow_inf_nan=False), _by(parse_duration)]
Bytes = Annotated[int, Field(ge=0), _by(parse_size)]
Monitors = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_listed)]
Label = Annotated[str, _by(checked_label)]
Secret = Annotated[str, PlainSerializer(lambda secret: "***")]
"""Never written anywhere."""

Target = Annotated[str, AfterValidator(_checked_target), PlainSerializer(redacted)]
Targets = Annotated[
    tuple[Target, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


def _port(value: object) -> object:
    """`preview: true` in a file is what `--preview` is on the command line."""
    return {True: DEFAULT_PORT, False: None}[value] if isinstance(value, bool) else value


Port = Annotated[Annotated[int, Field(ge=0, le=65535)] | None, BeforeValidator(_port)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LiveSettings:
    """How live sources are shown.

    Attributes:
        weights: a bundle, checkpoints, the name of a bundle that ships, or `fixed:`; the shipped
            ensemble if empty.
        device: auto, cpu, eager or cuda[:N].
        precision: auto, f32, f16, bf16 or int8.
        view: where the endoscope's picture is: auto, full or x,y,width,height.
        threshold: of the polyp's probability; the bundle's own if None.
        min_area: share of the view below which a region is left out.
        persistence_s: a region is drawn once it has stood for so long; 0 draws all at once.
        mask_age_limit_s: an older mask is taken away, and AI OFF said.
        overlay: draw masks.
        style: how they are drawn.
        sync: show each frame with its own mask, later, instead of at once with the newest one.
        batch: frames of one source that go to the engine together, in sync.
        max_wait_ms: how long the first of them waits for the others.
        hang_s: an engine that does not answer for so long is ended and started again.
        realtime: play files at their own pace.
        loop: play files again and again.
        input_format: pixel format of a device (mjpeg, yuyv422, nv12 ...).
        input_size: WIDTHxHEIGHT of a device or a screen.
        input_rate: frames a second of a device or a screen.
        deinterlace: make whole pictures of fields.
        record: folder for recordings; None: nothing is recorded.
        recorded: which pictures are.
        standby: wait for the key r instead of recording from the first picture on.
        label: of the case, for the files' names; never a patient's name.
        segment: seconds after which a file is followed by the next; may be written as 10min.
        segment_size: the same for its bytes; may be written as 2GB.
        keep_free: bytes of the disk that stay free; may be written as 1GiB.
        codec: of what is encoded.
        crf: constant quality.
        bitrate: bits a second instead; may be written as 800k or 4M.
        preset: from the fastest to the smallest file; ultrafast if None.
        encoder: software, or auto for hardware where it works.
        masks: record the probability as a lossless grey video.
        report: write a page for people at a recording's end.
        redact: blank everything outside the view before it is recorded or leaves the machine;
            drop the source's name.
        preview: port of the browser preview; None for no preview.
        preview_address: of this machine, where the preview listens.
        preview_token: asked of every viewer; needed on addresses that others can reach.
        publish: an address for each source to which its annotated picture is sent.
        show: open a window a source, where there is a display.
        monitor: that each window fills, in the order of the sources, counted from 1.
        metrics: port on this machine at which Prometheus reads the figures; None: nobody does.
        duration: seconds after which the run ends by itself, once it runs.
        json: print figures as JSON Lines, one a second.
        sightings: when masks over time are a sighting.
    """

    weights: Weights = ()
    device: str = "auto"
    precision: Precision = "auto"
    view: View = "auto"
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    min_area: Annotated[float, Field(ge=0, lt=1)] = 0.001
    persistence_s: Seconds = 0.1
    mask_age_limit_s: Length = 0.25
    overlay: bool = True
    style: Style = "both"
    sync: bool = False
    batch: Annotated[int, Field(ge=1, le=64)] = 1
    max_wait_ms: Seconds = 40.0
    hang_s: Length = 2.0
    realtime: bool = False
    loop: bool = False
    input_format: str | None = None
    input_size: Size | None = None
    input_rate: Rate | None = None
    deinterlace: bool = True
    record: Path | None = None
    recorded: Literal["both", "annotated", "clean"] = "both"
    standby: bool = False
    label: Label = ""
    segment: SegmentLength | None = None
    segment_size: Bytes | None = None
    keep_free: Bytes = MARGIN_BYTES
    codec: Codec = "h264"
    crf: float | None = None
    bitrate: Bits = None
    preset: Preset | None = None
    encoder: Literal["software", "auto"] = "software"
    masks: bool = False
    report: bool = True
    redact: bool = False
    preview: Port = None
    preview_address: str = LOOPBACK
    preview_token: Secret | None = None
    publish: Targets = ()
    show: bool = True
    monitor: Monitors = ()
    metrics: Annotated[int, Field(ge=1, le=65535)] | None = None
    duration: Length | None = None
    json: bool = False
    sightings: SightingSettings = SightingSettings()

    def __post_init__(self) -> None:
        if self.batch > 1 and not self.sync:
            raise ValueError("batch is for sync: without it the newest frame of each source goes")
        if self.redact and self.view == "full":
            raise ValueError("redact blanks what lies outside the view: with view full, nothing is")
        if self.standby and self.record is None:
            raise ValueError("standby is for record: without a folder there is nothing to wait for")
        try:
            _ = self.recording if self.record is not None else self.encoding
        except SettingsError as problem:
            raise ValueError(str(problem)) from problem

    @property
    def encoding(self) -> EncoderSettings:
        """How recordings are encoded, where they are."""
        preset = self.preset
        if preset is None and self.codec != "ffv1":
            preset = LIVE_ENCODING.preset
        return EncoderSettings(self.codec, self.crf, self.bitrate, preset, self.encoder)

    @property
    def recording(self) -> RecordingOptions | None:
        """How rooms are recorded; None where nothing is."""
        if self.record is None:
            return None
        return RecordingOptions(
            self.record,
            annotated=self.recorded != "clean",
            clean=self.recorded != "annotated",
            masks=self.masks,
            redact=self.redact,
            view=self.view,
            encoding=self.encoding,
            segment_s=self.segment,
            segment_bytes=self.segment_size,
            margin_bytes=self.keep_free,
            report=self.report,
            sightings=self.sightings,
        )

    @property
    def copies_packets(self) -> bool:
        """Whether a recorder wants the packets of a source that sends some."""
        return self.record is not None and self.recorded != "annotated" and not self.redact
