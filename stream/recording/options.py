"""What a user may choose about recording while live."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stream.errors import SettingsError
from stream.recording.disk import MARGIN_BYTES
from stream.sightings import SightingSettings
from stream.sink.encoder_settings import EncoderSettings

QUEUE_BYTES = 512 * 1024 * 1024
"""Of a room: at 1080p, and with both pictures of each frame, some 80 of them."""

LIVE_ENCODING = EncoderSettings(preset="ultrafast")
"""Processor time belongs to the picture and its masks first: docs/live-recording.md measures."""


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """How a room is recorded.

    Attributes:
        folder: where recordings go.
        annotated: record what is shown, masks and notices included.
        clean: record the source: its own packets where it sends packets, else encoded.
        masks: record the probability as a lossless grey video.
        redact: blank everything outside the view before anything is recorded.
        view: where the endoscope's picture is, for `redact`: auto or x,y,width,height.
        encoding: of whatever is encoded.
        segment_s: a file is followed by the next after so many seconds; None: never.
        segment_bytes: the same for its size.
        queue_bytes: frames that may wait for the encoder; what does not fit is lost, and told.
        margin_bytes: left free on the disk.
        report: write a page for people.
        sightings: when masks over time are a sighting.

    Raises:
        SettingsError: choices that make no sense together.
    """

    folder: Path
    annotated: bool = True
    clean: bool = True
    masks: bool = False
    redact: bool = False
    view: str = "auto"
    encoding: EncoderSettings = LIVE_ENCODING
    segment_s: float | None = None
    segment_bytes: int | None = None
    queue_bytes: int = QUEUE_BYTES
    margin_bytes: int = MARGIN_BYTES
    report: bool = True
    sightings: SightingSettings = field(default_factory=SightingSettings)

    def __post_init__(self) -> None:
        if not (self.annotated or self.clean):
            raise SettingsError("nothing would be recorded: choose annotated, clean or both")
        if self.redact and self.view == "full":
            raise SettingsError(
                "redact blanks what lies outside the view: with view full, nothing is"
            )


@dataclass(frozen=True, slots=True)
class About:
    """What a recording's sidecars and report say of the run; known at its end at the latest.

    Attributes:
        source: its name without secrets.
        weights: name of the ensemble.
        card: its model card in Markdown; empty where it has none.
        runs_on: where it ran, in words.
        settings: of the run, as plain values.
    """

    source: str = ""
    weights: str = ""
    card: str = ""
    runs_on: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
