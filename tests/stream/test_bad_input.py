"""What becomes of bad input: the table in docs/bad-input.md, row by row."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from safetensors.numpy import save_file

from stream.source.file import open_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    """Where outputs go, apart from what goes in."""
    path = tmp_path / "out"
    path.mkdir()
    return path


# Refused: one clear line, status 1, nothing written.


def text_named_mp4(path, record):
    path.write_text("This is no recording.\n" * 200)


def empty_file(path, record):
    path.touch()


def without_its_index(path, record):
    record(path, frames=60)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def cut_before_the_first_picture(path, record):
    record(path, container_options={"movflags": "faststart"})
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"mdat") + 5])


def sound_alone(path, record):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
        for plane in frame.planes:
            np.frombuffer(plane, np.float32)[:] = 0
        container.mux(stream.encode(frame) + stream.encode(None))


def unknown_codec(path, record):
    record(path)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz9"))


def missing(path, record):
    pass


def empty_folder(path, record):
    path.mkdir()


REFUSED = {
    missing: "no such file",
    empty_folder: "folder without recordings",
    empty_file: "0 bytes",
    text_named_mp4: "no recording that can be read",
    without_its_index: "without its index",
    cut_before_the_first_picture: "not one picture",
    sound_alone: "sound only",
    unknown_codec: "no decoder",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_is_no_recording_is_one_clear_line(tmp_path, folder, record, process, make):
    path = tmp_path / "a.mp4"
    make(path, record)
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 1
    assert REFUSED[make] in ended.complaint
    assert str(path) in ended.complaint
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("there", ["b.mp4", "b.frames.csv"])
def test_an_existing_output_is_refused_and_left_alone(tmp_path, folder, record, process, there):
    record(tmp_path / "a.mp4", frames=3)
    (folder / there).write_text("precious")
    ended = process(tmp_path / "a.mp4", "-o", folder / "b.mp4")
    assert ended.status == 1
    assert f"{there}: exists already" in ended.complaint
    assert "-y" in ended.complaint
    assert [path.read_text() for path in folder.iterdir()] == ["precious"]
    assert process(tmp_path / "a.mp4", "-o", folder / "b.mp4", "-y").status == 0
    assert (folder / there).read_bytes() != b"precious"


def test_the_recording_itself_is_no_output(tmp_path, record, process):
    record(tmp_path / "a.mp4", frames=3)
    before = (tmp_path / "a.mp4").read_bytes()
    ended = process(tmp_path / "a.mp4", "-o", tmp_path / "a.mp4", "-y")
    assert ended.status == 1
    assert "is the recording itself" in ended.complaint
    assert (tmp_path / "a.mp4").read_bytes() == before


UNWRITABLE = {
    "none/b.mp4": "there is no folder",
    "b": "is no container",
    "b.webm": "is no container",
    "taken.mp4": "cannot be written",
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_an_output_that_cannot_be_written_is_one_clear_line(
    tmp_path, folder, record, process, name
):
    record(tmp_path / "a.mp4", frames=3)
    (folder / "taken.partial.mp4").mkdir()
    ended = process(tmp_path / "a.mp4", "-o", folder / name)
    assert ended.status == 1
    assert UNWRITABLE[name] in ended.complaint
    assert [path.name for path in folder.rglob("*") if ".partial." not in path.name] == []


# Weights.


def checkpoint(path, version=1, spec=None):
    """A file like a checkpoint, whose tensors are no network's."""
    header = {
        "format_version": version,
        "spec": spec or {"network": {"architecture": "fpn"}},
        "metrics": {},
        "trained_on": {},
    }
    metadata = {"divergentnets": json.dumps(header)}
    save_file({"a": np.zeros(3, np.float32)}, path, metadata)


def of_zero_bytes(path):
    path.touch()


def of_a_newer_format(path):
    checkpoint(path, version=1_000)


def of_an_unknown_architecture(path):
    checkpoint(path, spec={"network": {"architecture": "unet3000"}})


def pickle(path):
    path.write_bytes(b"\x80\x04K\x01.")


def zipped_pickle(path):
    path.write_bytes(b"PK\x03\x04" + bytes(100))


def not_there(path):
    pass


def any_safetensors(path):
    save_file({"a": np.zeros(3, np.float32)}, path)


