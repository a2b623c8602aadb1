"""Single pictures of many synthetic scenes, for training: varied, and balanced on purpose."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stream.source.synthetic.panel import make_panel, view_of
from stream.source.synthetic.scene import EndoscopeView

Sample = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""(H, W, 3) uint8 RGB, and (H, W) bool where a polyp is seen."""

POSITIVE_SHARE = 0.7
"""Share of pictures with a polyp."""

PANEL_SHARE = 0.25
"""Share of pictures that show the processor's whole screen."""

SMALLEST_POLYP = 0.006
"""Share of the view that polyps of a positive picture have at least, if one can be found."""

ATTEMPTS = 12
"""Moments looked at for a polyp of that size."""

LATEST = 600.0
"""Seconds of a scene from which pictures without polyps are taken."""


def draw_sample(seed: int, size: tuple[int, int]) -> Sample:
    """One picture of a scene, with or without polyps, of the view or the whole screen.

    Args:
        seed: of everything.
        size: width and height.
    """
    rng = np.random.default_rng([seed, 20])
    on_screen, positive = rng.random() < PANEL_SHARE, rng.random() < POSITIVE_SHARE
    panel_seed = int(rng.integers(1 << 30))
    view = view_of(panel_seed, size)
    endoscope = EndoscopeView(seed, *((view.width, view.height) if on_screen else size))
    if positive:
        moments = (endoscope.encounter(rng) for _ in range(ATTEMPTS))
        rgb, mask = _first_with_polyp(endoscope.render(seconds) for seconds in moments)
    else:
        rgb, mask = endoscope.render(float(rng.uniform(0, LATEST)), with_polyps=False)
    if not on_screen:
        return rgb, mask
    still, _ = endoscope.render(float(rng.uniform(0, LATEST)))
    panel = make_panel(panel_seed, size, still)
    return panel.show(rgb), panel.show_mask(mask)


def _first_with_polyp(moments: Iterable[Sample]) -> Sample:
    """The first moment with a polyp of some size, else the one with the largest."""
    seen: list[Sample] = []
    for rgb, mask in moments:
        if mask.mean() >= SMALLEST_POLYP:
            return rgb, mask
        seen.append((rgb, mask))
    return max(seen, key=lambda sample: int(sample[1].sum()))
