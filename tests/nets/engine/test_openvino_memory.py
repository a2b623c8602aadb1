"""What becomes of an ensemble where memory is short."""

from pathlib import Path

import pytest

from nets.engine.openvino_memory import pictures_at_once
from nets.errors import EngineError
from nets.memory import available_bytes

MIB = 2**20
WEIGHTS, SAMPLES = 20 * MIB, 192 * 192


def fitting(available: int | None, most: int = 8) -> tuple[int, list[str]]:
    said: list[str] = []
    fit = pictures_at_once("compact", WEIGHTS, SAMPLES, most, available, said.append)
    return fit, said


def test_as_many_as_wanted_where_there_is_room_or_nobody_knows():
    assert fitting(64_000 * MIB) == fitting(None) == (8, [])


def test_fewer_with_a_warning_where_room_is_short():
    fit, (said,) = fitting(700 * MIB)
    assert 1 <= fit < 8
    assert said.startswith("warning: memory allows compact")


def test_one_clear_line_where_not_even_one_fits():
    with pytest.raises(EngineError, match=r"compact needs about \d+ MiB of memory and 50 MiB"):
        fitting(50 * MIB)


def test_this_machine_has_memory_left():
    assert (available_bytes() or MIB) >= MIB


@pytest.fixture
def told(tmp_path: Path):
    """Accounts as Linux gives them: a machine with 900 KiB left, a container with less."""

    def write(limit: str = "") -> int | None:
        meminfo = tmp_path / "meminfo"
        meminfo.write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 900 kB\n")
        if limit:
            (tmp_path / "memory.max").write_text(f"{limit}\n")
            (tmp_path / "memory.current").write_text("300000\n")
            (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
        return available_bytes(meminfo, tmp_path)

    return write


def test_a_machine_has_what_linux_says_is_available(told):
    assert told() == 900 * 1024


@pytest.mark.parametrize(
    ("limit", "left"), [("500000", 300_000), ("100000", 0), ("max", 900 * 1024)]
)
def test_a_container_has_its_limit_less_what_it_holds_beside_cached_files(told, limit, left):
    assert told(limit) == left


def test_where_nothing_tells_nobody_knows(tmp_path):
    assert available_bytes(tmp_path / "none", tmp_path) is None
