"""How much masks flicker beyond the scene's own motion, and what steadying them costs.

Flicker is the share of mask samples that change from one frame to the next when the first mask is
carried along the motion between the two: of both masks' union, over all pairs of frames. In a
synthetic scene that motion is known; in a clip it is found by dense optical flow, finer than
`stream.smoothing` uses. The truth of a synthetic scene flickers a little too: folds hide a polyp
and give it free, and what is carried falls between samples.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nets.engine import Engine, open_engine
from stream.offline import Seen, process
from stream.prediction import Prediction, find_mask
from stream.settings import ProcessSettings
from stream.sightings import Sighting, SightingTracker
from stream.smoothing import Smoother
from stream.source.naming import open_recording
from stream.source.synthetic import SyntheticSource
from stream.tally import Tally
from stream.view import ViewFinder
from tests.bench.sightings import SCENE, SEEDS, SETTINGS, Counts, Truth

SIDE = 192
AS_IT_COMES = "as it comes"
Mask = NDArray[np.bool_]
Places = NDArray[np.float32]
Ways = Mapping[str, Callable[[], Smoother | None]]

CHOSEN_S = ProcessSettings().smoothing or 0.2
WAYS: Ways = {AS_IT_COMES: lambda: None, f"{CHOSEN_S} s": lambda: Smoother(CHOSEN_S)}


class Kept:
    """All frames of one recording, with the ensemble's answers as they came.

    Attributes:
        seen: the frames.
        seconds: how long they last.
        truth: of a synthetic scene.
        true_masks: of a synthetic scene, (SIDE, SIDE) bool by frame.
        origins: (SIDE, SIDE, 2) float32 by pair of frames: where each sample was one frame ago.
        by_flow: the same, found by optical flow.
    """

    def __init__(self, address: str, engine: Engine) -> None:
        self.seen: list[Seen] = []
        self.truth: Truth | None = None
        self.true_masks: list[Mask] = []
        self.origins: list[Places] = []
        with open_recording(address, warnings=Tally()) as source:
            self.seconds = float(source.duration or 0)
            if isinstance(source, SyntheticSource):
                self._source, self.truth = source, Truth(source)
            process(
                source,
                engine,
                [self],
                finder=ViewFinder(SETTINGS.view),
                threshold=engine.threshold,
                smallest=SETTINGS.min_area,
                tracker=SightingTracker(SETTINGS.sightings),
                overlay=None,
                pass_on=lambda packet: None,
            )
        self.by_flow = _origins_by_flow([_small(seen) for seen in self.seen])
        self.origins = self.origins or self.by_flow

    def write(self, seen: Seen) -> None:
        """Keep a frame; a sink as any other."""
        self.seen.append(seen)
        if self.truth is not None:
            self.truth.write(seen)
            truth = self._source.truth(seen.frame.index)[seen.prediction.extent.slices()]
            small = cv2.resize(truth.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            self.true_masks.append(np.asarray(small > 0.5))
            if seen.frame.index:
                self.origins.append(self._true_origins(seen))

    def steadied(self, smoother: Smoother | None) -> list[Prediction]:
        """The answers, steadied, or as they came."""
        if smoother is None:
            return [seen.prediction for seen in self.seen]
        return [
            smoother.update(seen.prediction, seen.frame.picture, seen.frame.seconds)
            for seen in self.seen
        ]

    def sightings(self, predictions: Sequence[Prediction], threshold: float) -> list[Sighting]:
        """What `process` would make of the answers."""
        tracker = SightingTracker(SETTINGS.sightings)
        for seen, prediction in zip(self.seen, predictions, strict=True):
            cut = threshold if seen.visible else 1.0
            tracker.update(seen.frame, find_mask(prediction, cut, SETTINGS.min_area))
        return tracker.finish()

    def _true_origins(self, seen: Seen) -> Places:
        index, extent = seen.frame.index, seen.prediction.extent
        places, view = self._source.places_at(index, index - 1), self._source.view
        scale = np.array(places.shape[1::-1]) / (view.width, view.height)
        shift = np.array([extent.x - view.x, extent.y - view.y])
        side = np.array([extent.width, extent.height]) / SIDE
        here = ((_grid() + 0.5) * side + shift) * scale - 0.5
        before = cv2.remap(places, here.astype(np.float32), None, cv2.INTER_LINEAR)
        return (((before + 0.5) / scale - shift) / side - 0.5).astype(np.float32)


def flicker(masks: Sequence[Mask], origins: Sequence[Places]) -> tuple[int, int]:
    """Samples that change beyond the motion, and those of which they are a share."""
    changed = union = 0
    for before, now, origin in zip(masks[:-1], masks[1:], origins, strict=True):
        came = cv2.remap(before.astype(np.uint8), origin, None, cv2.INTER_NEAREST) > 0
        changed += int(np.count_nonzero(came ^ now))
        union += int(np.count_nonzero(came | now))
    return changed, union


def measure(clips: Iterable[Path], ways: Ways = WAYS) -> dict[str, Any]:
    """Flicker, masks and sightings as they come and steadied: with the ensemble that ships."""
    with open_engine(mode="throughput") as engine:
        scenes = [_measured(SCENE.format(seed=seed), engine, ways) for seed in SEEDS]
        told = {clip.name: _measured(str(clip), engine, ways) for clip in clips}
        return {
            "engine": engine.runs_on,
            "synthetic": {way: _joined([scene[way] for scene in scenes]) for way in ways},
            "clips": {
                name: {way: _brief(results[way]) for way in ways} for name, results in told.items()
            },
        }


def _measured(address: str, engine: Engine, ways: Ways) -> dict[str, dict[str, Any]]:
    kept = Kept(address, engine)
    results = {}
    for way, make in ways.items():
        started = time.perf_counter()
        predictions = kept.steadied(make())
        took = time.perf_counter() - started
        masks = [_mask(prediction, engine.threshold) for prediction in predictions]
        results[way] = {
            "flicker": flicker(masks, kept.origins),
            "by flow": flicker(masks, kept.by_flow),
            "marked": float(np.mean([mask.any() for mask in masks])),
            "sightings": kept.sightings(predictions, engine.threshold),
            "ms": 1000 * took / len(masks),
            "seconds": kept.seconds,
            "truth": kept.truth,
            **_against(kept, masks),
        }
    return results


def _against(kept: Kept, masks: Sequence[Mask]) -> dict[str, Any]:
    """Masks beside the truth, where it is known."""
    if kept.truth is None:
        return {}
    pairs = [*zip(masks, kept.true_masks, strict=True)]
    return {
        "truth's flicker": flicker(kept.true_masks, kept.origins),
        "dice": [2 * (m & t).sum() / (m.sum() + t.sum()) for m, t in pairs if t.any()],
        "false": [bool(m.any()) for m, t in pairs if not t.any()],
    }


def _joined(scenes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counts, delays = Counts(), []
    for scene in scenes:
        truth, found = scene["truth"], scene["sightings"]
        counts.add(found, truth, scene["seconds"])
        for polyp in truth.sightings():
            hits = [
                each.first_seconds - polyp.first_seconds
                for each in found
                if truth.holds(each.peak_index, each.box)
                and polyp.first_seconds <= each.peak_seconds <= polyp.last_seconds
            ]
            delays += [min(hits)] if hits else []
    return {
        "flicker": _share(scene["flicker"] for scene in scenes),
        "by flow": _share(scene["by flow"] for scene in scenes),
        "truth's own": _share(scene["truth's flicker"] for scene in scenes),
        "dice": round(float(np.mean([it for scene in scenes for it in scene["dice"]])), 4),
        "frames with false marks": round(
            float(np.mean([it for scene in scenes for it in scene["false"]])), 3
        ),
        **counts.summary(),
        "mean delay s": round(float(np.mean(delays)), 3),
        "ms a frame": round(float(np.mean([scene["ms"] for scene in scenes])), 2),
    }


def _brief(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "flicker": _share([result["flicker"]]),
        "frames with marks": round(result["marked"], 3),
        "sightings": [[it.first_seconds, it.last_seconds] for it in result["sightings"]],
        "ms a frame": round(result["ms"], 2),
    }


def _share(counts: Iterable[tuple[int, int]]) -> float:
    changed, union = np.sum([*counts], axis=0)
    return round(float(changed / max(union, 1)), 3)


def _mask(prediction: Prediction, threshold: float) -> Mask:
    whole = cv2.resize(prediction.probability, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole > threshold)


def _small(seen: Seen) -> NDArray[np.uint8]:
    luma = np.ascontiguousarray(seen.frame.picture.planes[0][seen.prediction.extent.slices()])
    return np.asarray(cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _origins_by_flow(lumas: Sequence[NDArray[np.uint8]]) -> list[Places]:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    pairs = zip(lumas[1:], lumas[:-1], strict=True)
    return [flow.calc(now, before, None) + _grid() for now, before in pairs]  # type: ignore[call-overload]


def _grid() -> Places:
    """(SIDE, SIDE, 2): each sample's own column and row."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return np.dstack([columns, rows])
