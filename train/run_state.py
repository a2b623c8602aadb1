"""A training's whole state in one file without pickles: tensors by path, the rest as JSON."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save

from nets.files import write_whole
from nets.seal import BLANK, is_whole, sealed
from train.errors import TrainingError

STATE_KEY = "divergent_training"
SEPARATOR = "/"
SEAL, STATE = "sha256", "state"
TENSOR = "tensor"
"""Key that stands where a tensor is."""


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state atomically.

    Args:
        path: the file.
        state: nested dictionaries and lists of tensors and of what JSON can hold.

    Raises:
        TrainingError: it cannot be written; a state of that name is as it was.
    """
    tensors: dict[str, torch.Tensor] = {}
    plain = _taken_apart(state, "", tensors)
    try:
        text = json.dumps({SEAL: BLANK, STATE: plain})
        write_whole(path, sealed(save(tensors, metadata={STATE_KEY: text})))
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be written ({error.strerror}): make room and give the same command "
            "again to go on from the last whole epoch"
        ) from error


def read_state(path: Path) -> dict[str, Any]:
    """Read what `write_state` wrote.

    Raises:
        TrainingError: it is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            said = json.loads(file.metadata()[STATE_KEY])
            # States of before they were sealed hold nothing beside the state.
            state: dict[str, Any] = _put_together(said.get(STATE, said), file)
        whole = STATE not in said or is_whole(path, said[SEAL], path.stat().st_size)
    except Exception as error:  # safetensors has an exception of its own beside Python's
        raise _damaged(path, " ".join(str(error).split())) from error
    if not whole:
        raise _damaged(path, "it has changed since it was written")
    return state


def _damaged(path: Path, why: str) -> TrainingError:
    return TrainingError(
        f"{path}: is damaged ({why}): delete it to begin this training again; best.safetensors "
        "is a checkpoint of its own"
    )


def _taken_apart(value: Any, path: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().cpu().contiguous()
        return {TENSOR: path}
    if isinstance(value, dict):
        # As pairs: JSON would turn an optimiser's numbered parameters into text.
        return {
            "pairs": [
                [key, _taken_apart(part, f"{path}{SEPARATOR}{key}", tensors)]
                for key, part in value.items()
            ]
        }
    if isinstance(value, list | tuple):
        return [
            _taken_apart(part, f"{path}{SEPARATOR}{place}", tensors)
            for place, part in enumerate(value)
        ]
    return value


def _put_together(value: Any, file: Any) -> Any:
    if isinstance(value, list):
        return [_put_together(part, file) for part in value]
    if isinstance(value, dict):
        if TENSOR in value:
            return file.get_tensor(value[TENSOR])
        return {key: _put_together(part, file) for key, part in value["pairs"]}
    return value
