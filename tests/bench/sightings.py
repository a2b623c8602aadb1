"""Sightings against the truth: recall, and false ones a minute (docs/sightings.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nets.engine import Engine, open_engine
from nets.picture import Rect
from stream.offline import Seen, process
from stream.prediction import Prediction, find_mask
from stream.settings import ProcessSettings
from stream.sightings import Sighting, SightingTracker
from stream.source.naming import Recording, open_recording
from stream.source.synthetic import SyntheticSource
from stream.tally import Tally
from stream.view import ViewFinder

SEEDS = (7, 12, 21, 33, 44)
"""Below 1000, where the seeds of training begin."""

SCENE = "synthetic:?seed={seed}&seconds=20&size=640x480"

POLYP_IN_BOX = 0.1
"""A sighting's box at its peak holds at least this share of true polyp, or it is false."""

SETTINGS = ProcessSettings()


@dataclass
class Counts:
    """What came of some recordings whose truth is known."""

    polyps: int = 0
    found: int = 0
    false: int = 0
    seconds: float = 0.0

    def add(self, found: Sequence[Sighting], truth: "Truth", seconds: float) -> None:
        """Count one recording: a polyp is found by a true sighting that peaks while it stands."""
        true = [each for each in found if truth.holds(each.peak_index, each.box)]
        polyps = truth.sightings()
        self.polyps += len(polyps)
        self.false += len(found) - len(true)
        self.found += sum(
            any(polyp.first_seconds <= each.peak_seconds <= polyp.last_seconds for each in true)
            for polyp in polyps
        )
        self.seconds += seconds

    def summary(self) -> dict[str, Any]:
        return {
            "polyps": self.polyps,
            "recall": round(self.found / self.polyps, 3),
            "false": self.false,
            "false_a_minute": round(60 * self.false / self.seconds, 2),
            "minutes": round(self.seconds / 60, 2),
        }


class Truth:
    """The sightings of a network that is never wrong, and where the polyps are."""

    def __init__(self, source: SyntheticSource) -> None:
        self._source = source
        self._tracker = SightingTracker(SETTINGS.sightings)
        self._masks: list[tuple[tuple[int, ...], NDArray[np.uint8]]] = []

    def write(self, seen: Seen) -> None:
        """Take the truth of a frame; a sink as any other."""
        mask, view = self._source.truth(seen.frame.index), seen.mask.view
        inside = np.ascontiguousarray(mask[view.slices()], np.float32)
        perfect = find_mask(Prediction(0, view, view, inside, 0.0, 0.0), 0.5, SETTINGS.min_area)
        self._tracker.update(seen.frame, perfect)
        self._masks.append((mask.shape, np.packbits(mask)))

    def sightings(self) -> list[Sighting]:
        """The true ones; no frame may come after."""
        return self._tracker.finish()

    def holds(self, index: int, box: Rect) -> bool:
        """Whether there is polyp in a box of a frame."""
        shape, packed = self._masks[index]
        mask = np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape)
        return bool(mask[box.slices()].mean() >= POLYP_IN_BOX)


def measure(clips: Iterable[Path]) -> dict[str, Any]:
    """Recall on synthetic scenes, and what is seen in clips: with the ensemble that ships."""
    with open_engine(mode="throughput") as engine:
        counts = Counts()
        for seed in SEEDS:
            _count_scene(SCENE.format(seed=seed), engine, counts)
        return {
            "engine": engine.runs_on,
            "synthetic": counts.summary(),
            "clips": {clip.name: _in_clip(clip, engine) for clip in clips},
        }


def _count_scene(address: str, engine: Engine, counts: Counts) -> None:
    with open_recording(address, warnings=Tally()) as source:
        assert isinstance(source, SyntheticSource) and source.duration is not None
        truth = Truth(source)
        counts.add(_sightings_in(source, engine, truth), truth, float(source.duration))


def _in_clip(clip: Path, engine: Engine) -> dict[str, Any]:
    """Each sighting's first and last second; in a clip without polyps all of them are false."""
    with open_recording(str(clip), warnings=Tally()) as source:
        found = _sightings_in(source, engine)
        assert source.duration is not None
        minutes = float(source.duration) / 60
    return {
        "seconds": [[each.first_seconds, each.last_seconds] for each in found],
        "a_minute": round(len(found) / minutes, 2),
    }


def _sightings_in(source: Recording, engine: Engine, *sinks: Truth) -> list[Sighting]:
    """The sightings of `process` with its defaults."""
    return process(
        source,
        engine,
        sinks,
        finder=ViewFinder(SETTINGS.view),
        threshold=engine.threshold,
        smallest=SETTINGS.min_area,
        tracker=SightingTracker(SETTINGS.sightings),
        overlay=None,
        pass_on=lambda packet: None,
    ).sightings
