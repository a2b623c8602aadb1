"""Streams over UDP, from a sender in a process of its own."""

import threading
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import av
import pytest

from stream.errors import SettingsError, SourceError
from stream.frame import Frame
from stream.loopback import barcode
from stream.loopback.sender import MUXER, Datagrams, packets_of
from stream.source.arrival import Arrival, CapturedPacket, GivenFormat
from stream.source.asked import Asked
from stream.source.live import check_live, is_live, open_live
from stream.tally import Tally
from tests.stream.live.moving import moving_pictures

PATIENT = Asked(packets=True, open_s=30.0, silent_s=10.0)


def read(url: str, frames: int, asked: Asked = PATIENT, warnings: Tally | None = None):
    """All that arrives until so many frames have come."""
    arrivals: list[Arrival] = []
    source = open_live(url, asked, warnings if warnings is not None else Tally())
    try:
        for arrival in source:
            arrivals.append(arrival)
            frames -= isinstance(arrival, Frame)
            if not frames:
                break
    finally:
        source.close()
    return arrivals


def of(kind: type, arrivals: list[Arrival]) -> list:
    return [arrival for arrival in arrivals if isinstance(arrival, kind)]


def numbers(arrivals: list[Arrival]) -> list[int | None]:
    return [barcode.read(frame.picture.planes[0]) for frame in of(Frame, arrivals)]


def test_every_picture_arrives_with_its_packet_behind_what_the_stream_gives(url, send, clip):
    send(url, clip)
    arrivals = read(url, 40)
    (given,), packets, frames = (
        of(kind, arrivals) for kind in (GivenFormat, CapturedPacket, Frame)
    )
    assert arrivals[0] is given
    assert str(given) == "192x144 h264 25 fps"
    assert (given.segment, given.layout, given.has_packets) == (1, "yuv420p", True)
    assert given.extradata.startswith(b"\0\0\0\1")
    assert packets[0].is_keyframe
    assert [packet.pts for packet in packets] == [frame.pts for frame in frames]
    assert [frame.index for frame in frames] == list(range(40))
    assert all((two - one) % 100 == 1 for one, two in pairwise(numbers(arrivals)))


def test_a_picture_comes_before_the_next_one_is_decoded(url, send, clip):
    send(url, clip)
    kinds = [type(arrival) for arrival in read(url, 30)[1:]]
    assert kinds == [CapturedPacket, Frame] * 30


def test_the_last_picture_comes_though_nothing_follows_it(url, send, clip):
    """So no picture waits for the next one, in a parser or a decoder."""
    sender = threading.Thread(target=send, args=(url, clip, "--once"))
    sender.start()
    seen: list[int | None] = []
    source = open_live(url, Asked(open_s=60.0, silent_s=2.0), Tally())
    try:
        with pytest.raises(SourceError, match="sent no video"):
            seen.extend(number for arrival in source for number in numbers([arrival]))
    finally:
        source.close()
        sender.join()
    assert seen[-2:] == [98, 99]


def send_two_at_a_time(url: str, clip: Path, stopped: threading.Event) -> None:
    """Two pictures in each packet, as a muxer may put them that saves on headers."""
    with (
        closing(Datagrams(url)) as datagrams,
        av.open(str(clip)) as template,
        av.open(datagrams, "w", format="mpegts", options=MUXER) as out,
    ):
        stream = out.add_stream_from_template(template.streams.video[0])
        began, packets = time.monotonic(), packets_of([str(clip)], once=False)
        for (_, one), (due, two) in zip(packets, packets, strict=False):
            if stopped.wait(max(0.0, began + float(due) - time.monotonic())):
                return
            both = av.Packet(bytes(one) + bytes(two))
            both.pts, both.dts, both.time_base = one.pts, one.dts, one.time_base
            both.stream = stream
            out.mux(both)
            datagrams.flush()


def test_pictures_that_come_two_at_a_time_are_told_apart(url, clip):
    stopped = threading.Event()
    sender = threading.Thread(target=send_two_at_a_time, args=(url, clip, stopped))
    sender.start()
    try:
        shown = numbers(read(url, 20, Asked(open_s=30.0, silent_s=10.0)))
    finally:
        stopped.set()
        sender.join()
    assert all((two - one) % 100 == 1 for one, two in pairwise(shown))


