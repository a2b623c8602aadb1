"""Alarms the eye can trust: what flickers is not drawn."""

import numpy as np

from nets.picture import Rect
from stream.live.persistence import Persistence
from stream.prediction import Prediction, find_mask

VIEW = Rect(0, 0, 256, 256)


def mask(*places):
    """A mask with a square at each place, in order of size."""
    probability = np.zeros((256, 256), np.float32)
    for number, (x, y) in enumerate(places):
        side = 40 - 4 * number
        probability[y : y + side, x : x + side] = 0.9
    return find_mask(Prediction(0, VIEW, VIEW, probability, 0.0, 0.0), 0.5)


def drawn(persistence, masks, step_s=0.04):
    return [
        [(region.x, region.y) for region in persistence.update(each, number * step_s).regions]
        for number, each in enumerate(masks)
    ]


def test_a_region_is_drawn_once_it_has_stood():
    steps = drawn(Persistence(0.1), [mask((20, 20))] * 5)
    assert [len(regions) for regions in steps] == [0, 0, 0, 1, 1]


def test_what_flickers_is_never_drawn():
    masks = [mask((20, 20)), mask(), mask((150, 30)), mask((40, 160)), mask()] * 10
    assert not any(drawn(Persistence(0.1), masks, step_s=0.1))


def test_a_region_that_was_drawn_is_drawn_at_once_after_a_short_gap():
    steps = drawn(Persistence(0.1), [mask((20, 20))] * 4 + [mask()] * 3 + [mask((24, 20))])
    assert [len(regions) for regions in steps] == [0, 0, 0, 1, 0, 0, 0, 1]


def test_a_region_that_was_long_gone_has_to_stand_again():
    steps = drawn(Persistence(0.1), [mask((20, 20))] * 4 + [mask()] * 8 + [mask((20, 20))] * 2)
    assert steps[-2:] == [[], []]


def test_a_region_that_moves_is_the_same_one():
    steps = drawn(Persistence(0.1), [mask((20 + 5 * n, 20)) for n in range(8)])
    assert [len(regions) for regions in steps] == [0, 0, 0, 1, 1, 1, 1, 1]


def test_only_what_stands_is_left_of_a_mask():
    persistence = Persistence(0.1)
    drawn(persistence, [mask((20, 20))] * 4)
    both = mask((20, 20), (150, 150))
    left = persistence.update(both, 0.2)
    assert left.regions == both.regions[:1]
    assert left.sizes == both.sizes[:1]
    assert left.peaks == both.peaks[:1]
    assert np.count_nonzero(left.inside) == left.sizes[0]
    assert np.count_nonzero(both.inside) == sum(both.sizes)  # untouched


def test_a_mask_of_which_nothing_stands_is_empty():
    left = Persistence(0.1).update(mask((20, 20)), 0.0)
    assert (left.regions, left.fraction, left.inside.size) == ((), 0.0, 0)


def test_no_persistence_draws_all_at_once():
    whole = mask((20, 20), (150, 150))
    assert Persistence(0.0).update(whole, 0.0) is whole
