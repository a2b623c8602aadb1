"""A small generated data set, and an engine that knows what is drawn in it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from nets.engine.protocol import Closing, Maps
from nets.grid import Grid
from nets.preprocessing import Prepared, Preprocessing
from train.listing import build_manifest
from train.manifest import Sample
from train.pictures import content_of

GREEN = (30, 200, 40)
TISSUE = (170, 80, 70)


def draw(folder: Path, name: str, size: tuple[int, int], ellipse: tuple[int, ...] | None) -> None:
    """Write a picture with a green ellipse (x, y, rx, ry) on tissue, and its mask."""
    height, width = size
    picture = np.full((height, width, 3), TISSUE, np.uint8)
    mask = np.zeros((height, width), np.uint8)
    if ellipse is not None:
        x, y, rx, ry = ellipse
        cv2.ellipse(picture, (x, y), (rx, ry), 0, 0, 360, GREEN, -1)
        cv2.ellipse(mask, (x, y), (rx, ry), 0, 0, 360, 255, -1)
    for part, array in (("images", picture[..., ::-1]), ("masks", mask)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / part / f"{name}.png"), array)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Six pictures of two centres, two of them without a polyp."""
    folder = tmp_path / "sets"
    draw(folder / "A", "0", (120, 160), (80, 60, 30, 20))
    draw(folder / "A", "1", (300, 400), (100, 150, 60, 60))
    draw(folder / "A", "2", (240, 200), None)
    draw(folder / "B", "3", (256, 256), (128, 128, 9, 9))
    draw(folder / "B", "4", (90, 250), (200, 40, 35, 25))
    draw(folder / "B", "5", (200, 200), None)
    found, problems = build_manifest([folder], split="test")
    assert problems == []
    return found


@pytest.fixture
def framed(tmp_path: Path) -> Sample:
    """A frame as a processor shows it: the endoscope's picture within a black panel."""
    rng = np.random.default_rng(1)
    frame, mask = np.zeros((240, 320, 3), np.uint8), np.zeros((240, 320), np.uint8)
    frame[20:220, 90:300] = rng.integers((50, 40, 120), (90, 80, 220), (200, 210, 3), np.uint8)
    mask[60:120, 200:280] = 255
    for name, picture in (("frame", frame), ("mask", mask)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    image = tmp_path / "frame.png"
    return Sample(image, tmp_path / "mask.png", "A", "", "validation", content_of(image))


@pytest.fixture
def green_engine() -> type["GreenEngine"]:
    """The engine's class."""
    return GreenEngine


class GreenEngine(Closing):
    """Calls a sample polyp where it is greener than red, with `sure` probability.

    Its members are itself and one that sees polyps a few samples larger.
    """

    def __init__(
        self, contract: Preprocessing | None = None, grid: Grid | None = None, sure: float = 0.9
    ) -> None:
        self.name = "green"
        self.runs_on = "test"
        self.contracts = (contract or Preprocessing(height=256, width=256, extent="frame"),)
        self.grid = grid or Grid.of(self.contracts[0])
        self.threshold, self.certainty = 0.5, 0.0
        self.members = ("sharp", "wide")
        self.batch = 3
        self.sure = sure
        self.asked: list[int] = []

    def predict(self, pictures: Sequence[Prepared]) -> Maps:
        self.asked.append(len(pictures))
        return np.stack([self._map(picture, 1) for picture in pictures])

    def predict_members(self, pictures: Sequence[Prepared]) -> Maps:
        return np.stack([[self._map(picture, reach) for reach in (1, 15)] for picture in pictures])

    def _map(self, picture: Prepared, reach: int) -> np.ndarray:
        seen = picture.inputs[0].astype(np.int16)
        green = (seen[..., 1] > seen[..., 0]).astype(np.uint8)
        green = cv2.dilate(green, np.ones((reach, reach), np.uint8))
        probability = np.where(green, self.sure, 1.0 - self.sure).astype(np.float32)
        return cv2.resize(probability, (self.grid.width, self.grid.height))


@pytest.fixture(scope="session")
def ellipses(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Sixty pictures of 64x64, 40 of them to learn from and 20 to validate."""
    folder = tmp_path_factory.mktemp("ellipses")
    rng = np.random.default_rng(5)
    for number in range(60):
        x, y = rng.integers(16, 48, 2)
        rx, ry = rng.integers(6, 16, 2)
        part = "learn" if number < 40 else "judge"
        draw(folder / part, f"{number:02}", (64, 64), (int(x), int(y), int(rx), int(ry)))
    found, problems = build_manifest([folder], validation=("judge",))
    assert all("the same picture" in problem for problem in problems)
    return found


@pytest.fixture(scope="session")
def training(ellipses: list[Sample]) -> list[Sample]:
    """Those to learn from."""
    return [sample for sample in ellipses if sample.split == "train"]


@pytest.fixture(scope="session")
def validation(ellipses: list[Sample]) -> list[Sample]:
    """Those to validate."""
    return [sample for sample in ellipses if sample.split == "validation"]