WEIGHTS = {
    not_there: "no such checkpoint",
    of_zero_bytes: "0 bytes are no checkpoint",
    of_a_newer_format: "is newer than",
    of_an_unknown_architecture: "spec is wrong",
    pickle: "a pickle, which can run code",
    zipped_pickle: "a pickle, which can run code",
    any_safetensors: "not a DivergentNets checkpoint",
}


@pytest.mark.parametrize("several", [False, True], ids=["one", "folder"])
@pytest.mark.parametrize("make", WEIGHTS, ids=lambda make: make.__name__)
def test_weights_that_are_none_are_one_clear_line(tmp_path, folder, record, command, make, several):
    record(tmp_path / "a.mp4", frames=3)
    weights = tmp_path / "w.safetensors"
    make(weights)
    names = [tmp_path / "a.mp4"] * 2 if several else [tmp_path / "a.mp4"]
    output = folder if several else folder / "b.mp4"
    ended = command("process", *names, "-o", output, "-w", weights)
    assert ended.status == 1
    assert WEIGHTS[make] in ended.complaint
    assert str(weights) in ended.complaint
    assert list(folder.iterdir()) == []


def test_a_spec_that_does_not_fit_its_tensors_is_one_clear_line(tmp_path, folder, record, command):
    record(tmp_path / "a.mp4", frames=3)
    network = {"architecture": "fpn", "encoder": "tu-mobilenetv4_conv_small_050"}
    checkpoint(tmp_path / "w.safetensors", spec={"network": network})
    ended = command(
        *("process", tmp_path / "a.mp4", "-o", folder / "b.mp4"),
        *("-w", tmp_path / "w.safetensors", "--device", "eager"),
    )
    assert ended.status == 1
    assert "the spec does not fit the tensors" in ended.complaint
    assert list(folder.iterdir()) == []


# Processed as far as it goes, with status 1.


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_recording_that_breaks_off_keeps_what_came_before(
    tmp_path, folder, record, process, frames_in, suffix
):
    path = tmp_path / f"a.{suffix}"
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    record(path, frames=100, container_options=options)
    path.write_bytes(path.read_bytes()[: round(0.6 * path.stat().st_size)])
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 1
    count = frames_in(folder / "b.mp4")
    assert 40 <= count <= 80
    assert f"all {count} frames" in ended.complaint
    assert len((folder / "b.frames.csv").read_text().splitlines()) == count + 1
    assert not [path for path in folder.iterdir() if ".partial" in path.name]


# Processed to the end, with counted warnings and status 0.


def corrupt_packet(path, record):
    record(path, frames=60, keyframe_interval=10)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        position, size = packets[33].pos, packets[33].size
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(33).integers(0, 256, size - 4, dtype=np.uint8)
    content[position + 4 : position + size] = noise.tobytes()
    path.write_bytes(content)


