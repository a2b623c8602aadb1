"""One pass over a manifest: picture, engine, counts, by the engine and preprocessing of video."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.engine.protocol import Engine, Maps
from nets.errors import EngineError
from nets.picture import Rect
from nets.preprocessing import Prepared, Rgb, prepare_rgb
from train.errors import ManifestError
from train.evaluation import Evaluation, ImageResult
from train.manifest import Sample
from train.metrics import count
from train.pictures import read_mask, read_rgb
from train.surface import hausdorff_95

PAPER_SIZE = 256
"""Tables 2 and 3 are scored at this many rows and columns (paper, section 3.2)."""

BINS = 20
"""Of the reliability of probabilities."""

BATCH = 8
READERS = 2

WHOLE_FRAME = "the whole frame"
"""Condition of an evaluation that found no view."""

FindView = Callable[[Rgb], Rect]
"""Finds the endoscope's picture inside a frame."""

OnProgress = Callable[[int, int], None]
"""Called with (images done, images in all)."""

Probability = NDArray[np.float32]
"""(h, w) float32 in [0, 1]: how likely each sample is polyp."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A sample off the disk, as the engine wants it."""

    sample: Sample
    truth: NDArray[np.bool_]
    prepared: Prepared


def evaluate(
    engine: Engine,
    samples: Sequence[Sample],
    *,
    name: str = "",
    find_view: FindView | None = None,
    conditions: dict[str, Any] | None = None,
    progress: OnProgress | None = None,
) -> Evaluation:
    """Run an engine over samples and count each image at 256x256 and at its own size.

    Args:
        engine: what predicts.
        samples: pictures and masks.
        name: of the model, for tables; the engine's own if empty.
        find_view: finds the endoscope's picture; None takes the whole frame.
        conditions: what the numbers are made under, to be kept with them.
        progress: told how far the pass is.

    Returns:
        A row an image, in the samples' order, and the reliability of the probabilities.

    Raises:
        ManifestError: there are no samples, or one cannot be read: none is passed over.
        EngineError: the engine cannot run, or answers with something that is no probability.
    """
    (only,) = _pass(
        engine,
        samples,
        [name or engine.name],
        lambda pictures: engine.predict(pictures)[:, None],
        find_view=find_view,
        conditions=conditions,
        progress=progress,
    )
    return only


def evaluate_members(
    engine: Engine,
    samples: Sequence[Sample],
    *,
    name: str = "",
    find_view: FindView | None = None,
    conditions: dict[str, Any] | None = None,
    progress: OnProgress | None = None,
) -> list[Evaluation]:
    """Evaluate each member of an ensemble alone, and the ensemble, in one pass over the pictures.

    Members are judged on the bundle's grid, at its threshold. Arguments and errors as `evaluate`.

    Returns:
        An evaluation for each of `engine.members`, then the ensemble's.
    """

    def predict(pictures: Sequence[Prepared]) -> Maps:
        fused = engine.predict(pictures)[:, None]
        return np.concatenate([engine.predict_members(pictures), fused], axis=1)

    names = [*engine.members, name or engine.name]
    return _pass(
        engine,
        samples,
        names,
        predict,
        find_view=find_view,
        conditions=conditions,
        progress=progress,
    )


def load_prepared(
    sample: Sample, engine: Engine, find_view: FindView | None = None
) -> tuple[Rgb, NDArray[np.bool_], Prepared]:
    """Read a sample and prepare it for an engine.

    Returns:
        The picture, (H, W, 3) uint8; its mask, (H, W) bool; the engine's input.

    Raises:
        ManifestError: the picture or its mask cannot be read.
    """
    rgb = read_rgb(sample.image)
    height, width = rgb.shape[:2]
    frame = Rect(0, 0, width, height)
    view = frame if find_view is None else find_view(rgb)
    rows, columns = view.slices()
    seen = np.ascontiguousarray(rgb[rows, columns])
    inputs = tuple(
        prepare_rgb(seen if contract.extent == "view" else rgb, contract)
        for contract in engine.contracts
    )
    return rgb, read_mask(sample.mask, (height, width)), Prepared(inputs, view, frame)


def on_frame(probability: Probability, extent: str, prepared: Prepared) -> Probability:
    """Bring a map from the engine's grid to the frame: bilinear, zero outside the view.

    Args:
        probability: (h, w) on the grid.
        extent: `view` or `frame`: what the grid covers.
        prepared: what the engine was shown.

    Returns:
        (H, W) float32 at the frame's own size.
    """
    view, frame = prepared.view, prepared.frame
    covered = view if extent == "view" else frame
    size = (covered.width, covered.height)
    resized = cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR)
    if view == frame:
        return np.asarray(resized, np.float32)
    whole = np.zeros((frame.height, frame.width), np.float32)
    rows, columns = view.slices()
    whole[rows, columns] = resized if extent == "view" else resized[rows, columns]
    return whole


