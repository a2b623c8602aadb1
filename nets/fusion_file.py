"""A learned fusion on disk: a safetensors file that says whose maps it fuses, and of what kind.

Read without any network library; nothing is ever unpickled.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nets.checkpoint import HEADER_KEY, LARGEST_HEADER, read_metadata
from nets.errors import CheckpointError
from nets.files import write_whole
from nets.grid import Fusion
from nets.seal import BLANK, is_whole, sealed

if TYPE_CHECKING:
    from torch import nn

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class FusionHeader:
    """What the file of a learned fusion says of itself.

    Attributes:
        kind: as `nets.grid.Fusion.kind`.
        members: the ensemble's members in order.
        fitted_on: data and scores, for people.
        seal: digest of the file.
    """

    kind: str
    members: tuple[str, ...]
    fitted_on: dict[str, Any] = field(default_factory=dict)
    seal: str = field(default="", compare=False)

    def problem(self, fusion: Fusion, members: Sequence[str]) -> str | None:
        """What is wrong with it as the fusion of some members, if anything."""
        if self.kind != fusion.kind:
            return f"{fusion.file} holds {self.kind}, not {fusion.kind}"
        if self.members != tuple(members):
            return (
                f"{fusion.file} was fitted to {', '.join(self.members)}, in this order, and not to "
                f"{', '.join(members)}: fit it anew with `divergent-train fuse`"
            )
        return None


def save_fusion(path: Path, module: "nn.Module", header: FusionHeader) -> None:
    """Write a learned fusion.

    Raises:
        CheckpointError: it cannot be written.
    """
    from safetensors.torch import save

    text = json.dumps(
        {
            "sha256": BLANK,
            "format_version": FORMAT_VERSION,
            "fusion": {"kind": header.kind, "members": header.members},
            "fitted_on": header.fitted_on,
        }
    )
    tensors = {key: value.detach().cpu().contiguous() for key, value in module.state_dict().items()}
    try:
        write_whole(path, sealed(save(tensors, metadata={HEADER_KEY: text})))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written ({error.strerror})") from error


def read_fusion_header(path: Path) -> FusionHeader:
    """What a learned fusion says of itself.

    Raises:
        CheckpointError: missing, not such a file, or of a newer format.
    """
    try:
        values = json.loads(read_metadata(path)[HEADER_KEY])
        if int(values["format_version"]) > FORMAT_VERSION:
            raise CheckpointError(f"{path}: a newer fusion than this program knows: update it")
        kind = str(values["fusion"]["kind"])
        members = tuple(str(name) for name in values["fusion"]["members"])
        fitted_on, seal = dict(values["fitted_on"]), str(values["sha256"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{path}: holds no learned fusion") from error
    return FusionHeader(kind, members, fitted_on, seal)


def check_fusion_whole(path: Path) -> str:
    """Refuse a learned fusion that is not as it was written.

    Returns:
        The digest that it carries.

    Raises:
        CheckpointError: it has changed, or cannot be read.
    """
    seal = read_fusion_header(path).seal
    try:
        whole = is_whole(path, seal, LARGEST_HEADER)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    if not whole:
        raise CheckpointError(f"{path}: has changed since it was written: copy it anew")
    return seal


def load_fusion(fusion: Fusion, members: int) -> "nn.Module":
    """A fusion as a module: (N, H, W) of the members' (N, M, H, W).

    Raises:
        CheckpointError: its file cannot be read, has changed, or belongs to another number of
            members.
    """
    from safetensors.torch import load_file

    from nets.fusion import LEARNED, Shares

    if fusion.file is None:
        return Shares(fusion.shares(members))
    check_fusion_whole(fusion.file)
    module = LEARNED[fusion.kind](members)
    try:
        module.load_state_dict(load_file(fusion.file))
    except Exception as error:  # safetensors and torch have exceptions of their own
        raise CheckpointError(
            f"{fusion.file}: holds no {fusion.kind} of {members} members: fit it anew"
        ) from error
    return module.eval()
