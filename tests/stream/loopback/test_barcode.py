"""A number in a picture."""

import numpy as np
import pytest

from stream.loopback import barcode


@pytest.mark.parametrize(("height", "width"), [(144, 192), (96, 128), (1080, 1920)])
def test_a_number_is_read_as_it_was_written_and_stands_in_the_lowest_rows(height, width):
    chance = np.random.default_rng(4)
    before = chance.integers(16, 236, (height, width), np.uint8)
    for number in (0, 1, 149, 0xABCDEF, 0xFFFFFF):
        luma = before.copy()
        barcode.write(luma, number)
        noisy = np.clip(luma + chance.normal(0, 25, luma.shape), 0, 255).astype(np.uint8)
        assert barcode.read(noisy) == number
        assert (luma[: -max(8, height // 32)] == before[: -max(8, height // 32)]).all()


def test_a_picture_without_a_number_or_with_a_damaged_one_has_none():
    luma = np.full((144, 192), 20, np.uint8)
    barcode.write(luma, 77)
    luma[-9:, 20:40] = 255 - luma[-9:, 20:40]
    assert barcode.read(luma) is None


def test_a_picture_may_be_too_narrow():
    with pytest.raises(ValueError, match="128 columns"):
        barcode.write(np.zeros((64, 64), np.uint8), 1)
