"""The recorder's small parts: its queue, the packets it keeps, the rate it expects, the disk."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.recording.arrivals import Arrivals
from stream.recording.disk import DiskGuard
from stream.recording.keyframes import SinceKeyframe
from stream.recording.queue import ByteQueue

GB = 10**9


def test_queue_keeps_order_and_refuses_what_does_not_fit():
    queue = ByteQueue(10)
    assert [queue.put(name, size) for name, size in (("a", 4), ("b", 5), ("c", 2), ("d", 1))] == [
        True,
        True,
        False,
        True,
    ]
    assert queue.bytes == 10
    assert [queue.get(0) for _ in range(4)] == ["a", "b", "d", None]
    assert queue.bytes == 0


def test_queue_keeps_room_for_others_and_always_takes_what_weighs_nothing():
    queue = ByteQueue(10)
    assert queue.put("frame", 8, keep_free=2)
    assert not queue.put("frame", 1, keep_free=2)
    assert queue.put("packet", 2)
    assert queue.put("end")


@settings(deadline=None, max_examples=60)
@given(
    limit=st.integers(1, 50),
    steps=st.lists(st.one_of(st.integers(1, 20), st.none()), max_size=60),
)
def test_queue_is_never_larger_than_its_limit(limit, steps):
    queue, inside = ByteQueue(limit), []
    for step in steps:
        if step is None:
            assert queue.get(0) == (inside.pop(0) if inside else None)
        elif queue.put(step, step):
            inside.append(step)
        assert queue.bytes == sum(inside) <= limit


def test_packets_are_kept_from_the_newest_keyframe_on(sent):
    since = SinceKeyframe()
    packets = sent(25, keyframe_interval=10).packets
    for packet in packets:
        since.add(packet)
    assert [packet.index for packet in since.packets] == [20, 21, 22, 23, 24]


@pytest.mark.parametrize("change", [{"index": 99}, {"segment": 2}])
def test_packets_behind_a_missing_one_are_not_kept(sent, change):
    since = SinceKeyframe()
    first, second = sent(2).packets
    since.add(first)
    since.add(replace(second, **change))
    assert since.packets == ()


def test_a_group_of_pictures_that_is_too_large_is_not_kept(sent):
    packets = sent(10).packets
    since = SinceKeyframe(most_bytes=sum(len(packet.content) for packet in packets) - 1)
    for packet in packets:
        since.add(packet)
    assert since.packets == ()


@pytest.mark.parametrize(
    ("said", "step", "expected"),
    [
        (Fraction(30), 1 / 30, 30),
        (Fraction(60), 1 / 15, 16.5),
        (None, 1 / 50, 50),
        (Fraction(25), 1 / 50, 25),
    ],
)
def test_the_expected_rate_is_the_one_at_which_frames_come(said, step, expected):
    arrivals = Arrivals()
    for number in range(30):
        arrivals.add(number * step + 60.0 * (number > 20))
    assert float(arrivals.expected(said)) == pytest.approx(expected, rel=0.01)


def test_before_anything_came_a_source_is_believed():
    assert Arrivals().expected(Fraction(50)) == 50
    assert Arrivals().expected(None) == 25


class Disk:
    """A disk that fills."""

    def __init__(self, free):
        self.free = free

    def __call__(self, folder):
        return self.free


def test_minutes_left_follow_from_the_measured_rate(tmp_path):
    guard = DiskGuard(tmp_path, margin_bytes=GB, free=Disk(7 * GB))
    assert guard.look(0.0, 0) is None
    assert guard.minutes is None
    guard.look(10.0, 100 * 10**6)  # 10 MB a second
    assert guard.minutes == pytest.approx(10.0)


def test_each_warning_comes_once_as_the_disk_fills(tmp_path):
    disk = Disk(100 * GB)
    guard = DiskGuard(tmp_path, margin_bytes=GB, free=disk)
    said = []
    for second in range(10, 9890):
        disk.free -= 10**7
        warning = guard.look(float(second), (second - 10) * 10**7)
        said += [warning] if warning else []
    assert [text.split("lasts ")[1].split(" minutes")[0] for text in said] == ["30", "10", "3"]
    assert all(str(tmp_path) in text for text in said)


def test_the_guard_stops_above_the_margin(tmp_path):
    disk = Disk(GB + 1)
    guard = DiskGuard(tmp_path, margin_bytes=GB, free=disk)
    guard.look(0.0, 0)
    assert not guard.is_full
    assert guard.has_room()
    disk.free = GB
    guard.look(1.0, 0)
    assert guard.is_full
    assert not guard.has_room(1)
