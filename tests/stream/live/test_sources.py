"""Live sources without a network: files at their own pace, fields, screens, cameras."""

import ast
import os
import time
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from stream.capture.backoff import Backoff
from stream.errors import SourceError, UnusableSourceError
from stream.frame import Frame
from stream.loopback import barcode
from stream.loopback.prepared import write_prepared
from stream.source.annexb import parameter_sets
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.source.asked import Asked
from stream.source.continuity import Continuity
from stream.source.live import open_live
from stream.source.paced import Pace
from stream.tally import Tally
from tests.stream.live.moving import moving_pictures

ROOT = Path(__file__).resolve().parents[3]

NOT_AT_ONCE = 0.5
"""The share of its time that a pace takes at least, even where a busy machine begins it late."""


def arrivals(name: str, most: int | None = None, asked: Asked | None = None) -> list:
    source = open_live(name, asked or Asked(), Tally())
    try:
        return list(islice(source, most))
    finally:
        source.close()


def frames_of(arrived: list) -> list[Frame]:
    return [arrival for arrival in arrived if isinstance(arrival, Frame)]


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    return str(write_prepared(path, moving_pictures((128, 96), 8), options={"bf": "2"}))


def test_a_file_comes_at_its_own_pace_whole_and_in_order(short):
    given, *arrived = arrivals(short, asked=Asked(packets=True))
    assert isinstance(given, GivenFormat)
    frames = frames_of(arrived)
    assert [barcode.read(frame.picture.planes[0]) for frame in frames] == list(range(8))
    packets = [arrival for arrival in arrived if isinstance(arrival, CapturedPacket)]
    assert len(packets) == 8
    last, first = packets[-1].arrived_at, packets[0].arrived_at
    assert last - first >= 7 / 25 * NOT_AT_ONCE


def test_a_file_that_is_looped_goes_on_in_time(short):
    frames = frames_of(arrivals(short, 21, Asked(loop=True)))
    assert [barcode.read(frame.picture.planes[0]) for frame in frames] == [
        index % 8 for index in range(20)
    ]
    steps = {two.seconds - one.seconds for one, two in pairwise(frames)}
    assert steps == {Fraction(1, 25)}


def test_the_synthetic_procedure_comes_at_its_own_pace():
    given, *frames = arrivals("synthetic:?seconds=0.3&fps=20&size=96x64")
    assert str(given) == "96x64 synthetic 20 fps"
    assert [frame.index for frame in frames] == list(range(6))
    assert frames[-1].arrived_at - frames[0].arrived_at >= 5 / 20 * NOT_AT_ONCE


def test_what_is_late_goes_on_from_where_it_is_instead_of_hurrying_after():
    warnings = Tally()
    pace = Pace("case.mp4", warnings)
    pace(0.0)
    pace(-5.0)  # due five seconds ago
    began = time.monotonic()
    pace(-4.8)
    assert time.monotonic() - began >= 0.2 * NOT_AT_ONCE
    assert warnings.lines() == ["case.mp4 is slower than its own pace on this machine"]


def test_fields_are_made_whole_and_the_delay_is_told():
    graph = "lavfi:testsrc2=size=128x96:rate=25,setfield=tff"
    given, *frames = arrivals(graph, 6)
    assert given.deinterlace_delay_s == pytest.approx(1 / 25)
    assert len({frame.pts for frame in frames}) == 5
    (woven, *_) = arrivals(graph, 6, Asked(deinterlace=False))
    assert woven.deinterlace_delay_s == 0


def test_whole_pictures_are_not_delayed():
    (given, *_) = arrivals("lavfi:testsrc2=size=128x96:rate=25", 2)
    assert given.deinterlace_delay_s == 0


@pytest.mark.parametrize(
    ("given", "travels"),
    [("yuyv422", "yuv422p"), ("uyvy422", "yuv422p"), ("nv12", "nv12"), ("p010le", "p010le")],
)
def test_what_grabbers_send_travels_without_loss(given, travels):
    told, frame = arrivals(f"lavfi:testsrc2=size=128x96,format={given}", 2)
    assert (told.pixel_format, told.layout, told.has_packets) == (given, travels, False)
    assert frame.picture.layout.name == travels


