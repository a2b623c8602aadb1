"""A share of what live runs survive; `make faults` does much more of it."""

import pytest

from tests.faults.ending import live
from tests.faults.live import children
from tests.faults.warm import Worker

SHARE = 2


@pytest.fixture(scope="module")
def worker():
    with Worker(()) as started:
        yield started


def test_killed_live_recordings_play_and_lack_at_most_a_second(tmp_path, worker):
    result = live.kills(tmp_path, range(SHARE), [worker])
    assert result.cases == SHARE
    assert result.failures == []


def test_picture_and_recording_go_on_when_reader_engine_and_preview_are_killed(tmp_path, worker):
    result = children.kills(tmp_path, range(1), [worker], each=1)
    assert result.failures == []
    assert [result.figures[f"kills of {role}"] for role in children.ROLES] == [1, 1, 1]
