"""A member on disk: what is written is read, and whatever else is refused in one line."""

import json
import pickle
import random
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nets.bundle import read_weights
from nets.checkpoint import load_checkpoint, read_header, save_checkpoint
from nets.errors import CheckpointError

KEY = "divergentnets"


def rewritten(member: Path, path: Path, **changes: object) -> Path:
    """The checkpoint with other values in its header; those that are None are not in it."""
    with safe_open(member, "pt") as file:
        values = json.loads(file.metadata()[KEY]) | changes
    said = {key: value for key, value in values.items() if value is not None}
    save_file(load_file(member), path, metadata={KEY: json.dumps(said)})
    return path


UNSEALED: dict[str, object] = {"format_version": 1, "sha256": None}
"""What a checkpoint says that was written before they carried their digest."""


def test_a_checkpoint_is_read_as_it_was_written(member: Path, tmp_path: Path) -> None:
    module, header = load_checkpoint(member)
    save_checkpoint(tmp_path / "again.safetensors", module, header)
    again, header_again = load_checkpoint(tmp_path / "again.safetensors")
    assert header_again == header
    for key, value in module.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])


def test_half_precision_is_half_the_size_and_close(member: Path, tmp_path: Path) -> None:
    module, header = load_checkpoint(member)
    save_checkpoint(tmp_path / "half.safetensors", module, header, half=True)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * member.stat().st_size
    half, _ = load_checkpoint(tmp_path / "half.safetensors")
    for key, value in half.state_dict().items():
        torch.testing.assert_close(value, module.state_dict()[key], rtol=1e-3, atol=1e-4)


def refused(path: Path, said: str) -> None:
    for read in (read_header, load_checkpoint):
        with pytest.raises(CheckpointError, match=said) as caught:
            read(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing.safetensors", "no such checkpoint")
    empty = tmp_path / "empty.safetensors"
    empty.touch()
    refused(empty, "0 bytes")
    text = tmp_path / "text.safetensors"
    text.write_text("these are no weights, whatever the name says")
    refused(text, "not a safetensors file")
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(2)}, foreign)
    refused(foreign, "not a DivergentNets checkpoint")


def test_a_header_that_is_as_long_as_a_pickles_first_bytes_say_is_no_pickle(
    member: Path, tmp_path: Path
) -> None:
    written = member.read_bytes()
    length = int.from_bytes(written[:8], "little")
    header, tensors = written[8 : 8 + length], written[8 + length :]
    longer = (length // 2**16 + 1) * 2**16 + 0x0480  # begins with the bytes 80 04
    path = tmp_path / "m.safetensors"
    path.write_bytes(longer.to_bytes(8, "little") + header.ljust(longer) + tensors)
    assert read_header(path) == read_header(member)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_is_refused_and_never_opened(protocol: int, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "exploded",)  # type: ignore[return-value]

    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps({"model": Bomb()}, protocol=protocol))
    refused(path, "pickle")
    zipped = tmp_path / "zipped.pth"
    torch.save({"model": torch.zeros(2)}, zipped)
    refused(zipped, "pickle")
    assert not (tmp_path / "exploded").exists()


def test_a_newer_format_is_refused(member: Path, tmp_path: Path) -> None:
    refused(rewritten(member, tmp_path / "new.safetensors", format_version=99), "newer")


def test_a_spec_that_makes_no_sense_is_refused(member: Path, tmp_path: Path) -> None:
    refused(rewritten(member, tmp_path / "spec.safetensors", spec={"network": 3}), "spec")


def test_a_spec_that_does_not_fit_its_tensors_is_refused(member: Path, tmp_path: Path) -> None:
    path = rewritten(member, tmp_path / "other.safetensors", **UNSEALED)
    tensors = load_file(path)
    tensors.pop(next(iter(tensors)))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_checkpoint(path)


def test_a_checkpoint_of_before_it_carried_its_digest_is_read(member: Path, tmp_path: Path) -> None:
    old = rewritten(member, tmp_path / "old.safetensors", **UNSEALED)
    module, header = load_checkpoint(old)
    assert header == read_header(member)
    for key, value in load_checkpoint(member)[0].state_dict().items():
        assert torch.equal(value, module.state_dict()[key])


@pytest.mark.parametrize("version", [0, 1])
def test_a_digest_counts_whatever_has_become_of_the_formats_number(
    member: Path, tmp_path: Path, version: int
) -> None:
    path = rewritten(member, tmp_path / "damaged.safetensors", format_version=version)
    with pytest.raises(CheckpointError, match="has changed since it was written"):
        load_checkpoint(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_checkpoint_with_one_bit_turned_over_anywhere_is_refused(
    member: Path, tmp_path: Path, seed: int
) -> None:
    content = bytearray(member.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    rng = random.Random(seed)
    place = rng.randrange(*((0, header) if seed % 2 else (header, len(content))))
    content[place] ^= 1 << rng.randrange(8)
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(CheckpointError):
        read_weights([path]).fingerprint()


def test_tensors_that_were_exchanged_are_refused(member: Path, tmp_path: Path) -> None:
    tensors = load_file(member)
    shapes: dict[object, str] = {}
    for name, tensor in tensors.items():
        other = shapes.setdefault((tensor.shape, tensor.dtype), name)
        if not torch.equal(tensors[other], tensor):
            break
    tensors[name], tensors[other] = tensors[other], tensors[name]
    with safe_open(member, "pt") as file:
        metadata = file.metadata()
    save_file(tensors, tmp_path / "exchanged.safetensors", metadata=metadata)
    with pytest.raises(CheckpointError, match="has changed since it was written"):
        load_checkpoint(tmp_path / "exchanged.safetensors")
