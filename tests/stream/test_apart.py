"""Long work in a process of its own."""

import os
import threading
import time

import pytest

from stream.apart import Apart
from stream.errors import SinkError


def test_work_is_done_in_another_process_and_a_dead_one_is_told_and_replaced(tmp_path):
    apart = Apart("test")
    try:
        assert apart.run(os.mkdir, tmp_path / "made")
        assert (tmp_path / "made").is_dir()
        with pytest.raises(SinkError, match="its process ended with status 3"):
            apart.run(os._exit, 3)
        assert apart.run(os.mkdir, tmp_path / "again")
    finally:
        apart.rest()


def test_in_a_hurry_work_is_ended_and_none_is_begun():
    apart = Apart("test")
    threading.Timer(0.3, apart.hurry).start()
    began = time.monotonic()
    assert not apart.run(time.sleep, 600)
    assert not apart.run(time.sleep, 600)
    assert time.monotonic() - began < 60
