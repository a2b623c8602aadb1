"""One member on disk: a safetensors file whose header says what it is.

The header (safetensors' `__metadata__`) carries one JSON text under `divergentnets`: the
format's version, the member's spec with its preprocessing, what it earned on which data, and the
digest of the whole file. Nothing is ever unpickled.
"""

import json
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nets.errors import CheckpointError
from nets.files import write_whole
from nets.seal import BLANK, is_whole, sealed
from nets.spec import MEMBER_SPEC, MemberSpec

if TYPE_CHECKING:
    from torch import nn

FORMAT_VERSION = 2
UNSEALED = 1
"""The last version whose files do not carry their digest."""

HEADER_KEY = "divergentnets"
DEAD = re.compile(r"(^|\.)encoder\.model\.blocks\.\d+\.")
"""Stages of an encoder; those that no decoder asks for are in some files, but in no network."""

LARGEST_HEADER = 16 * 2**20
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True, slots=True)
class Header:
    """What a checkpoint says of itself.

    Attributes:
        spec: what to build and how to feed it.
        metrics: what it earned, by name.
        trained_on: data, seed and recipe, for people.
        seal: digest of the file, empty in files of before it was kept.
    """

    spec: MemberSpec
    metrics: dict[str, float] = field(default_factory=dict)
    trained_on: dict[str, Any] = field(default_factory=dict)
    seal: str = field(default="", compare=False)


def save_checkpoint(path: Path, module: "nn.Module", header: Header, *, half: bool = False) -> None:
    """Write a member atomically.

    Args:
        path: the file's final name, `.safetensors`.
        module: a module that `nets.architectures.build(header.spec)` made.
        header: what the file says of itself.
        half: store floating-point weights as float16.

    Raises:
        CheckpointError: it cannot be written; a checkpoint of that name is as it was.
    """
    import torch
    from safetensors.torch import save

    tensors = {
        key: (value.half() if half and value.dtype == torch.float32 else value)
        .detach()
        .cpu()
        .contiguous()
        for key, value in module.state_dict().items()
    }
    text = json.dumps(
        {
            "sha256": BLANK,
            "format_version": FORMAT_VERSION,
            "spec": header.spec.as_dict(),
            "metrics": header.metrics,
            "trained_on": header.trained_on,
        }
    )
    try:
        write_whole(path, sealed(save(tensors, metadata={HEADER_KEY: text})))
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be written ({error.strerror}): make room or name another folder"
        ) from error


def read_header(path: Path) -> Header:
    """What a checkpoint says of itself, without its tensors and without torch.

    Raises:
        CheckpointError: missing, not safetensors, a pickle, of a newer format, or a spec that
            makes no sense.
    """
    text = read_metadata(path).get(HEADER_KEY)
    if not isinstance(text, str):
        raise CheckpointError(f"{path}: safetensors, but not a DivergentNets checkpoint")
    try:
        values = json.loads(text)
        version = int(values["format_version"])
        metrics, trained_on = dict(values["metrics"]), dict(values["trained_on"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise CheckpointError(f"{path}: the checkpoint's header is damaged") from error
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: checkpoint format {version} is newer than {FORMAT_VERSION}, the newest this "
            "program knows: update it"
        )
    try:
        spec = MEMBER_SPEC.validate_python(values.get("spec"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "spec"
        raise CheckpointError(
            f"{path}: the checkpoint's spec is wrong at {where}: {first['msg']}"
        ) from error
    # An old format's number may be what was damaged: a seal that is there counts.
    seal = values.get("sha256", "" if version == UNSEALED else None)
    if not isinstance(seal, str) or len(seal) not in (0, len(BLANK)):
        raise CheckpointError(f"{path}: the checkpoint's header is damaged")
    return Header(spec, metrics, trained_on, seal)


def check_whole(path: Path, header: Header) -> None:
    """Refuse a checkpoint that is not as it was written; all of it is read.

    Args:
        path: the checkpoint.
        header: read from it.

    Raises:
        CheckpointError: it has changed, or cannot be read.
    """
    try:
        whole = not header.seal or is_whole(path, header.seal, LARGEST_HEADER)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    if not whole:
        raise CheckpointError(
            f"{path}: has changed since it was written, so its masks would be others: copy it anew"
        )


def load_checkpoint(path: Path) -> "tuple[nn.Module, Header]":
    """A member in evaluation mode, float32, on the CPU.

    Raises:
        CheckpointError: as `read_header` and `check_whole`, or the tensors do not fit the spec.
    """
    header = read_header(path)
    check_whole(path, header)
    import torch
    from safetensors.torch import load_file

    from nets.architectures import build

    spec = header.spec.from_scratch()
    # Without memory at first: what a damaged header describes may be larger than any machine.
    with torch.device("meta"):
        module = build(spec)
    try:
        tensors = load_file(path)
    except Exception as error:
        raise CheckpointError(f"{path}: the tensors cannot be read: {error}") from error
    own = module.state_dict()
    tensors = {key: value for key, value in tensors.items() if key in own or not DEAD.search(key)}
    wrong = sorted(own.keys() ^ tensors.keys()) or sorted(
        key for key in own if own[key].shape != tensors[key].shape
    )
    if wrong:
        raise CheckpointError(
            f"{path}: the spec does not fit the tensors ({len(wrong)} differ, such as {wrong[0]})"
        )
    # Copies: the file's own tensors lie in the file, which may be replaced.
    tensors = {key: value.to(own[key].dtype, copy=True) for key, value in tensors.items()}
    module.load_state_dict(tensors, assign=True)
    if any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers())):
        module = build(spec)  # it has buffers that are computed and in no file
        module.load_state_dict(tensors)
    return module.eval(), header


def read_metadata(path: Path) -> dict[str, Any]:
    """What stands in a safetensors file beside its tensors; empty where there is nothing.

    Raises:
        CheckpointError: missing, or no safetensors file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start, text = file.read(8), file.read(1)
            # A header may be just as long as a pickle's first bytes read as a number.
            if start.startswith(PICKLE_STARTS) and text != b"{":
                raise CheckpointError(
                    f"{path}: a pickle, which can run code when it is opened, so it is refused: "
                    "convert it with `divergent-train import-release`"
                )
            if len(start) < 8:
                raise CheckpointError(f"{path}: {size} bytes are no checkpoint")
            (length,) = struct.unpack("<Q", start)
            if length > min(LARGEST_HEADER, size - 8):
                raise CheckpointError(f"{path}: not a safetensors file")
            values = json.loads(text + file.read(max(0, length - 1)))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such checkpoint") from error
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not a safetensors file") from error
    metadata = values.get("__metadata__") if isinstance(values, dict) else None
    return metadata if isinstance(metadata, dict) else {}
