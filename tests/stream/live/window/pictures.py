"""Pictures that a room shows, each with its number in it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.health import State
from stream.live.shown import Shown
from stream.loopback import barcode


def picture(number=0, size=(256, 192), layout="yuv420p"):
    """Grey, with a number."""
    kind = LAYOUTS[layout]
    shapes = kind.plane_shapes(size[1], size[0])
    level = 128 << (kind.bits - 8 + kind.shift)
    planes = tuple(np.full(shape, level, kind.dtype) for shape in shapes)
    if kind.bits == 8:
        barcode.write(planes[0], number)
    return Picture(planes, kind, Colour(Matrix.BT709))


def shown(number=0, size=(256, 192), layout="yuv420p", at=0.0, **more):
    """A frame as it is shown; it is drawn a bit brighter than it came."""
    came = Frame(number, number, Fraction(1, 25), picture(number, size, layout), at)
    drawn = replace(came, picture=picture(number, size, layout))
    known = Shown(
        frame=came,
        shown=drawn,
        mask=None,
        prediction=None,
        mask_age_s=None,
        notice="",
        view=Rect(0, 0, *size),
        visible=True,
        state=State.LIVE,
        sightings=0,
        at=at,
    )
    return replace(known, **more)
