"""Every captured frame is recorded, or lost for a reason."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.recording.ledger import NOT_RECEIVED, Ledger


def test_numbers_that_are_skipped_are_lost():
    ledger = Ledger()
    for index in (5, 6, 9):
        ledger.offered(index)
        ledger.record(index, index / 25, 0.0)
    assert ledger.captured == 5
    assert ledger.recorded == 3
    assert ledger.losses == {NOT_RECEIVED: 2}


def test_a_gap_says_where_and_how_much_and_why():
    ledger = Ledger()
    for index in range(10):
        ledger.offered(index)
    for index in (0, 1, 2, 5, 6):
        if index == 5:
            ledger.lose(3, "queue")
            ledger.lose(4, "queue")
        ledger.record(index, float(index), 0.0)
    (gap,) = [gap for gap in ledger.gaps if gap.lost]
    assert (gap.start, gap.end, gap.lost) == (2.0, 5.0, {"queue": 2})


def test_a_pause_without_frames_is_a_gap():
    ledger = Ledger()
    for index, seconds in enumerate((0.0, 0.04, 12.5, 12.54)):
        ledger.offered(index)
        ledger.record(index, seconds, 0.0)
    assert [(gap.start, gap.end, dict(gap.lost)) for gap in ledger.gaps] == [(0.04, 12.5, {})]


def test_what_is_missing_at_the_end_is_a_gap():
    ledger = Ledger()
    for index in range(3):
        ledger.offered(index)
    ledger.record(0, 0.0, 0.0)
    ledger.lose(1, "disk")
    ledger.lose(2, "disk")
    ledger.close()
    assert [dict(gap.lost) for gap in ledger.gaps] == [{"disk": 2}]


def test_frames_that_did_not_reach_the_disk_are_taken_back():
    ledger = Ledger()
    for index in range(5):
        ledger.offered(index)
        ledger.record(index, index / 25, 0.0)
    ledger.take_back(2, "disk")
    assert (ledger.recorded, dict(ledger.losses), ledger.captured) == (3, {"disk": 2}, 5)


def test_many_gaps_stay_a_bounded_list_and_lose_no_count():
    ledger = Ledger()
    for index in range(0, 20_000, 2):
        ledger.offered(index)
        ledger.record(index, 2.0 * index, 0.0)
    assert len(ledger.gaps) <= 2000
    assert sum(sum(gap.lost.values()) for gap in ledger.gaps) == 9_999


@settings(deadline=None, max_examples=60)
@given(fates=st.lists(st.sampled_from(["record", "skip", "queue", "disk"]), max_size=60))
def test_captured_is_recorded_and_lost_and_every_loss_lies_in_a_gap(fates):
    ledger = Ledger()
    for index, fate in enumerate(fates):
        if fate != "skip":
            ledger.offered(index)
        if fate == "record":
            ledger.record(index, index / 25, 0.0)
        elif fate != "skip":
            ledger.lose(index, fate)
    ledger.close()
    lost = sum(ledger.losses.values())
    assert ledger.captured == ledger.recorded + lost
    assert sum(sum(gap.lost.values()) for gap in ledger.gaps) == lost
