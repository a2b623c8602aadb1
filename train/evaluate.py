"""One pass over a manifest: picture, engine, counts, by the engine and preprocessing of video."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nets.certainty import settled
from nets.engine.protocol import Engine, Maps
from nets.errors import EngineError
from nets.picture import Rect
from nets.preprocessing import Prepared, Rgb, prepare_rgb
from train.errors import ManifestError, TrainingError
from train.evaluation import Evaluation, ImageResult
from train.manifest import Sample
from train.pictures import read_mask, read_rgb
from train.scoring import BINS, score_image

BATCH = 8
READERS = 2

WHOLE_FRAME = "the whole frame"
"""Condition of an evaluation that found no view."""

FindView = Callable[[Rgb], Rect]
"""Finds the endoscope's picture inside a frame."""

OnProgress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sample off the disk, as the engine wants it; the truth is (H, W) bool."""

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
    shares: Sequence[float] = (),
    find_view: FindView | None = None,
    conditions: dict[str, Any] | None = None,
    progress: OnProgress | None = None,
) -> list[Evaluation]:
    """Evaluate each member of an ensemble alone, and the ensemble, in one pass over the pictures.

    Members are judged on the bundle's grid, at its threshold and certainty. Errors as `evaluate`.

    Args:
        engine: what predicts.
        samples: pictures and masks.
        name: of the ensemble; the engine's own if empty.
        shares: each member's share of the mean, to evaluate the ensemble without each of its
            members as well; nothing leaves none out.
        find_view: as `evaluate`.
        conditions: as `evaluate`.
        progress: as `evaluate`.

    Returns:
        An evaluation for each of `engine.members`, one without each of them where asked for, then
        the ensemble's.
    """
    left = [_without(shares, place) for place in range(len(shares))]

    def predict(pictures: Sequence[Prepared]) -> Maps:
        members = engine.predict_members(pictures)
        parts = [members, engine.predict(pictures)[:, None]]
        if left:
            parts.insert(1, np.einsum("km,nmhw->nkhw", np.array(left, np.float32), members))
        return np.concatenate(parts, axis=1)

    fewer = [f"without-{member}" for member in engine.members] if left else []
    names = [*engine.members, *fewer, name or engine.name]
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
    for batch in read_loaded(engine, samples, find_view, batch_size):
        maps = predict([loaded.prepared for loaded in batch])
        if not np.isfinite(maps).all():
            raise EngineError(
                f"{engine.name} on {engine.runs_on} answers with numbers that are no "
                "probabilities: try another precision, or train the weights anew"
            )
        maps = settled(maps, engine.threshold, engine.certainty)
        for loaded, per_name in zip(batch, maps, strict=True):
            for place, probability in enumerate(per_name):
                result = score_image(
                    loaded.sample,
                    loaded.truth,
                    loaded.prepared,
                    probability,
                    engine.grid.extent,
                    engine.threshold,
                    reliability[place],
                )
                images[place].append(result)
        if progress is not None:
            progress(len(images[0]), len(samples))
    kept = conditions_of(engine, samples, find_view) | (conditions or {})
    return [
        Evaluation(name, tuple(rows), bins, kept)
        for name, rows, bins in zip(names, images, reliability, strict=True)
    ]


def conditions_of(
    engine: Engine, samples: Sequence[Sample], find_view: FindView | None
) -> dict[str, Any]:
    """What an engine's numbers on some samples are made under."""
    return {
        "split": ", ".join(sorted({sample.split for sample in samples})),
        "centres": ", ".join(sorted({sample.centre for sample in samples})),
        "weights": engine.name,
        "members": ", ".join(engine.members),
        "runs on": engine.runs_on,
        "grid": f"{engine.grid.width}x{engine.grid.height} of the {engine.grid.extent}",
        "view": WHOLE_FRAME if find_view is None else "found in each picture",
        "threshold": engine.threshold,
        "certainty": engine.certainty,
    }


def _without(shares: Sequence[float], place: int) -> list[float]:
    """The others' shares, so that they add up to 1 again."""
    others = [0.0 if number == place else share for number, share in enumerate(shares)]
    if not sum(others):
        raise TrainingError("nothing is left of the ensemble without one of its members")
    return [share / sum(others) for share in others]


def read_loaded(
    engine: Engine, samples: Sequence[Sample], find_view: FindView | None, batch_size: int
) -> Iterator[list[Loaded]]:
    """Read samples ahead of the engine, one batch at a time, in order."""

    def load(sample: Sample) -> Loaded:
        _, truth, prepared = load_prepared(sample, engine, find_view)
        return Loaded(sample, truth, prepared)

    with ThreadPoolExecutor(READERS) as pool:
        ahead = [pool.submit(load, sample) for sample in samples[:batch_size]]
        for start in range(0, len(samples), batch_size):
            coming = samples[start + batch_size : start + 2 * batch_size]
            waiting, ahead = ahead, [pool.submit(load, sample) for sample in coming]
            yield [future.result() for future in waiting]
