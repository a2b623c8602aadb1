"""Rooms that show made-up frames and send made-up packets, as fast as they are asked to."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame, decoded_of
from stream.prediction import Mask, Prediction, find_mask
from stream.recording import About, LiveRecording, RecordingOptions
from stream.sink.encoder_settings import EncoderSettings
from stream.source.arrival import CapturedPacket, GivenFormat

FPS = 25
TIME_BASE = Fraction(1, 90000)
STEP = 90000 // FPS
SIZE = (96, 64)
QUICK = EncoderSettings(preset="ultrafast", crf=30)
LITTLE = 1
"""Free bytes above the margin: enough to record, too little to copy a finished file."""


@dataclass(frozen=True)
class Seen:
    """A frame as it was shown."""

    frame: Frame
    shown: Frame
    mask: Mask | None
    prediction: Prediction | None
    mask_age_s: float | None
    view: Rect
    visible: bool = True
    notice: str = ""


def picture_of(index: int, size: tuple[int, int], *, drawn: bool = False) -> Picture:
    """A pattern that moves; where it is drawn on, it is brighter."""
    width, height = size
    rows, columns = np.indices((height, width))
    luma = 60 + 50 * np.sin((rows + 3 * index) / 9) + 40 * (columns / width) + 60 * drawn
    chroma = np.full((-(-height // 2), -(-width // 2)), 128, np.uint8)
    colour = Colour(Matrix.BT601)
    return Picture((luma.astype(np.uint8), chroma, chroma), LAYOUTS["yuv420p"], colour)


def seen_of(
    index: int,
    *,
    pts: int | None = None,
    time_base: Fraction = TIME_BASE,
    at: float | None = None,
    size: tuple[int, int] = SIZE,
    polyp: bool = False,
    visible: bool = True,
    notice: str = "",
) -> Seen:
    """A frame as a room shows it; a polyp is in the middle of it."""
    pts = index * STEP if pts is None else pts
    at = float(pts * time_base) if at is None else at
    frame = Frame(index, pts, time_base, picture_of(index, size), at)
    if not polyp:
        return Seen(frame, frame, None, None, None, Rect(0, 0, *size), visible, notice)
    probability = np.zeros((16, 24), np.float32)
    probability[5:11, 8:16] = 0.9
    view = Rect(0, 0, *size)
    prediction = Prediction(index, view, view, probability, at, 0.01)
    shown = Frame(index, pts, time_base, picture_of(index, size, drawn=True), at)
    return Seen(frame, shown, find_mask(prediction, 0.5), prediction, 0.08, view, visible)


@pytest.fixture(scope="session")
def seen() -> Callable[..., Seen]:
    """Makes a frame as it is shown: `seen(3, size=(64, 48), polyp=True)`."""
    return seen_of


@dataclass
class Sent:
    """What a compressed source sends: what it gives, packets, and the frames decoded of them."""

    given: GivenFormat
    packets: list[CapturedPacket]
    frames: list[Frame]


def send(
    count: int,
    *,
    segment: int = 1,
    first: int = 0,
    pts: int = 126_000,
    at: float = 0.0,
    keyframe_interval: int = 10,
    b_frames: int = 0,
    size: tuple[int, int] = SIZE,
) -> Sent:
    """Encode pictures as a sender would; the first has time `pts` and arrives at `at`."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", TIME_BASE, Fraction(FPS)
    encoder.gop_size = keyframe_interval
    encoder.options = {"preset": "ultrafast", "bf": str(b_frames), "sc_threshold": "0"}
    coded = []
    for number in range(count):
        picture = picture_of(first + number, size)
        native = decoded_of(Frame(number, pts + number * STEP, TIME_BASE, picture, 0.0))
        coded += encoder.encode(native)
    coded += encoder.encode(None)
    packets = [
        CapturedPacket(
            first + number,
            bytes(packet),
            packet.pts,
            packet.dts,
            STEP,
            TIME_BASE,
            packet.is_keyframe,
            segment,
            at + number / FPS,
        )
        for number, packet in enumerate(coded)
    ]
    decoder: Any = av.CodecContext.create("h264", "r")
    decoded = [each for packet in coded for each in decoder.decode(packet)]
    decoded += decoder.decode(None)
    frames = [
        Frame(
            first + number,
            int(each.pts),
            TIME_BASE,
            picture_of(first + number, size),
            at + number / FPS + 0.02,
        )
        for number, each in enumerate(decoded)
    ]
    given = GivenFormat(
        segment,
        *size,
        layout="yuv420p",
        pixel_format="yuv420p",
        codec="h264",
        rate=Fraction(FPS),
        time_base=TIME_BASE,
        has_packets=True,
    )
    return Sent(given, packets, frames)


