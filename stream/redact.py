"""Blanks everything outside the endoscope's view: names, dates and numbers stand there."""

import av
from av.video.reformatter import ColorRange

from nets.picture import Colour, Layout, Picture, Rect
from stream.frame import TAG_OF_MATRIX, Frame, view_plane


def redacted(frame: Frame, view: Rect | None) -> Frame:
    """A frame's copy that shows its view and nothing else.

    The copy carries no side data (closed captions, a camera's notes): they would reach the file.

    Args:
        frame: any.
        view: what may be shown; None blanks the whole frame. What of it does not fill a
            chroma sample is blanked too.

    Returns:
        A frame with the same time, layout and colour; samples inside the view are the source's.
    """
    picture = frame.picture
    layout, colour = picture.layout, picture.colour
    native = av.VideoFrame(picture.width, picture.height, layout.name)
    shapes = layout.plane_shapes(picture.height, picture.width)
    blank = Picture(
        tuple(
            view_plane(plane, shape, layout.dtype)
            for plane, shape in zip(native.planes, shapes, strict=True)
        ),
        layout,
        colour,
    )
    for samples, level in zip(blank.planes, blank_levels(layout, colour), strict=False):
        samples[...] = level
    if view is not None:
        inside = picture.aligned(view)
        for ours, theirs in zip(
            blank.crop(inside).planes, picture.crop(inside).planes, strict=True
        ):
            ours[...] = theirs
    native.pts, native.time_base = frame.pts, frame.time_base
    native.colorspace = TAG_OF_MATRIX[colour.matrix]
    native.color_range = ColorRange.JPEG if colour.full_range else ColorRange.MPEG
    return Frame(frame.index, frame.pts, frame.time_base, blank, frame.arrived_at, native)


def blank_levels(layout: Layout, colour: Colour) -> tuple[int, int, int]:
    """Black luma and neutral chroma as samples of a layout (ITU-T H.273)."""
    black = 0 if colour.full_range else 16 << (layout.bits - 8)
    neutral = 1 << (layout.bits - 1)
    return black << layout.shift, neutral << layout.shift, neutral << layout.shift
