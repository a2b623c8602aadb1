"""The last packets of a recording, decoded again where no picture came of them."""

from itertools import islice

import av
import pytest

from stream.source.tail import KEPT, Tail


@pytest.fixture
def path(tmp_path, record):
    record(tmp_path / "a.mp4", frames=200, keyframe_interval=10)
    return tmp_path / "a.mp4"


def read(path, tail, shown):
    """Decode a recording, and show the tail those pictures for which `shown(number)` holds."""
    times = []
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        video.codec_context.copy_opaque = True
        for packet in container.demux(video):
            if packet.size:
                tail.put(packet)
            for picture in packet.decode():
                if shown(len(times)):
                    tail.shown(picture)
                times.append(picture.pts)
    return times


def again(path, tail):
    with av.open(str(path)) as container:
        return [picture.pts for picture in tail.again(container.streams.video[0].codec_context)]


def test_where_every_picture_came_nothing_is_lost(path):
    tail = Tail()
    read(path, tail, lambda number: True)
    assert tail.lost == set()


def test_pictures_that_did_not_come_are_decoded_again(path):
    tail = Tail()
    times = read(path, tail, lambda number: number not in (150, 198, 199))
    assert again(path, tail) == [times[150], times[198], times[199]]


def test_where_no_picture_came_at_all_the_latest_are_decoded_again(path):
    tail = Tail()
    times = read(path, tail, lambda number: False)
    assert set(again(path, tail)) >= set(times[-KEPT + 4 :])


def test_a_decoder_that_does_not_tell_whose_its_pictures_are_loses_none(path):
    tail = Tail()
    read(path, tail, lambda number: number < 100)
    with av.open(str(path)) as container:
        (nameless,) = islice(container.decode(video=0), 1)
    tail.shown(nameless)
    assert tail.lost == set()
    assert again(path, tail) == []