def no_first_keyframe(path, record):
    record(path.with_name("whole.mkv"), frames=60, keyframe_interval=20, b_frames=0)
    with (
        av.open(str(path.with_name("whole.mkv"))) as source,
        av.open(str(path), "w", format="matroska") as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and number >= 5:
                packet.stream = stream
                target.mux(packet)


def of_ticks(path, record, times, **wanted):
    """A transport stream with these times in units of 1/90000 s."""
    record(
        path.with_suffix(".ts"),
        time_base=Fraction(1, 90000),
        times=times,
        b_frames=0,
        container_options={"mpegts_copyts": "1", "avoid_negative_ts": "disabled"},
        **wanted,
    )
    path.write_bytes(path.with_suffix(".ts").read_bytes())


def negative_times(path, record):
    of_ticks(path, record, range(-18000, 72000, 3600))


def repeated_times(path, record):
    once = path.with_name("once.mp4")
    of_ticks(once, record, range(90_000, 162_000, 3600))
    path.write_bytes(once.read_bytes() * 2)


def times_that_jump_back(path, record):
    once = path.with_name("once.mp4")
    of_ticks(once, record, range(90_000, 198_000, 3600))
    path.write_bytes(once.read_bytes() * 2)


def one_frame(path, record):
    record(path, frames=1)


def odd_size(path, record):
    record(path, codec="ffv1", size=(719, 575), frames=2)


def tiny(path, record):
    record(path, size=(16, 16), frames=10)


def grey(path, record):
    record(path.with_suffix(".mkv"), codec="ffv1", layout="gray", frames=10)
    path.write_bytes(path.with_suffix(".mkv").read_bytes())


def alpha(path, record):
    record(path.with_suffix(".mkv"), codec="ffv1", layout="yuva420p", frames=10)
    path.write_bytes(path.with_suffix(".mkv").read_bytes())


GOES_ON = {
    corrupt_packet: (None, "was damaged"),
    no_first_keyframe: (40, "before the first keyframe could not be decoded (15 times)"),
    negative_times: (25, "starts at -0.200 s"),
    repeated_times: (40, "by one unit of time (20 times)"),
    times_that_jump_back: (60, "times jumped back"),
    one_frame: (1, None),
    odd_size: (2, "719x575 is recorded as 720x576"),
    tiny: (10, None),
    grey: (10, None),
    alpha: (10, "its alpha is dropped"),
}


@pytest.mark.parametrize("make", GOES_ON, ids=lambda make: make.__name__)
def test_what_can_be_processed_is_with_counted_warnings(
    tmp_path, folder, record, process, frames_in, make
):
    path = tmp_path / "a.mp4"
    make(path, record)
    count, warning = GOES_ON[make]
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 0
    written = frames_in(folder / "b.mp4")
    assert written == count or (count is None and 50 <= written <= 60)
    assert len((folder / "b.frames.csv").read_text().splitlines()) == written + 1
    assert not [path for path in folder.iterdir() if ".partial" in path.name]
    if warning is None:
        assert "warning" not in ended.said
    else:
        assert warning in ended.said


def test_a_change_of_size_goes_on_in_a_second_file(tmp_path, folder, record, process, frames_in):
    for name, size, first in (("a", (64, 48), 90_000), ("b", (96, 80), 162_000)):
        times = range(first, first + 72_000, 3600)
        of_ticks(tmp_path / f"{name}.mp4", record, times, size=size)
    both = tmp_path / "both.ts"
    both.write_bytes((tmp_path / "a.mp4").read_bytes() + (tmp_path / "b.mp4").read_bytes())
    ended = process(both, "-o", folder / "c.mp4")
    assert ended.status == 0
    assert frames_in(folder / "c.mp4") == frames_in(folder / "c.part2.mp4") == 20
    assert len((folder / "c.frames.csv").read_text().splitlines()) == 41
    assert "changes to 96x80" in ended.said


def test_8k_is_processed(tmp_path, folder, process, frames_in):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "yuv420p"
        picture = av.VideoFrame(7680, 4320, "yuv420p")
        for plane in picture.planes:
            np.frombuffer(plane, np.uint8)[:] = 100
        picture.pts = 0
        container.mux(stream.encode(picture) + stream.encode(None))
    ended = process(tmp_path / "a.mp4", "-o", folder / "b.mp4")
    assert ended.status == 0
    assert frames_in(folder / "b.mp4") == 1


# A full disk, played by a limit on the size of files, in a process of its own.

ON_A_FULL_DISK = """
import json, resource, sys
from pathlib import Path
from stream.cli import main

statuses = []
for limit, output, *words in json.loads(sys.argv[2]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        main(["process", sys.argv[1], "-o", output, "-w", "fixed:", *words])
    except SystemExit as ended:
        statuses.append(ended.code)
print(json.dumps(statuses))
"""


def test_a_full_disk_is_one_clear_line_and_keeps_the_partial(tmp_path, folder, record):
    record(tmp_path / "a.mkv", codec="ffv1", size=(320, 240), frames=30)
    outputs = [
        [500, str(folder / "at-once.mp4"), "--codec", "ffv1"],
        [300_000, str(folder / "midway.mp4"), "--codec", "ffv1"],
        [4_000, str(folder / "pictures.mp4"), "--frames", "1"],
    ]
    ended = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, tmp_path / "a.mkv", json.dumps(outputs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout.splitlines()[-1]) == [1, 1, 1]
    lines = [line for line in ended.stderr.splitlines() if line.startswith("divergent-stream:")]
    assert len(lines) == 3
    assert all("disk is full" in line for line in lines)
    assert "Traceback" not in ended.stderr
    whole = [path.name for path in folder.iterdir() if ".partial." not in path.name]
    assert whole == []
    with open_file(folder / "midway.partial.mp4") as source:
        assert 0 < sum(1 for _ in source) < 30
