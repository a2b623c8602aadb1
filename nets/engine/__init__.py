"""How an ensemble runs fast: one protocol, and an engine for each kind of machine."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from nets.bundle import Bundle, read_weights, shipped
from nets.engine.fixed import FixedEngine
from nets.engine.protocol import Engine, Maps
from nets.errors import BundleError, EngineError

__all__ = ["Engine", "FixedEngine", "Maps", "named_bundle", "open_engine"]

FIXED, UNTRAINED = "fixed:", "random:"


def open_engine(
    weights: Sequence[str] = (),
    *,
    device: str = "auto",
    precision: str = "auto",
    mode: Literal["latency", "throughput"] = "latency",
    notify: Callable[[str], None] = lambda line: None,
) -> Engine:
    """The engine for some weights on this machine.

    Args:
        weights: as `named_bundle`.
        device: `auto`, `cpu` (OpenVINO), `eager` (PyTorch on the CPU) or `cuda[:N]`.
        precision: `auto`, `f32` or `bf16`; on CUDA `f16` too, on a CPU `int8` if the bundle has it.
        mode: what to be fast at.
        notify: told before something that takes long.

    Raises:
        BundleError: there are no such weights.
        CheckpointError: a member cannot be read.
        EngineError: the device cannot run them.
    """
    bundle = named_bundle(weights, notify)
    if bundle is None:
        return FixedEngine()
    if device == "auto":
        device = "cuda" if Path("/dev/nvidiactl").exists() and _has_cuda() else "cpu"
    if device == "cpu":
        from nets.engine.openvino import OpenVinoEngine

        return OpenVinoEngine(bundle, mode, precision, notify=notify)
    if device == "eager":
        from nets.engine.eager import EagerEngine

        return EagerEngine(bundle)
    if device.split(":")[0] == "cuda":
        from nets.engine.cuda import Cuda, CudaEngine

        return CudaEngine(bundle, Cuda(device), mode, precision, notify=notify)
    raise EngineError(f"{device}: no such device: name auto, cpu, eager or cuda[:N]")


def named_bundle(
    weights: Sequence[str], notify: Callable[[str], None] = lambda line: None
) -> Bundle | None:
    """The ensemble that a user names.

    Args:
        weights: a bundle's folder, checkpoints, `random:PLAN.yaml` or `fixed:`; the shipped
            ensemble if empty.
        notify: told before something that takes long.

    Returns:
        The ensemble; None for `fixed:`, which has no networks.

    Raises:
        BundleError: there are no such weights.
        CheckpointError: a member cannot be read.
    """
    alone = [name for name in weights if name == FIXED or name.startswith(UNTRAINED)]
    if alone and len(weights) > 1:
        raise BundleError(f"{alone[0]} stands alone")
    if alone == [FIXED]:
        return None
    if alone:
        from nets.untrained import untrained

        return untrained(alone[0], notify)
    unknown = [name for name in weights if "://" in name]
    if unknown:
        scheme = unknown[0].partition("://")[0]  # the rest may hold a password
        raise BundleError(f"{scheme}://...: weights are read from local files alone: fetch them")
    return read_weights([Path(name) for name in weights] or [shipped()])


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
