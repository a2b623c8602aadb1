"""A run's state on disk: exact, without pickles, and refused when it is damaged."""

import random
from pathlib import Path

import pytest
import torch

from train.errors import TrainingError
from train.run_state import read_state, write_state

STATE = {
    "weights": {"a.b": torch.arange(6.0).reshape(2, 3), "empty": {}},
    "optimiser": {
        "state": {0: {"step": torch.tensor(3.0)}},
        "groups": [{"lr": 0.1, "betas": [0.9, 0.999]}],
    },
    "half": torch.tensor([1.5], dtype=torch.bfloat16),
    "rate": 0.1 + 0.2,
    "none": None,
    "name": "tensor",
}


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    write_state(tmp_path / "s.safetensors", STATE)
    read = read_state(tmp_path / "s.safetensors")
    assert torch.equal(read["weights"]["a.b"], STATE["weights"]["a.b"])
    assert read["optimiser"]["state"][0]["step"].item() == 3.0  # numbered keys stay numbers
    assert read["optimiser"]["groups"] == STATE["optimiser"]["groups"]
    assert read["half"].dtype == torch.bfloat16
    plain = ("rate", "none", "name")
    assert [read[key] for key in plain] == [STATE[key] for key in plain]
    assert read["weights"]["empty"] == {}


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_damaged_state_says_what_to_do(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, STATE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(TrainingError, match="delete it to begin this training again"):
        read_state(path)


def test_a_full_disk_leaves_the_last_state_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, STATE)
    before = path.read_bytes()
    (tmp_path / "s.partial.safetensors").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"No space left on device.*make room"):
        write_state(path, STATE)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("key", [b"sha256", b"state"])
def test_a_state_whose_digest_has_lost_its_name_is_refused(tmp_path: Path, key: bytes) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, STATE)
    path.write_bytes(path.read_bytes().replace(key, key.upper(), 1))
    with pytest.raises(TrainingError, match="is damaged"):
        read_state(path)


@pytest.mark.parametrize("seed", range(20))
def test_a_state_with_one_bit_turned_over_anywhere_is_refused(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "s.safetensors"
    write_state(path, STATE)
    content = bytearray(path.read_bytes())
    rng = random.Random(seed)
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="is damaged"):
        read_state(path)
