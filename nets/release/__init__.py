"""The authors' published weights: pickled modules of another library, read without unpickling.

A file is read by a machine that executes nothing (`unpickler`), what network it holds is read
off the records that this gives (`recover`, `encoders`), and the network that this program builds
for it is held against them, layer by layer (`agreement`).
"""

import hashlib
from pathlib import Path

import torch
from torch import nn

from nets.architectures import build
from nets.checkpoint import Header
from nets.errors import DivergentError, ReleaseError
from nets.preprocessing import Preprocessing
from nets.release.agreement import check_agreement
from nets.release.file import open_release, read_tensor
from nets.release.records import Layer
from nets.release.recover import recover
from nets.spec import MemberSpec

__all__ = ["AUTHORS_CONTRACT", "read_release"]

AUTHORS_CONTRACT = Preprocessing(
    height=256,
    width=256,
    resize="nearest",
    unit_range=False,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    extent="frame",
)
"""What the authors' scripts showed their networks: values from 0 to 255, and no normalisation."""


def read_release(path: Path) -> tuple[nn.Module, Header]:
    """A member out of a file of the authors' kind: `{"model": module, "epoch": number}`.

    Args:
        path: what torch.save wrote, in either of its formats.

    Returns:
        The network in evaluation mode, float32, on the CPU, and what a checkpoint says of it.

    Raises:
        ReleaseError: it is damaged, or holds anything that such a file does not need.
    """
    try:
        return _read(path)
    except DivergentError as error:
        raise ReleaseError(f"{path}: {error}") from error


def _read(path: Path) -> tuple[nn.Module, Header]:
    with open_release(path) as release:
        match release.root:
            case {"model": Layer() as model, "epoch": int(epoch)} if len(release.root) == 2:
                found = recover(model)
            case _:
                raise ReleaseError('it holds something else than {"model": network, "epoch": n}')
        spec = MemberSpec(found.spec, AUTHORS_CONTRACT, found.classes)
        with torch.device("meta"):
            module = build(spec)
        check_agreement(found, module)
        # Or a small file could stand for many large tensors that share their numbers.
        claimed = sum(tensor.storage.size_bytes for tensor in found.tensors.values())
        if claimed > path.stat().st_size:
            raise ReleaseError(f"its tensors claim {claimed} bytes, more than the file: refused")
        tensors = {
            key: torch.from_numpy(read_tensor(release, tensor))
            for key, tensor in found.tensors.items()
        }
    module.load_state_dict(tensors, assign=True)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    origin = {"imported_from": path.name, "sha256": digest, "epoch": epoch}
    return module.eval(), Header(spec, trained_on=origin)
