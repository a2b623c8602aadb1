"""Random weights: the same everywhere, made once, and never taken for trained ones."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from nets.engine.eager import EagerEngine
from nets.errors import BundleError, DivergentError
from nets.picture import Rect
from nets.preprocessing import Prepared
from nets.untrained import CARD, untrained


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_member) -> Path:
    """A tiny member as a training plan, and a cache of its own."""
    monkeypatch.setenv("DIVERGENT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.yaml"
    members = {"fpn": tiny_member("fpn").as_dict()}
    path.write_text(yaml.safe_dump({"members": members, "recipe": "elsewhere.yaml"}))
    return path


def test_a_plan_becomes_an_ensemble_once_and_the_same_one_each_time(plan, tmp_path, monkeypatch):
    said: list[str] = []
    first = untrained(f"random:{plan}", said.append)
    assert [member.name for member in first.members] == ["fpn"]
    assert first.name == "random-tiny"
    assert untrained(f"random:{plan}", said.append).fingerprint() == first.fingerprint()
    assert len(said) == 1
    monkeypatch.setenv("DIVERGENT_CACHE", str(tmp_path / "another"))
    assert untrained(f"random:{plan}").fingerprint() == first.fingerprint()
    assert untrained(f"random:{plan}?seed=3").fingerprint() != first.fingerprint()


def test_its_card_says_that_nothing_was_learned(plan):
    assert untrained(f"random:{plan}").card == CARD


def test_random_maps_are_lively_enough_to_show_what_a_precision_does(plan):
    rng = np.random.default_rng(5)
    picture = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = Rect(0, 0, 64, 64)
    with EagerEngine(untrained(f"random:{plan}")) as engine:
        members = engine.predict_members([Prepared((picture,), whole, whole)])[0]
    assert members.std(axis=(1, 2)).min() > 0.1
    assert 0.2 < members.mean() < 0.8


@pytest.mark.parametrize("address", ["random:", "random:?seed=3", "random:{plan}?sead=3"])
def test_an_address_that_makes_no_sense_is_one_clear_line(plan, address):
    with pytest.raises(BundleError, match=r"write random:PLAN\.yaml"):
        untrained(address.format(plan=plan))


@pytest.mark.parametrize(
    "text", ["[]", "members: {}", "members: {a: {network: 3}}", "a: [", "a: 1"]
)
def test_a_file_that_is_no_plan_is_named(plan, text):
    plan.write_text(text)
    with pytest.raises(DivergentError, match=r"tiny\.yaml"):
        untrained(f"random:{plan}")
    with pytest.raises(BundleError, match="cannot be read"):
        untrained(f"random:{plan}-not")
