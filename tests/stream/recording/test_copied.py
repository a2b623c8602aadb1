"""The clean recording of a compressed source is a copy of its packets, to the bit."""

from dataclasses import replace
from fractions import Fraction

import av
import pytest

from stream.recording.copied import can_be_copied
from stream.recording.ledger import NOT_RECEIVED
from stream.recording.pictures import EARLIER, INCOMPLETE, NO_KEYFRAME
from stream.source.arrival import CapturedPacket, GivenFormat
from stream.source.asked import Asked
from stream.source.live import open_live
from stream.tally import Tally


def units_in(path):
    """The coded pictures of a file, as they are in its packets, without parameter sets."""
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return [slices_of(content, prefixed=True) for content in packets]


def slices_of(content, *, prefixed):
    """Slices of H.264 (ITU-T H.264, 7.4.1), their units behind lengths or start codes."""
    if prefixed:
        units = []
        while content:
            length = int.from_bytes(content[:4], "big")
            units.append(content[4 : 4 + length])
            content = content[4 + length :]
    else:
        units = content.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return [unit.rstrip(b"\0") for unit in units if unit[0] & 31 in (1, 5)]


def packets_of(room):
    return room.sidecar("segments")["packets"]


@pytest.mark.parametrize("b_frames", [0, 2])
def test_packets_are_recorded_to_the_bit_on_the_annotated_files_clock(
    recorded, sent, times_in, b_frames
):
    source = sent(30, b_frames=b_frames)
    room = recorded()
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source)
    room.close()
    (clean,), (annotated,) = room.files("clean"), room.files("annotated")
    assert units_in(clean) == [slices_of(p.content, prefixed=False) for p in source.packets]
    assert times_in(clean) == times_in(annotated) == [Fraction(n, 25) for n in range(30)]
    assert packets_of(room) == {"captured": 30, "recorded": 30, "lost": {}, "gaps": []}
    (segment,) = room.sidecar("segments")["segments"]
    assert segment["files"]["clean"]["made"] == "copied from the source"
    assert room.warnings == []


def test_a_recording_begins_with_the_keyframe_before_it_was_asked_for(recorded, sent, times_in):
    source, room = sent(40, keyframe_interval=20), recorded()
    room.recorder.change(source.given)
    for packet in source.packets[:28]:
        room.recorder.offer_packet(packet)
    room.recorder.start()
    room.play(source, from_packet=28)
    room.close()
    assert times_in(room.files("clean")[0]) == [Fraction(n, 25) for n in range(20)]
    assert times_in(room.files("annotated")[0]) == [Fraction(n, 25) for n in range(8, 20)]
    account = room.sidecar("segments")
    assert account["segments"][0]["files"]["annotated"]["first_picture"] == 0.32
    assert account["packets"]["recorded"] == 20


def test_segments_begin_with_a_keyframe_in_both_files(recorded, sent, times_in):
    source, room = sent(50, keyframe_interval=10, b_frames=2), recorded(segment_s=0.5)
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source)
    room.close()
    for kind in ("clean", "annotated"):
        counts = [len(times_in(path)) for path in room.files(kind)]
        assert counts == [20, 20, 10], kind
        assert all(times_in(path)[0] == 0 for path in room.files(kind))
    # The clock begins when the first packet is decoded: two frames early, for the B-frames.
    assert [each["start"] for each in room.sidecar("segments")["segments"]] == [0.08, 0.88, 1.68]


def test_after_a_lost_packet_all_until_the_next_keyframe_are_lost_and_told(
    recorded, sent, times_in
):
    source, room = sent(40, keyframe_interval=10), recorded()
    del source.packets[13:15]
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source)
    room.close()
    counts = packets_of(room)
    assert counts["lost"] == {NOT_RECEIVED: 2, INCOMPLETE: 5}
    assert (counts["captured"], counts["recorded"]) == (40, 33)
    kept = [n for n in range(40) if not 13 <= n < 20]
    assert times_in(room.files("clean")[0]) == [Fraction(n, 25) for n in kept]
    assert len(times_in(room.files("annotated")[0])) == 40


def test_without_a_keyframe_nothing_can_be_copied_yet(recorded, sent, times_in):
    source, room = sent(25, keyframe_interval=10), recorded()
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source, from_packet=4)
    room.close()
    assert packets_of(room)["lost"] == {NO_KEYFRAME: 6}
    assert times_in(room.files("clean")[0])[0] == Fraction(6, 25)
    assert len(times_in(room.files("annotated")[0])) == 21


