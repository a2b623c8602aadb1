"""The same picture twice."""

import cv2
import numpy as np
import pytest

from train.duplicates import DUPLICATE_BITS, find_duplicates, perceptual_hash


def scene(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 11, 3), np.uint8)
    return cv2.resize(coarse, (330, 270), interpolation=cv2.INTER_CUBIC)


def bits_apart(first: np.ndarray, second: np.ndarray) -> int:
    return (perceptual_hash(first) ^ perceptual_hash(second)).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_a_picture_saved_again_is_recognised(seed: int) -> None:
    picture = scene(seed)
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])
    assert bits_apart(picture, cv2.imdecode(coded, cv2.IMREAD_COLOR)) <= DUPLICATE_BITS
    assert bits_apart(picture, cv2.resize(picture, (256, 256))) <= DUPLICATE_BITS
    brighter = np.clip(picture * 1.1 + 5, 0, 255).astype(np.uint8)
    assert bits_apart(picture, brighter) <= DUPLICATE_BITS


def test_other_pictures_are_not() -> None:
    hashes = [perceptual_hash(scene(seed)) for seed in range(40)]
    distances = [(a ^ b).bit_count() for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(distances) > DUPLICATE_BITS


def test_only_pairs_of_two_groups_are_named() -> None:
    near = 0b111
    far = (1 << 40) - 1
    contents = ["a", "b", "a", "c", "d"]
    hashes = [0, near, 0, 0, far]
    groups = ["train", "train", "test", "train", "test"]
    assert find_duplicates(contents, hashes, groups) == [(0, 2, None), (1, 2, 3), (2, 3, 0)]


def test_hashes_of_all_64_bits_are_compared() -> None:
    assert find_duplicates(["a", "b"], [(1 << 64) - 1, (1 << 64) - 2], ["x", "y"]) == [(0, 1, 1)]
