"""Sources that a program of its own reads, watched as any other source is."""

import shlex
import shutil
import signal
import sys
import time
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path

import psutil
import pytest

from stream.capture import Asked, CaptureOptions
from stream.errors import SettingsError, SourceError, UnusableSourceError
from stream.frame import Frame
from stream.health import State
from stream.live.names import names_of
from stream.loopback import barcode
from stream.source.arrival import Arrival, GivenFormat
from stream.source.live import check_live, is_live, open_live
from stream.tally import Tally
from tests.stream.live.watched import PATIENCE_S, Watched

PATIENT = Asked(open_s=60.0, silent_s=30.0)

PROGRAM = "tests.stream.live.program"

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")


def sending(*words: object) -> str:
    """The address of a program that sends numbered pictures."""
    return "exec:" + shlex.join([sys.executable, "-m", PROGRAM, *map(str, words)])


def arrivals(address: str, frames: int, asked: Asked = PATIENT) -> list[Arrival]:
    """What the source gives, and so many frames."""
    source = open_live(address, asked, Tally())
    try:
        return list(islice(source, frames + 1))
    finally:
        source.close()


def numbers(arrived: list[Arrival]) -> list[int | None]:
    return [barcode.read(frame.picture.planes[0]) for frame in arrived if isinstance(frame, Frame)]