@pytest.fixture(scope="session")
def sent() -> Callable[..., Sent]:
    """Makes what a compressed source sends: `sent(50, keyframe_interval=25)`."""
    return send


@dataclass
class Recorded:
    """A recorder, what it said, and what it left in its folder."""

    recorder: LiveRecording
    folder: Path
    warnings: list[str]
    said: list[str] = field(default_factory=list)

    @property
    def base(self) -> Path:
        """Folder and name of the one recording."""
        (account,) = self.folder.glob("*.segments.json")
        return account.with_name(account.name.removesuffix(".segments.json"))

    def settle(self) -> None:
        """Wait until every frame that was offered is written, or lost."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            figures = self.recorder.figures(time.monotonic())
            if figures is None or figures.captured == figures.recorded + sum(figures.lost.values()):
                return
            time.sleep(0.005)
        raise AssertionError("the recorder does not come to an end")

    def show(self, frames: Iterable[Seen]) -> None:
        """Offer frames, each when the one before is written."""
        for each in frames:
            self.recorder.offer(each)
            self.settle()

    def play(self, sent: Sent, *, from_packet: int = 0) -> None:
        """Offer packets and the frames that are decoded of them, in the order they arrive."""
        arrivals: list[Any] = [*sent.packets[from_packet:], *sent.frames]
        for each in sorted(arrivals, key=lambda arrival: arrival.arrived_at):
            if isinstance(each, CapturedPacket):
                self.recorder.offer_packet(each)
            elif each.index >= sent.packets[from_packet].index:
                self.recorder.offer(seen_in(each))

    def close(self) -> None:
        """Stop, and wait until all is finished, the shortest way."""
        self.recorder.close(patience_s=0)

    def files(self, kind: str) -> list[Path]:
        """Files of a kind ("annotated"), in order."""
        return sorted(self.folder.glob(f"*.{kind}*"))

    def sidecar(self, kind: str) -> Any:
        """The one JSON sidecar of a kind ("segments")."""
        (path,) = self.folder.glob(f"*.{kind}.json")
        return json.loads(path.read_text())


def seen_in(frame: Frame) -> Seen:
    """A frame as it is shown without a mask."""
    view = Rect(0, 0, frame.picture.width, frame.picture.height)
    return Seen(frame, frame, None, None, None, view)


@pytest.fixture(scope="session")
def shown() -> Callable[[Frame], Seen]:
    """Shows a frame without a mask."""
    return seen_in


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Callable[..., Recorded]]:
    """Makes a recorder for a folder: `recorded(segment_s=1)`; it is closed in the end."""
    made: list[Recorded] = []

    def make(
        room: str = "",
        about: Callable[[], About] = About,
        free: Callable[[Path], int] | None = None,
        **options: Any,
    ) -> Recorded:
        options = {"encoding": QUICK, "report": False, "folder": tmp_path / "case", **options}
        chosen = RecordingOptions(**options)
        warnings: list[str] = []
        said: list[str] = []
        recorder = LiveRecording(
            chosen,
            room=room,
            about=about,
            tell=said.append,
            warn=warnings.append,
            free=free or (lambda folder: chosen.margin_bytes + LITTLE),
        )
        made.append(Recorded(recorder, chosen.folder, warnings, said))
        return made[-1]

    yield make
    for each in made:
        each.close()


def times_of(path: Path) -> list[Fraction]:
    """Times of the pictures that a file shows."""
    with av.open(str(path)) as container:
        return [each.pts * each.time_base for each in container.decode(video=0)]


@pytest.fixture(scope="session")
def times_in() -> Callable[[Path], list[Fraction]]:
    """Reads the times of a file's pictures."""
    return times_of