def test_a_reconnect_begins_new_files_of_both_kinds(recorded, sent, times_in):
    room = recorded()
    room.recorder.start()
    for source in (sent(20), sent(20, segment=2, first=20, pts=9, at=30.0, size=(128, 96))):
        room.recorder.change(source.given)
        room.play(source)
    room.close()
    for kind in ("clean", "annotated"):
        assert [times_in(path) for path in room.files(kind)] == [
            [Fraction(n, 25) for n in range(20)]
        ] * 2
    assert [each["start"] for each in room.sidecar("segments")["segments"]] == [0.0, 30.0]
    assert packets_of(room)["lost"] == room.sidecar("segments")["frames"]["lost"] == {}


def test_a_source_without_keyframes_is_encoded_instead_and_that_is_said(recorded, sent, times_in):
    source, room = sent(50, keyframe_interval=1000), recorded()
    slow = [
        replace(each, arrived_at=each.index * 0.5, pts=each.index * 45000) for each in source.frames
    ]
    packets = [
        replace(each, arrived_at=each.index * 0.5, pts=each.index * 45000, dts=each.index * 45000)
        for each in source.packets
    ]
    source.frames, source.packets = slow, packets
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source, from_packet=1)
    room.close()
    (clean,) = room.files("clean")
    first, second = room.files("annotated")
    assert times_in(clean) == times_in(second)
    assert len(times_in(first)) + len(times_in(second)) == 49
    assert any("no keyframe for 15 s" in warning for warning in room.warnings)


def test_a_frame_from_before_the_first_keyframe_is_counted(recorded, sent, shown, times_in):
    source, room = sent(20), recorded()
    room.recorder.change(source.given)
    room.recorder.start()
    for packet in source.packets[10:]:
        room.recorder.offer_packet(packet)
    room.show(shown(frame) for frame in source.frames[8:])
    room.close()
    assert room.sidecar("segments")["frames"]["lost"] == {EARLIER: 2}
    assert times_in(room.files("annotated")[0]) == [Fraction(n, 25) for n in range(10)]


def test_redaction_copies_nothing(recorded, sent, times_in):
    source, room = sent(20), recorded(redact=True, view="32,16,32,32")
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source)
    room.close()
    (segment,) = room.sidecar("segments")["segments"]
    assert segment["files"]["clean"]["made"] == "encoded"
    assert room.sidecar("segments")["packets"] is None
    assert times_in(room.files("clean")[0]) == [Fraction(n, 25) for n in range(20)]


def test_parameter_sets_that_come_beside_the_packets_are_put_into_the_file(
    recorded, sent, times_in
):
    source, room = sent(20, keyframe_interval=10), recorded()
    sets, slices = split(source.packets[0].content)
    source.given = replace(source.given, extradata=sets)
    source.packets[0] = replace(source.packets[0], content=slices)
    source.packets[10] = replace(source.packets[10], content=split(source.packets[10].content)[1])
    room.recorder.change(source.given)
    room.recorder.start()
    room.play(source)
    room.close()
    assert len(times_in(room.files("clean")[0])) == 20


def split(content):
    """Parameter sets and the rest of a keyframe's packet."""
    at = content.index(b"\0\0\1\x65")
    at -= content[at - 1 : at] == b"\0"
    return content[:at], content[at:]


def test_a_real_stream_is_copied_as_the_capture_hands_it_over(
    recorded, record, shown, times_in, tmp_path
):
    record(tmp_path / "in.ts", frames=30, keyframe_interval=10)
    room = recorded()
    room.recorder.start()
    source = open_live(str(tmp_path / "in.ts"), Asked(packets=True), Tally())
    for arrival in source:
        match arrival:
            case GivenFormat():
                room.recorder.change(arrival)
            case CapturedPacket():
                room.recorder.offer_packet(arrival)
            case _:
                room.recorder.offer(shown(arrival))
    source.close()
    room.close()
    (clean,), (annotated,) = room.files("clean"), room.files("annotated")
    assert times_in(clean) == times_in(annotated) == [Fraction(n, 25) for n in range(30)]
    assert units_in(clean) == units_in_ts(tmp_path / "in.ts")
    assert packets_of(room)["lost"] == room.sidecar("segments")["frames"]["lost"] == {}


def units_in_ts(path):
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return [slices_of(content, prefixed=False) for content in packets]


@pytest.mark.parametrize(
    ("changes", "able"),
    [
        ({}, True),
        ({"codec": "mjpeg"}, True),
        ({"codec": "hevc"}, True),
        ({"codec": "vp8"}, False),
        ({"codec": "rawvideo"}, False),
        ({"codec": "no such codec"}, False),
        ({"has_packets": False}, False),
        ({"extradata": b"\1\x64\0\x1f"}, False),
        ({"extradata": b"\0\0\1\x67"}, True),
    ],
)
def test_only_what_an_mp4_holds_is_copied(sent, changes, able):
    assert can_be_copied(replace(sent(1).given, **changes), ".mp4") is able