def programs() -> list[psutil.Process]:
    """The programs that send, whoever started them among this process's own."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if PROGRAM in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def wait_for_end(process: psutil.Process) -> None:
    until = time.monotonic() + PATIENCE_S
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, f"{process} still runs"
        time.sleep(0.05)


def test_every_picture_comes_with_its_own_time():
    given, *frames = arrivals(sending(), 12)
    assert isinstance(given, GivenFormat)
    assert str(given) == "192x144 rawvideo 25 fps"
    assert numbers(frames) == list(range(12))
    assert [frame.seconds for frame in frames] == [Fraction(index, 25) for index in range(12)]


def test_bare_samples_come_by_format_size_and_rate():
    asked = Asked("yuv420p", (192, 144), Fraction(25), open_s=60.0, silent_s=30.0)
    given, *frames = arrivals(sending("--raw"), 6, asked)
    assert (given.layout, given.rate) == ("yuv420p", 25)
    assert numbers(frames) == list(range(6))


@needs_ffmpeg
@pytest.mark.parametrize("form", ["nut", "mpegts", "matroska"])
def test_ffmpeg_sends_what_it_was_given(form, clip):
    given, *frames = arrivals(f"exec:ffmpeg -v error -re -i {clip} -c copy -f {form} -", 20)
    assert (given.codec, given.width, given.height) == ("h264", 192, 144)
    assert numbers(frames) == list(range(20))


@needs_ffmpeg
def test_ffmpeg_sends_what_capture_cards_give(clip):
    asked = Asked("uyvy422", (192, 144), Fraction(25), open_s=60.0, silent_s=30.0)
    form = "-pix_fmt uyvy422 -f rawvideo"
    given, *frames = arrivals(f"exec:ffmpeg -v error -re -i {clip} {form} -", 10, asked)
    assert (given.pixel_format, given.layout) == ("uyvy422", "yuv422p")
    assert numbers(frames) == list(range(10))


def test_nothing_of_a_command_is_a_shells(tmp_path):
    tell = "import sys; print(sys.argv[1:], file=sys.stderr); sys.exit(9)"
    command = shlex.join([sys.executable, "-c", tell, "$(touch a)", "two words", "*"])
    with pytest.raises(SourceError) as refused:
        open_live(f"exec:{command} ; touch b", PATIENT, Tally())
    said = "ended with status 9: ['$(touch a)', 'two words', '*', ';', 'touch', 'b']"
    assert said in str(refused.value)


def test_a_program_that_ends_well_is_over_and_one_that_fails_is_started_again():
    with Watched(sending("--pictures", 5)) as watched:
        assert watched.wait_for(State.ENDED).reason == "it came to its end"
    assert len(watched.frames) == 5
    assert watched.capture.problem is None
    with Watched(sending("--pictures", 5, "--then", 3)) as watched:
        lost = watched.wait_for(State.RECONNECTING)
        watched.wait(lambda: watched.capture.given.segment == 2)
        watched.wait_frames(5)
    name = Path(sys.executable).name
    assert lost.reason == f"exec:{name}: ended with status 3: the card is gone"
    assert [frame.index for frame in watched.frames[:10]] == list(range(10))


def test_a_program_that_goes_silent_is_ended_and_started_again():
    options = CaptureOptions(asked=Asked(open_s=60.0, silent_s=1.0))
    with Watched(sending("--pictures", 40, "--then", "hang"), options) as watched:
        watched.wait_frames(5)
        (first,) = programs()
        lost = watched.wait_for(State.RECONNECTING)
        wait_for_end(first)
        watched.wait(lambda: watched.capture.given.segment == 2)
    assert lost.reason.endswith("sent nothing for 1 s")


def test_a_program_that_is_killed_is_started_again():
    with Watched(sending(), CaptureOptions(asked=PATIENT)) as watched:
        watched.wait_frames(5)
        (first,) = programs()
        first.send_signal(signal.SIGKILL)
        lost = watched.wait_for(State.RECONNECTING)
        watched.wait(lambda: watched.capture.given.segment == 2)
    assert "was ended by SIGKILL" in lost.reason


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when its pipe breaks")
def test_a_program_ends_with_the_reader_that_is_killed():
    with Watched(
        sending("--pictures", 40, "--then", "hang"), CaptureOptions(asked=PATIENT)
    ) as watched:
        watched.wait_frames(5)
        (first,) = programs()
        watched.capture.kill()
        wait_for_end(first)


def test_nothing_runs_on_after_the_end_even_if_it_does_not_want_to_end():
    with Watched(sending("--stubborn"), CaptureOptions(asked=PATIENT)) as watched:
        watched.wait_frames(3)
        (stubborn,) = programs()
    wait_for_end(stubborn)
    source = open_live(sending("--stubborn"), PATIENT, Tally())
    next(iter(source))
    (stubborn,) = programs()
    source.close()
    wait_for_end(stubborn)


TEXT = shlex.join([sys.executable, "-c", "print('text, no video\\n' * 5000)"])

BAD = {
    "no such program": (
        "exec:no-such-program -i x",
        UnusableSourceError,
        "there is no such program",
    ),
    "a file that is no program": (
        f"exec:{__file__}",
        UnusableSourceError,
        "cannot be run: Permission",
    ),
    "nothing": ("exec:true", SourceError, "exec:true: ended before it sent anything"),
    "a failure": ("exec:false", SourceError, "exec:false: ended with status 1"),
    "text": (f"exec:{TEXT}", SourceError, "sends nothing that is video: -f nut - ends"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_source_says_so(case):
    address, kind, said = BAD[case]
    with pytest.raises(kind) as refused:
        open_live(address, PATIENT, Tally())
    assert said in str(refused.value)


def test_a_program_that_sends_nothing_says_so():
    with pytest.raises(SourceError, match=r"exec:sleep: sent nothing for 0\.2 s"):
        open_live("exec:sleep 60", Asked(open_s=0.2), Tally())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("uyvy422"), "need --input-format, --input-size and --input-rate"),
        (Asked("uyvy422", (64, 48)), "need --input-format, --input-size and --input-rate"),
        (Asked("uyvy", (64, 48), Fraction(25)), "FFmpeg knows no pixel format uyvy"),
    ],
)
def test_bare_samples_that_are_not_described_say_so(asked, said):
    with pytest.raises(UnusableSourceError, match=said):
        open_live("exec:cat /dev/zero", asked, Tally())


@pytest.mark.parametrize("address", ["exec:", "exec:  ", "exec:ffmpeg 'a", 'exec:"'])
def test_a_command_that_makes_no_sense_is_refused_before_anything_runs(address, command):
    assert is_live(address)
    with pytest.raises(SettingsError):
        check_live(address)
    assert command("live", address, "-w", "fixed:", "--no-show").status == 2


def test_a_sources_name_tells_nothing_of_its_arguments():
    secret = "exec:/usr/bin/ffmpeg -headers 'Token: 123' -i rtsp://a:b@10.0.0.7/x -f nut -"
    assert names_of([secret, secret]) == ["exec:ffmpeg", "exec:ffmpeg (2)"]
    failing = [sys.executable, "-c", "import sys; sys.exit('cannot open rtsp://a:b@10.0.0.7/x')"]
    with pytest.raises(SourceError) as refused:
        open_live("exec:" + shlex.join(failing), PATIENT, Tally())
    assert "cannot open rtsp://***@10.0.0.7/x" in str(refused.value)
