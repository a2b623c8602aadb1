"""`bench`: what it says of a tiny ensemble and of none, and how it ends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.bench.chain import STAGES
from stream.bench.timing import Times, in_turn, repeat

PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of its own for the tests of this file."""
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIVERGENT_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture
def clip(folder: Path, record: Callable[..., Any]) -> Path:
    path = folder / "clip.mp4"
    if not path.exists():
        record(path, frames=12, size=(96, 64))
    return path


@pytest.fixture
def figures(
    folder: Path, clip: Path, command: Callable[..., Any], tiny_member: Callable[..., Any]
) -> dict[str, Any]:
    """What a quick run with one tiny member says."""
    saved = folder / "figures.json"
    if not saved.exists():
        plan = folder / "tiny.yaml"
        plan.write_text(yaml.safe_dump({"members": {"fpn": tiny_member("fpn").as_dict()}}))
        words = ("--quick", "--seconds", "0.3", "--device", "cpu", "--json", saved)
        ended = command("bench", clip, "-w", f"random:{plan}", *words)
        assert ended.status == 0
        assert "authors' way" in ended.printed
        assert "GFLOP a picture" in ended.printed
    found: dict[str, Any] = json.loads(saved.read_text())
    return found


def test_every_stage_has_its_percentiles_and_its_rate(figures):
    assert [*figures["stages"]] == [*STAGES, "end to end"]
    for times in figures["stages"].values():
        p50, p95, p99, longest = (times[name] for name in PERCENTILES)
        assert 0 <= p50 <= p95 <= p99 <= longest
        assert times["per_second"] > 0
    parts = sum(figures["stages"][name]["p50_ms"] for name in STAGES)
    assert parts <= figures["stages"]["end to end"]["max_ms"]


def test_batches_are_held_against_the_machines_own_rates(figures):
    rates = figures["rates"]
    for batch in figures["batches"]:
        work = 1e9 * figures["engine"]["gflop_a_picture"] * batch["pictures_per_second"]
        assert batch["share_of_matrix_rate"] == pytest.approx(work / rates["flop_per_second"])
        moved = batch["pictures_per_second"] / batch["allowed_per_second"]
        scarcer = max(batch["share_of_matrix_rate"], batch["share_of_copy_bandwidth"])
        assert moved == pytest.approx(scarcer)
    assert [batch["batch"] for batch in figures["batches"]] == [1, 4]


def test_a_camera_pace_counts_what_was_shown_and_what_was_skipped(figures):
    assert [(pace["fps"], pace["rooms"]) for pace in figures["paced"]] == [
        (25, 1),
        (60, 1),
        (60, 4),
    ]
    for pace in figures["paced"]:
        assert pace["shown"] == pace["runs"] >= 10
        assert pace["skipped"] >= 0


def test_the_authors_way_is_measured_in_the_same_run(figures):
    authors = figures["authors"]
    fastest = min(authors["NCHW_ms"], authors["channels-last_ms"])
    assert figures["authors_ratio"] == pytest.approx(fastest / authors["engine_ms"])
    assert authors[f"{authors['baseline']}_ms"] == fastest


def test_a_first_mask_and_memory_are_told(figures):
    assert figures["first_mask"]["seconds"] > 0
    fresh, here = figures["first_mask"]["memory_mib"], figures["memory_mib"]
    assert 10 < fresh["host"] <= fresh["host_peak"] < here["host_peak"]
    assert figures["machine"]["cores"] >= 1


def test_without_networks_there_is_nothing_to_compare(folder, clip, command):
    saved = folder / "fixed.json"
    words = ("--quick", "--seconds", "0.3", "--json", saved)
    assert command("bench", clip, "-w", "fixed:", *words).status == 0
    found = json.loads(saved.read_text())
    assert found["authors_ratio"] is None
    assert all("share_of_matrix_rate" not in batch for batch in found["batches"])


def test_a_file_that_is_there_is_refused_before_anything_is_measured(tmp_path, command):
    there = tmp_path / "there.json"
    there.write_text("kept")
    ended = command("bench", "-w", "fixed:", "--json", there)
    assert ended.status == 1
    assert "exists already" in ended.complaint
    assert there.read_text() == "kept"


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan"])
def test_measuring_takes_some_time_and_ends(command, seconds):
    assert command("bench", "-w", "fixed:", "--seconds", seconds).status == 2


def test_percentiles_are_of_the_runs():
    times = Times.of([0.001 * number for number in range(1, 101)])
    assert (times.runs, times.max_ms) == (100, 100)
    assert (times.p50_ms, times.p95_ms, times.p99_ms) == pytest.approx((51, 96, 100))
    assert times.per_second == pytest.approx(100 / 5.05)


def test_contenders_take_turns_and_warm_up_first():
    order: list[str] = []
    taken = in_turn([lambda: order.append("a"), lambda: order.append("b")], 0.0, least=2, warm_up=1)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert [len(times) for times in taken] == [2, 2]


def test_a_thing_is_repeated_for_a_time_but_a_least_number_of_times():
    assert len(repeat(lambda: None, 0.0, least=4, warm_up=0)) == 4
    assert len(repeat(lambda: None, 0.02, least=1)) > 4
