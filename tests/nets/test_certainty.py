"""Regions of which an ensemble is nowhere sure."""

import numpy as np
import pytest

from nets.certainty import BELOW, settled


def islands(*peaks: float) -> np.ndarray:
    """A map of islands side by side, each 0.6 with one sample as high as said."""
    made = np.full((8, 6 * len(peaks)), 0.1, np.float32)
    for number, peak in enumerate(peaks):
        made[2:6, 6 * number + 1 : 6 * number + 5] = 0.6
        made[3, 6 * number + 2] = peak
    return made


def test_only_regions_that_are_sure_somewhere_pass_the_threshold() -> None:
    maps = np.stack([islands(0.95, 0.7), islands(0.7, 0.7), islands(0.92, 0.91)])
    marked = settled(maps, 0.5, 0.9) > 0.5
    assert [[bool(half.any()) for half in np.hsplit(one, 2)] for one in marked] == [
        [True, False],
        [False, False],
        [True, True],
    ]
    assert np.array_equal(marked[0][:, :6], maps[0][:, :6] > 0.5)  # outlined at the threshold


def test_what_does_not_count_lies_just_below_and_all_else_as_it_was() -> None:
    before = islands(0.95, 0.7)
    given = before.copy()
    after = settled(given, 0.5, 0.9)
    changed = after != before
    assert np.array_equal(given, before)
    assert np.array_equal(np.unique(after[changed]), [np.float32(BELOW * 0.5)])
    assert changed[:, 6:].sum() == 16
    assert not changed[:, :6].any()
    assert np.array_equal(settled(after, 0.5, 0.9), after)


def test_corners_connect() -> None:
    made = np.full((6, 6), 0.1, np.float32)
    made[1:3, 1:3] = 0.6
    made[3:5, 3:5] = 0.95
    assert (settled(made, 0.5, 0.9) > 0.5).sum() == 8


@pytest.mark.parametrize("certainty", [0.0, 0.3, 0.5])
def test_a_certainty_up_to_the_threshold_asks_for_nothing(certainty: float) -> None:
    maps = islands(0.95, 0.7)[None]
    assert settled(maps, 0.5, certainty) is maps


def test_a_map_of_each_member_is_one_by_itself() -> None:
    maps = np.stack([islands(0.95), islands(0.7)])[None]
    marked = settled(maps, 0.5, 0.9) > 0.5
    assert marked.any((2, 3)).tolist() == [[True, False]]
