"""Small recordings of every kind, written with PyAV."""

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nets.picture import LAYOUTS
from stream.cli import main
from stream.frame import layout_of, view_plane


@dataclass(frozen=True)
class Wanted:
    """What a recording shall be."""

    codec: str = "libx264"
    layout: str = "yuv420p"
    size: tuple[int, int] = (64, 48)
    frames: int = 30
    rate: Fraction = Fraction(25)
    time_base: Fraction | None = None
    times: Sequence[int] | None = None
    sound_from: Fraction | None = None
    sound_codec: str = "aac"
    keyframe_interval: int = 10
    b_frames: int = 2
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    tags: tuple[int, int, int, int] | None = None
    aspect: Fraction | None = None
    rotation: tuple[int, bool, bool] | None = None
    interlaced: bool = False
    subtitles: str | None = None


def planes_of(wanted: Wanted, index: int) -> list[np.ndarray]:
    """The samples of one picture: a coarse pattern that moves, so that coding it is quick."""
    layout = LAYOUTS[layout_of(wanted.layout).name]
    width, height = wanted.size
    planes = []
    for number, shape in enumerate(layout.plane_shapes(height, width)):
        rows, columns = np.indices(shape[:2])
        # Differently along rows and columns, so that turning and flipping show.
        wave = 110 + 50 * np.sin((rows + 2 * index + 3 * number) / 9) + 40 * (columns / shape[1])
        samples = (wave * (1 << (layout.bits - 8))).astype(layout.dtype) << layout.shift
        if len(shape) == 3:
            samples = np.stack([samples, samples[::-1]], axis=-1)
        planes.append(samples)
    return planes


def picture_of(wanted: Wanted, index: int) -> av.VideoFrame:
    """One picture as a frame for an encoder."""
    frame = av.VideoFrame(*wanted.size, wanted.layout)
    layout = layout_of(wanted.layout)
    if layout is None:
        generator = np.random.default_rng(index)
        for plane in frame.planes:
            memory = np.frombuffer(plane, np.uint8)
            memory[:] = generator.integers(16, 236, memory.size, dtype=np.uint8)
    else:
        for plane, samples in zip(frame.planes, planes_of(wanted, index), strict=True):
            view_plane(plane, samples.shape, layout.dtype)[...] = samples
    if wanted.tags is not None:
        frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = wanted.tags
    return frame


def _add_video(container: av.container.OutputContainer, wanted: Wanted) -> av.VideoStream:
    stream = container.add_stream(wanted.codec, rate=wanted.rate, options=dict(wanted.options))
    stream.width, stream.height = wanted.size
    stream.pix_fmt = wanted.layout
    context = stream.codec_context
    context.time_base = wanted.time_base or 1 / wanted.rate
    context.gop_size = wanted.keyframe_interval
    context.max_b_frames = wanted.b_frames
    if wanted.tags is not None:
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = (
            wanted.tags
        )
    if wanted.aspect is not None:
        context.sample_aspect_ratio = wanted.aspect
    if wanted.rotation is not None:
        stream.set_display_rotation(*wanted.rotation)
    if wanted.interlaced:
        context.flags |= 1 << 18 | 1 << 29  # interlaced coding and motion search
    return stream


def _sound(container: av.container.OutputContainer, wanted: Wanted, seconds: Fraction) -> list:
    """Packets of a tone from `sound_from` on, as long as the pictures."""
    rate = 44100
    stream = container.add_stream(wanted.sound_codec, rate=rate)
    packets = []
    first = round(wanted.sound_from * rate)
    kind = stream.codec_context.format.name
    for start in range(0, int(seconds * rate), 1024):
        frame = av.AudioFrame(format=kind, layout="stereo", samples=1024)
        frame.rate, frame.pts, frame.time_base = rate, first + start, Fraction(1, rate)
        tone = 0.1 * np.sin(np.arange(start, start + 1024) / 20)
        for plane in frame.planes:
            if kind.startswith("flt"):
                np.frombuffer(plane, np.float32)[:1024] = tone
            else:
                np.frombuffer(plane, np.int16)[:1024] = 8000 * tone
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _subtitles(container: av.container.OutputContainer, codec: str) -> list:
    """Three lines of text, the first a second in."""
    text = io.BytesIO(
        b"1\n00:00:01,000 --> 00:00:01,400\nfirst\n\n"
        b"2\n00:00:01,500 --> 00:00:01,900\nsecond\n\n"
        b"3\n00:00:02,000 --> 00:00:02,400\nthird\n"
    )
    with av.open(text, format="srt") as source:
        if codec == "subrip":
            stream = container.add_stream_from_template(source.streams[0])
        else:
            stream = container.add_stream(codec)
        packets = [packet for packet in source.demux() if packet.size]
    for packet in packets:
        packet.stream = stream
    return packets


