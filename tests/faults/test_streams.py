"""A share of the damaged recordings; `make faults` reads a thousand."""

from tests.faults.streams.run import run
from tests.faults.warm import Worker

SHARE = 100


def test_damaged_recordings_give_all_that_can_be_had_or_one_clear_line(tmp_path):
    with Worker() as one, Worker() as other:
        result = run(tmp_path, range(SHARE), [one, other])
    assert result.cases == SHARE
    assert result.failures == []