def test_opencv_reads_where_there_is_no_v4l2(short):
    source = open_live(f"camera:{short}", Asked(size=(128, 96), rate=Fraction(25)), Tally())
    try:
        given, *frames = list(islice(source, 4))
    finally:
        source.close()
    assert (given.width, given.height, given.layout) == (128, 96, "yuv444p")
    assert [barcode.read(frame.picture.planes[0]) for frame in frames] == [0, 1, 2]
    assert all(two.pts > one.pts for one, two in pairwise(frames))


def test_a_camera_that_is_not_there_is_said(capfd):
    with pytest.raises(UnusableSourceError, match="OpenCV cannot open this camera"):
        open_live("camera:/nowhere", Asked(), Tally())


def test_a_camera_that_stops_is_lost(short):
    source = open_live(f"camera:{short}", Asked(), Tally())
    try:
        with pytest.raises(SourceError, match="gives no more pictures"):
            list(source)
    finally:
        source.close()


def test_without_a_screen_it_says_so(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(UnusableSourceError, match="there is no screen"):
        open_live("x11grab:", Asked(), Tally())
    with pytest.raises(UnusableSourceError, match="the screen :97 cannot be grabbed"):
        open_live("x11grab::97", Asked(), Tally())


@pytest.mark.skipif("DISPLAY" not in os.environ, reason="no X11 screen")
def test_a_screen_is_grabbed():
    given, *frames = arrivals("x11grab:+10,20", 4, Asked(size=(64, 48), rate=Fraction(30)))
    assert (given.width, given.height) == (64, 48)
    assert len(frames) == 3


def test_times_that_go_on_belong_together_and_others_do_not():
    continuity = Continuity()
    assert not continuity.breaks(10.0, 100.0)
    assert not continuity.breaks(10.04, 100.04)
    assert not continuity.breaks(9.96, 100.05)  # a packet out of order
    assert not continuity.breaks(40.0, 130.0)  # half a minute of silence, and the sender's too
    assert not continuity.breaks(42.0, 130.0)  # a buffer that empties
    assert not continuity.breaks(None, 130.1)
    assert continuity.breaks(0.0, 130.2)  # a sender that begins anew
    assert continuity.breaks(3600.0, 130.3)  # a sender whose clock was set


def test_parameter_sets_are_found_between_start_codes():
    sps, pps, picture = b"\x67\x01\x02", b"\x68\x03", b"\x65\x04\x00"
    start = b"\x00\x00\x00\x01"
    content = start + b"\x09\xf0" + start + sps + start + pps + b"\x00\x00\x01" + picture
    assert parameter_sets(content, "h264") == start + sps + start + pps
    assert parameter_sets(start + picture, "h264") == b""
    assert parameter_sets(b"\x00\x00\x00\x05" + sps, "h264") == b""  # a length, no start code
    assert parameter_sets(content, "mjpeg") == b""


def test_parameter_sets_of_hevc_are_those_that_its_encoder_writes(tmp_path):
    path = write_prepared(
        tmp_path / "a.ts",
        moving_pictures((128, 96), 2),
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": "log-level=none"},
    )
    with av.open(str(path)) as container:
        first = next(container.demux(video=0))
        kept = container.streams.video[0].codec_context.extradata
        found = parameter_sets(bytes(first), "hevc")
    # FFmpeg keeps start codes of three bytes where the encoder wrote such.
    assert found.replace(b"\0\0\0\1", b"\0\0\1") == kept.replace(b"\0\0\0\1", b"\0\0\1")


def test_tries_begin_ever_further_apart_until_one_succeeds():
    backoff = Backoff()
    starts = [0.0]
    for _ in range(7):
        starts.append(backoff.next(starts[-1], starts[-1] + 0.01))
    assert [two - one for one, two in pairwise(starts)] == [0.25, 0.5, 1, 2, 4, 5, 5]
    backoff.succeeded()
    assert backoff.next(100.0, 100.1) == 100.25


def test_a_try_that_waited_long_is_followed_at_once():
    assert Backoff().next(0.0, 10.0) == 10.0


def test_where_tries_are_limited_it_gives_up():
    backoff = Backoff(limit=1)
    assert backoff.next(0.0, 0.0) is not None
    assert backoff.next(0.0, 0.0) is None


@pytest.mark.parametrize("package", ["capture", "source"])
def test_nothing_live_reads_a_clock_that_can_be_set(package):
    calls = {
        f"{path.name}: {ast.unparse(node)}"
        for path in [*(ROOT / "stream" / package).glob("*.py"), ROOT / "stream" / "health.py"]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("time.time", "datetime.now")
    }
    assert calls == set()