def write_recording(path: Path, wanted: Wanted) -> list[Fraction]:
    """Write a recording and return the times of its pictures."""
    time_base = wanted.time_base or 1 / wanted.rate
    times = wanted.times
    if times is None:
        step = round(1 / wanted.rate / time_base)
        times = range(0, wanted.frames * step, step)
    with av.open(str(path), "w", container_options=dict(wanted.container_options)) as container:
        video = _add_video(container, wanted)
        packets = []
        if wanted.sound_from is not None:
            packets += _sound(container, wanted, len(times) / wanted.rate)
        if wanted.subtitles is not None:
            packets += _subtitles(container, wanted.subtitles)
        for index, pts in enumerate(times):
            frame = picture_of(wanted, index)
            frame.pts, frame.time_base = pts, time_base
            packets += video.encode(frame)
        packets += video.encode(None)
        packets.sort(key=lambda packet: packet.dts * packet.time_base)
        for packet in packets:
            container.mux(packet)
    return [pts * time_base for pts in times]


@pytest.fixture(scope="session")
def record() -> Callable[..., list[Fraction]]:
    """Writes a recording: `record(path, codec="ffv1", frames=3)`."""

    def write(path: Path, **wanted: object) -> list[Fraction]:
        return write_recording(path, Wanted(**wanted))

    return write


@pytest.fixture(scope="session")
def samples() -> Callable[..., list[np.ndarray]]:
    """The samples that `record` gives a picture: `samples(3, layout="nv12")`."""

    def of(index: int, **wanted: object) -> list[np.ndarray]:
        return planes_of(Wanted(**wanted), index)

    return of


def packet_table(path: Path) -> dict[str, list[tuple[Fraction, bytes]]]:
    """Time and content of every packet of a recording, by kind of stream; pictures' times only."""
    table: dict[str, list[tuple[Fraction, bytes]]] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            kind = packet.stream.type
            if packet.size and packet.pts is not None:
                content = b"" if kind == "video" else bytes(packet)
                table.setdefault(kind, []).append((packet.pts * packet.time_base, content))
    return {kind: sorted(packets) for kind, packets in table.items()}


@pytest.fixture(scope="session")
def packets_in() -> Callable[[Path], dict[str, list[tuple[Fraction, bytes]]]]:
    """Reads time and content of every packet: `packets_in(path)["audio"]`."""
    return packet_table


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, what it printed, and what it said on standard error."""

    status: int
    printed: str
    said: str

    @property
    def complaint(self) -> str:
        """The one line with which it gave up; nothing like a traceback is beside it."""
        assert "Traceback" not in self.said
        (line,) = (line for line in self.said.splitlines() if line.startswith("divergent-stream:"))
        return line


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs the command line in this process: `command("process", "a.mp4", "-o", "b.mp4")`."""

    def run(*words: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def process(command: Callable[..., Ended]) -> Callable[..., Ended]:
    """Runs `process` without networks, quickly: `process("a.mp4", "-o", "b.mp4")`."""

    def run(*words: object) -> Ended:
        return command("process", *words, "-w", "fixed:", "--preset", "ultrafast")

    return run


@pytest.fixture(scope="session")
def frames_in() -> Callable[[Path], int]:
    """Counts the pictures that a recording shows."""

    def count(path: Path) -> int:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0))

    return count


def list_files(folder: Path) -> list[str]:
    """Names of all files in a folder and below it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], list[str]]:
    """Lists the files in a folder and below it."""
    return list_files


@pytest.fixture(scope="session")
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the command line in a process group of its own: `start("process", ...)`."""

    def popen(*words: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "stream.cli", *map(str, words)],
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return popen
