"""From an ensemble to its int8 model: ranges measured on real frames (post-training, by NNCF)."""

import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nets.bundle import Bundle, read_bundle
from nets.description import Quantised, add_quantised, digest_of_model
from nets.engine.openvino_model import convert
from nets.engine.openvino_runtime import openvino  # before nncf, which would tell its maker
from nets.preprocessing import Prepared
from train.errors import TrainingError
from train.manifest import Sample

MODEL = "int8.xml"

ENLARGING_FROM = 128
"""Channels of a map: in int8 the library is no faster at transposed convolutions of narrow ones."""


def choose_frames(samples: Sequence[Sample], count: int, seed: int) -> list[Sample]:
    """Draw frames without repetition, in the order of the manifest; all if there are fewer."""
    drawn = random.Random(seed).sample(range(len(samples)), min(count, len(samples)))  # noqa: S311
    return [samples[index] for index in sorted(drawn)]


def quantise(
    bundle: Bundle, pictures: Sequence[Prepared], calibration: dict[str, str | int]
) -> Bundle:
    """Measure ranges, make the int8 model and put it into the bundle.

    Weights are rounded symmetrically and channel by channel, activations asymmetrically; the
    biases are then corrected for what rounding shifted (NNCF's mixed preset, fast correction).

    Args:
        bundle: a folder's.
        pictures: prepared for the bundle's contracts; the ranges hold for what is like them.
        calibration: what they are, to be kept with the model.

    Raises:
        TrainingError: nncf is not installed, or the model cannot be written.
    """
    try:
        import nncf
    except ImportError as error:
        raise TrainingError("int8 needs nncf: install the extra `train`") from error
    from nets.engine.openvino import model_inputs

    model = convert(bundle, enlarging_from=ENLARGING_FROM)
    inputs = [tuple(model_inputs(picture, len(model.inputs))) for picture in pictures]
    made = nncf.quantize(
        model,
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(inputs),
        target_device=nncf.TargetDevice.CPU,
        ignored_scope=nncf.IgnoredScope(names=_resizing(model)),
    )
    folder = bundle.members[0].path.parent
    try:
        with TemporaryDirectory(dir=folder, prefix=".int8-") as aside:
            openvino.save_model(made, Path(aside) / MODEL)
            for file in Path(aside).iterdir():
                file.replace(folder / file.name)
    except OSError as error:
        raise TrainingError(f"{folder}: cannot be written ({error.strerror})") from error
    digest = digest_of_model(folder / MODEL)
    made_of = bundle.fingerprint()
    add_quantised(folder, Quantised(folder / MODEL, made_of, calibration, digest))
    return read_bundle(folder)


def _resizing(model: Any) -> list[str]:
    """Names of the products that resize maps: int8 is too coarse for their shares of each sample.

    (`nets.engine.folds.scores` makes them; nothing that was learned adds up to one everywhere.)
    """
    found = []
    for op in model.get_ops():
        givers = [given.get_source_output().get_node() for given in op.inputs()]
        shares = [giver.data for giver in givers if giver.get_type_name() == "Constant"]
        if op.get_type_name() == "MatMul" and any(_are_shares(values) for values in shares):
            found.append(op.get_friendly_name())
    return found


def _are_shares(values: NDArray[Any]) -> bool:
    return any(np.allclose(values.sum(axis), 1, atol=1e-3) for axis in (-1, -2))