def _pass(
    engine: Engine,
    samples: Sequence[Sample],
    names: Sequence[str],
    predict: Callable[[Sequence[Prepared]], Maps],
    *,
    find_view: FindView | None,
    conditions: dict[str, Any] | None,
    progress: OnProgress | None,
) -> list[Evaluation]:
    """Go through the samples once; `predict` gives (N, K, h, w) for K names."""
    if not samples:
        raise ManifestError("there are no samples to evaluate: the manifest has none of this split")
    images: list[list[ImageResult]] = [[] for _ in names]
    reliability = np.zeros((len(names), BINS, 3))
    batch_size = max(BATCH, engine.batch)
    for batch in _batches(engine, samples, find_view, batch_size):
        maps = predict([loaded.prepared for loaded in batch])
        if not np.isfinite(maps).all():
            raise EngineError(
                f"{engine.name} on {engine.runs_on} answers with numbers that are no "
                "probabilities: try another precision, or train the weights anew"
            )
        for loaded, per_name in zip(batch, maps, strict=True):
            for place, probability in enumerate(per_name):
                result = _score(engine, loaded, probability, reliability[place])
                images[place].append(result)
        if progress is not None:
            progress(len(images[0]), len(samples))
    kept = {
        "split": ", ".join(sorted({sample.split for sample in samples})),
        "centres": ", ".join(sorted({sample.centre for sample in samples})),
        "weights": engine.name,
        "members": ", ".join(engine.members),
        "runs on": engine.runs_on,
        "grid": f"{engine.grid.width}x{engine.grid.height} of the {engine.grid.extent}",
        "view": WHOLE_FRAME if find_view is None else "found in each picture",
        "threshold": engine.threshold,
        **(conditions or {}),
    }
    return [
        Evaluation(name, tuple(rows), bins, kept)
        for name, rows, bins in zip(names, images, reliability, strict=True)
    ]


def _batches(
    engine: Engine, samples: Sequence[Sample], find_view: FindView | None, batch_size: int
) -> Iterator[list[_Loaded]]:
    """Read samples ahead of the engine, one batch at a time, in order."""

    def load(sample: Sample) -> _Loaded:
        _, truth, prepared = load_prepared(sample, engine, find_view)
        return _Loaded(sample, truth, prepared)

    with ThreadPoolExecutor(READERS) as pool:
        ahead = [pool.submit(load, sample) for sample in samples[:batch_size]]
        for start in range(0, len(samples), batch_size):
            coming = samples[start + batch_size : start + 2 * batch_size]
            waiting, ahead = ahead, [pool.submit(load, sample) for sample in coming]
            yield [future.result() for future in waiting]


def _score(
    engine: Engine, loaded: _Loaded, probability: Probability, reliability: NDArray[np.float64]
) -> ImageResult:
    """Count one image at both sizes and add its probabilities to the reliability."""
    truth, sample = loaded.truth, loaded.sample
    native = on_frame(probability, engine.grid.extent, loaded.prepared)
    predicted = native > engine.threshold
    small = _at_paper_size(probability, native, loaded.prepared)
    small_truth = (
        cv2.resize(
            truth.astype(np.uint8), (PAPER_SIZE, PAPER_SIZE), interpolation=cv2.INTER_NEAREST
        )
        > 0
    )
    _add_reliability(reliability, small, small_truth)
    return ImageResult(
        sample.image,
        sample.sha256,
        sample.centre,
        sample.sequence,
        sample.split,
        truth.shape[0],
        truth.shape[1],
        grid=count(small > engine.threshold, small_truth),
        native=count(predicted, truth),
        hd95=hausdorff_95(predicted, truth),
    )


def _at_paper_size(
    probability: Probability, native: Probability, prepared: Prepared
) -> Probability:
    """Bring a map to 256x256: the network's own samples where they are that already."""
    size = (PAPER_SIZE, PAPER_SIZE)
    if prepared.view == prepared.frame:
        if probability.shape == size:
            return probability
        return np.asarray(cv2.resize(probability, size, interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.resize(native, size, interpolation=cv2.INTER_AREA))


def _add_reliability(
    reliability: NDArray[np.float64], probability: Probability, truth: NDArray[np.bool_]
) -> None:
    values = probability.ravel().astype(np.float64)
    bins = np.clip((values * BINS).astype(np.int64), 0, BINS - 1)
    reliability[:, 0] += np.bincount(bins, minlength=BINS)
    reliability[:, 1] += np.bincount(bins, values, BINS)
    reliability[:, 2] += np.bincount(bins, truth.ravel(), BINS)
