"""Words on the planes: legible in every layout, and nothing beside them is touched."""

import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from nets.preprocessing import rgb_of
from stream.live.notice import write_notice


def noise(layout, size):
    kind = LAYOUTS[layout]
    generator = np.random.default_rng(3)
    planes = tuple(
        (generator.integers(40, 200, shape) << (kind.bits - 8 + kind.shift)).astype(kind.dtype)
        for shape in kind.plane_shapes(size[1], size[0])
    )
    return Picture(planes, kind, Colour(Matrix.BT709))


def changed(before, after):
    """The box around the luma samples that are not as they were."""
    rows, columns = np.nonzero(before.planes[0] != after.planes[0])
    left, top = int(columns.min()), int(rows.min())
    return Rect(left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_notice_is_light_on_dark_without_colour_in_every_layout(layout):
    before, after = (noise(layout, (641, 361)) for _ in range(2))
    write_notice(after, "AI OFF - NO SIGNAL", Rect(100, 41, 400, 300))
    box = changed(before, after)
    rgb = rgb_of(after)[box.y + 2 : box.y + box.height - 2, box.x + 2 : box.x + box.width - 2]
    assert rgb.min() <= 2
    assert rgb.max() >= 253
    assert np.ptp(rgb.astype(int), axis=2).max() <= 2  # grey
    light = (rgb[..., 0] > 200).mean()
    assert 0.05 < light < 0.5  # letters, and what they stand on


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_outside_its_box_every_sample_stays(layout):
    before, after = (noise(layout, (641, 361)) for _ in range(2))
    view = Rect(100, 41, 400, 300)
    write_notice(after, "AI OFF", view)
    box = changed(before, after)
    assert view.x <= box.x <= view.x + 20
    assert view.y <= box.y <= view.y + 20
    assert box.width < 150
    assert box.height < 40
    even = Rect(box.x - 2 & ~1, box.y - 2 & ~1, box.width + 4 & ~1, box.height + 4 & ~1)
    for picture in (before, after):
        for plane in picture.crop(even).planes:
            plane[...] = 0
    for old, new in zip(before.planes, after.planes, strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize(
    ("size", "view"),
    [
        ((64, 48), Rect(0, 0, 64, 48)),
        ((33, 17), Rect(20, 10, 13, 7)),
        ((1, 1), Rect(0, 0, 1, 1)),
        ((640, 480), Rect(630, 470, 10, 10)),
    ],
)
def test_a_notice_that_does_not_fit_is_cut_not_refused(size, view):
    picture = noise("yuv420p", size)
    write_notice(picture, "AI OFF - RECONNECTING", view)
    assert picture.planes[0].min() <= 16


def test_text_grows_with_the_picture():
    heights = []
    for size in ((640, 480), (1920, 1080)):
        before, after = (noise("yuv420p", size) for _ in range(2))
        write_notice(after, "AI OFF", before.whole)
        heights.append(changed(before, after).height)
    assert heights[1] > 2 * heights[0]
