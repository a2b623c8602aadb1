"""What is left when a recording is killed, or the disk is full."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

import av
import pytest

from stream.source.file import open_file

ROOT = Path(__file__).parents[3]

RECORD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from stream.errors import DivergentError
    from stream.sink.encoder_settings import EncoderSettings
    from stream.sink.recorder import Recorder
    from stream.source.file import open_file

    source_path, target, codec, preset, stop_after = sys.argv[1:]
    settings = EncoderSettings(codec=codec, preset=preset or None)
    try:
        with open_file(source_path) as source, Recorder(
            Path(target), parameters=source.parameters, settings=settings
        ) as recorder:
            for frame in source:
                for packet in source.take_packets():
                    recorder.write_packet(packet)
                recorder.write(frame)
                if recorder.frames == int(stop_after):
                    print(frame.index, flush=True)
                    sys.stdin.read()
            for packet in source.take_packets():
                recorder.write_packet(packet)
    except DivergentError as problem:
        print(type(problem).__name__, problem)
        sys.exit(1)
    """
)


def start(source, target, codec="h264", preset="ultrafast", stop_after=-1, **options):
    """A child that records, and waits for ever after some frames if it is asked to."""
    arguments = [str(source), str(target), codec, preset, str(stop_after)]
    return subprocess.Popen(
        [sys.executable, "-c", RECORD, *arguments],
        cwd=ROOT,
        env={**os.environ, "SVT_LOG": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def kill_after(frames, source, target, codec, preset):
    """Kill a recording once so many frames were given to it."""
    with start(source, target, codec, preset, stop_after=frames) as child:
        reached = child.stdout.readline()
        assert reached, child.stderr.read()
        child.send_signal(signal.SIGKILL)
    return int(reached)


@pytest.mark.parametrize(
    ("codec", "preset", "rate", "suffix", "sound"),
    [
        ("h264", "ultrafast", 25, "mp4", None),
        ("h264", "medium", 25, "mp4", Fraction(0)),
        ("h264", "slower", 50, "mp4", Fraction(0)),
        ("h264", "medium", 25, "mkv", Fraction(0)),
        ("h264", "medium", 25, "mov", Fraction(9)),
        ("h264", "medium", 10, "mp4", None),
        ("hevc", "fast", 25, "mp4", Fraction(0)),
        ("av1", "ultrafast", 25, "mp4", None),
        ("ffv1", "", 25, "mkv", Fraction(0)),
    ],
)
def test_a_killed_recording_plays_and_lacks_at_most_a_second(
    tmp_path, record, codec, preset, rate, suffix, sound
):
    source, target = tmp_path / "in.mp4", tmp_path / f"out.{suffix}"
    times = record(
        source,
        rate=Fraction(rate),
        frames=6 * rate,
        size=(128, 96),
        sound_from=sound,
        options={"preset": "ultrafast"},
    )
    given = kill_after(4 * rate + 3, source, target, codec, preset)
    assert not target.exists()
    with open_file(tmp_path / f"out.partial.{suffix}") as partial:
        kept = [frame.seconds for frame in partial]
    whole = 0
    while whole < len(kept) and kept[whole] == times[whole]:
        whole += 1
    assert times[given] - times[whole - 1] <= 1
    assert kept == sorted(kept)
    if sound == 0:
        with av.open(str(tmp_path / f"out.partial.{suffix}")) as container:
            heard = [p.pts * p.time_base for p in container.demux(audio=0) if p.pts is not None]
        assert heard[-1] >= times[given] - 1


@pytest.mark.parametrize("frames", [26, 30, 51, 75])
def test_the_partial_recording_plays_at_every_moment(tmp_path, record, frames):
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    times = record(source, frames=100, sound_from=Fraction(0))
    given = kill_after(frames, source, target, "h264", "veryfast")
    with open_file(tmp_path / "out.partial.mp4") as partial:
        kept = [frame.seconds for frame in partial]
    assert times[given] - kept[-1] <= 1


def test_a_killed_recording_can_be_started_again(tmp_path, record):
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    times = record(source, frames=60)
    kill_after(40, source, target, "h264", "ultrafast")
    with start(source, target) as child:
        output, _ = child.communicate()
    assert child.returncode == 0, output
    with open_file(target) as again:
        assert [frame.seconds for frame in again] == times
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def limited(size):
    """Let no file grow beyond so many bytes: what a full disk looks like."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_full_disk_is_one_line_and_keeps_what_was_written(tmp_path, record, suffix):
    source, target = tmp_path / "in.mkv", tmp_path / f"out.{suffix}"
    record(source, codec="ffv1", frames=100, size=(128, 96))
    limit = source.stat().st_size // 2
    with start(source, target, "ffv1", "", preexec_fn=limited(limit)) as child:
        output, trouble = child.communicate()
    assert child.returncode == 1, trouble
    assert output.startswith("SinkError")
    assert output.count("\n") == 1
    assert "disk is full" in output
    assert f"out.partial.{suffix}" in output
    assert not target.exists()
    with open_file(tmp_path / f"out.partial.{suffix}") as partial:
        assert 30 < len(list(partial)) < 60


def test_a_recording_that_cannot_be_rewritten_is_kept_whole(tmp_path, record):
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    times = record(source, frames=100)
    (tmp_path / "out.rewrite.partial.mp4").mkdir()  # stands in the way
    with start(source, target) as child:
        output, _ = child.communicate()
    assert child.returncode == 1
    assert output.startswith("SinkError")
    assert output.count("\n") == 1
    assert f"the whole recording is in {tmp_path / 'out.partial.mp4'}" in output
    assert not target.exists()
    with open_file(tmp_path / "out.partial.mp4") as partial:
        assert [frame.seconds for frame in partial] == times


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, record):
    source, folder = tmp_path / "in.mp4", tmp_path / "locked"
    record(source, frames=3)
    folder.mkdir(mode=0o500)
    with start(source, folder / "out.mp4") as child:
        output, _ = child.communicate()
    assert child.returncode == 1
    assert output.startswith("SinkError")
    assert "Permission denied" in output
    assert list(folder.iterdir()) == []