def test_another_size_is_another_segment_that_begins_with_its_keyframe(
    url, send, clip, larger_clip
):
    send(url, larger_clip, clip)
    arrivals = read(url, 75)
    formats = of(GivenFormat, arrivals)
    assert {(given.width, given.height) for given in formats} == {(192, 144), (320, 240)}
    assert [given.segment for given in formats] == [1, 2]
    place = arrivals.index(formats[1])
    packet, frame = arrivals[place + 1 : place + 3]
    assert (packet.segment, packet.is_keyframe) == (2, True)
    assert frame.picture.width == formats[1].width
    assert formats[0].extradata != formats[1].extradata


def test_a_sender_that_begins_anew_is_another_segment_on_the_same_connection(url, send, clip):
    first = send(url, clip)
    source = open_live(url, PATIENT, Tally())
    segments, frames = [], 0
    try:
        for arrival in source:
            if isinstance(arrival, GivenFormat):
                segments.append(arrival.segment)
            frames += isinstance(arrival, Frame)
            if frames == 10 and first.poll() is None:
                first.kill()
                first.wait()
                send(url, clip)
            if len(segments) == 2 and isinstance(arrival, Frame):
                break
    finally:
        source.close()
    assert segments == [1, 2]


@pytest.mark.parametrize("loss", ["0.05", "0.2"])
def test_pictures_go_on_while_packets_get_lost(url, send, larger_clip, loss):
    send(url, larger_clip, "--loss", loss, "--seed", "3")
    warnings = Tally()
    arrivals = read(url, 40, warnings=warnings)
    assert len(of(Frame, arrivals)) == 40
    assert warnings.counts["a part of the stream was lost on its way"] > 0
    packets = of(CapturedPacket, arrivals)
    assert [packet.index for packet in packets] == sorted({packet.index for packet in packets})


def test_where_nothing_arrives_it_says_so(url):
    with pytest.raises(SourceError, match=r"nothing arrived within 0\.3 s"):
        open_live(url, Asked(open_s=0.3), Tally())


def test_a_sender_that_goes_silent_is_lost(url, send, clip):
    sender = send(url, clip)
    source = open_live(url, Asked(open_s=30.0, silent_s=0.3), Tally())
    try:
        with pytest.raises(SourceError, match=r"sent no video for 0\.3 s"):
            for arrival in source:
                if isinstance(arrival, Frame):
                    sender.kill()
    finally:
        source.close()


def send_sound_and_a_little_video(url: str, stopped: threading.Event) -> None:
    """Half a second of pictures, and sound that goes on without them."""
    with (
        closing(Datagrams(url)) as datagrams,
        av.open(datagrams, "w", format="mpegts", options=MUXER) as out,
    ):
        video, sound = out.add_stream("libx264", rate=25), out.add_stream("mp2", rate=48000)
        video.width, video.height, video.pix_fmt = 192, 144, "yuv420p"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "5"}
        pictures = moving_pictures((192, 144), 60)
        began = time.monotonic()
        for index in range(10_000):
            if stopped.wait(max(0.0, began + index / 25 - time.monotonic())):
                return
            picture = next(pictures, None)
            if picture is not None:
                picture.pts = index
                out.mux(video.encode(picture))
            tone = av.AudioFrame("s16", "stereo", 1920)
            tone.rate, tone.pts = 48000, index * 1920
            tone.planes[0].update(bytes(tone.planes[0].buffer_size))
            out.mux(sound.encode(tone))


def test_sound_that_goes_on_without_pictures_is_no_video(url):
    stopped = threading.Event()
    sender = threading.Thread(target=send_sound_and_a_little_video, args=(url, stopped))
    sender.start()
    try:
        source = open_live(url, Asked(open_s=30.0, silent_s=0.5), Tally())
        with pytest.raises(SourceError, match=r"sent no video for 0\.5 s"):
            list(source)
        source.close()
    finally:
        stopped.set()
        sender.join()


@pytest.mark.parametrize(
    ("name", "live"),
    [
        ("udp://0.0.0.0:5000", True),
        ("rtsp://room/endoscope", True),
        ("http://room/live.m3u8", True),
        ("http://room/case.mp4", False),
        ("/dev/video0", True),
        ("x11grab:", True),
        ("camera:0", True),
        ("case.mp4", False),
        ("synthetic:?seed=7", False),
        ("file:///tmp/case.mp4", False),
    ],
)
def test_what_is_live_is_known_by_its_name(name, live):
    assert is_live(name) is live


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("udp://127.0.0.1", "names no port"),
        ("udp://127.0.0.1:123456", "its port is no number"),
        ("synthetic:?sed=7", "did you mean seed"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_at_once(name, said):
    with pytest.raises(SettingsError, match=said):
        check_live(name)
