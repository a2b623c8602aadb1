"""A share of recordings that are ended at random moments; `make faults` ends hundreds."""

import pytest

from tests.faults.ending import offline
from tests.faults.warm import Worker

SHARE = 6


@pytest.fixture(scope="module")
def worker():
    with Worker() as started:
        yield started


def test_killed_recordings_play_and_lack_at_most_a_second(tmp_path, worker):
    result = offline.kills(tmp_path, range(SHARE), [worker])
    assert result.cases == SHARE
    assert result.failures == []


def test_interrupted_recordings_are_closed_with_all_they_were_given(tmp_path, worker):
    result = offline.interrupts(tmp_path, range(SHARE), [worker])
    assert result.cases == SHARE
    assert [line for line in result.failures if "after the signal" not in line] == []
