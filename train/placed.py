"""An ensemble as a bundle of its own, which can then be changed."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from nets.bundle import Bundle, read_bundle, read_weights, write_bundle
from train.errors import TrainingError


def place_bundle(weights: Sequence[Path], folder: Path) -> Bundle:
    """The ensemble as a bundle of its own, card and all, to which something can be added.

    Args:
        weights: a bundle or checkpoints.
        folder: the new bundle; the bundle itself may be named, which stays where it is.

    Raises:
        BundleError: they cannot be read or written.
        TrainingError: the folder cannot be written.
    """
    bundle = read_weights(weights)
    if len(weights) > 1 or not weights[0].is_dir():
        members = {member.name: member.path for member in bundle.members}
        return write_bundle(folder, members, threshold=bundle.threshold, certainty=bundle.certainty)
    if weights[0].resolve() != folder.resolve():
        try:
            shutil.copytree(weights[0], folder, dirs_exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{folder}: the bundle cannot be copied there: {error}") from error
    return read_bundle(folder)
