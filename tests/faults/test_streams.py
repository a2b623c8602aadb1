"""A share of the damaged recordings; `make faults` reads a thousand."""

from tests.faults.streams.run import run

SHARE = 100


def test_damaged_recordings_give_all_that_can_be_had_or_one_clear_line(tmp_path):
    result = run(tmp_path, range(SHARE), jobs=2)
    assert result.cases == SHARE
    assert result.failures == []
