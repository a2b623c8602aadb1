"""A share of the damaged weights, manifests and settings; `make faults` reads thousands."""

import pytest

from tests.faults.files import run
from tests.faults.warm import Worker

SHARE = 25


@pytest.fixture(scope="module")
def worker():
    with Worker(run.NETWORKS) as started:
        yield started


@pytest.mark.parametrize(
    "part", [run.checkpoints, run.bundles, run.manifests, run.yamls], ids=lambda part: part.__name__
)
def test_damaged_files_give_one_clear_line_or_what_the_whole_file_says(tmp_path, worker, part):
    result = part(tmp_path / part.__name__, range(SHARE), [worker])
    assert result.cases == SHARE
    assert result.failures == []
    assert result.figures["refused"] > 0
