"""Frames as an encoder takes them: its pixel format, its grid of sizes."""

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from nets.picture import LAYOUTS, Layout
from stream.frame import Frame, decoded_of, layout_of, view_plane
from stream.sink.encoder import formats_of
from stream.tally import Tally

ANY_SIZE = ("ffv1", "libsvtav1")
"""Encoders that take odd sizes of subsampled pictures."""

SEMIPLANAR = {"yuv420p": "nv12", "yuv420p10le": "p010le"}
"""The same samples with both kinds of chroma in one plane, as hardware takes them."""

LOSSLESS = {*SEMIPLANAR.items(), *((after, before) for before, after in SEMIPLANAR.items())}
"""Changes of format that move samples and change none."""


def encoded_format(layout: Layout, taken: tuple[str, ...]) -> str:
    """The nearest pixel format an encoder takes, the layout's own where it does.

    Args:
        layout: of the frames.
        taken: formats the encoder takes.
    """
    if layout.name in taken:
        return layout.name
    depths = {8: ("", "10le"), 10: ("10le", ""), 12: ("12le", "10le", "")}[layout.bits]
    if layout.grey:
        candidates = [f"gray{depth}" for depth in depths]
        grids: tuple[str, ...] = ("420",)
    else:
        candidates = []
        own = {(1, 1): "420", (1, 0): "422", (0, 0): "444"}
        grids = tuple(
            dict.fromkeys((own[layout.chroma_shift_x, layout.chroma_shift_y], "422", "420"))
        )
    candidates += [f"yuv{grid}p{depth}" for grid in grids for depth in depths]
    nearest = (like for name in candidates for like in (name, SEMIPLANAR.get(name, name)))
    return next(name for name in nearest if name in taken)


class Fitting:
    """Fits the frames of one size and layout to one encoder."""

    def __init__(self, encoder: str, frame: Frame, warnings: Tally) -> None:
        """Decide what has to be done.

        Args:
            encoder: FFmpeg's name of it.
            frame: one as all the others will be.
            warnings: told once what is changed.
        """
        layout = frame.picture.layout
        width, height = frame.picture.width, frame.picture.height
        self.format = encoded_format(layout, formats_of(encoder))
        self._layout = LAYOUTS[self.format]
        self._neutral = layout.grey and not self._layout.grey
        across, down = 1 << self._layout.chroma_shift_x, 1 << self._layout.chroma_shift_y
        if encoder in ANY_SIZE:
            across = down = 1
        self.width, self.height = -(-width // across) * across, -(-height // down) * down
        self._padded = (self.width, self.height) != (width, height)
        self._reformatter = VideoReformatter()
        if self.format != layout.name and (layout.name, self.format) not in LOSSLESS:
            warnings.add(f"{encoder} takes no {layout.name}: the recording is {self.format}")
        if self._padded:
            warnings.add(
                f"{encoder} takes no odd sizes in {self.format}: {width}x{height} is recorded as "
                f"{self.width}x{self.height}, the last row or column repeated"
            )

    def fit(self, frame: Frame) -> av.VideoFrame:
        """The frame for the encoder: the decoder's own wherever that fits as it is."""
        native = decoded_of(frame)
        if self._neutral:
            native = self._with_neutral_chroma(native)
        elif layout_of(native.format.name) is not self._layout:
            native = self._reformatter.reformat(
                native, format=self.format, interpolation=Interpolation.AREA
            )
        return self._pad(native) if self._padded else native

    def _blank(self, like: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        """A new frame of the encoder's format with another's colour."""
        blank = av.VideoFrame(width, height, self.format)
        blank.colorspace, blank.color_range = like.colorspace, like.color_range
        blank.color_primaries, blank.color_trc = like.color_primaries, like.color_trc
        return blank

    def _with_neutral_chroma(self, grey: av.VideoFrame) -> av.VideoFrame:
        """A grey picture in a format that has chroma; its luma stays as it is."""
        given = layout_of(grey.format.name)
        assert given is not None
        native = self._blank(grey, grey.width, grey.height)
        shapes = self._layout.plane_shapes(grey.height, grey.width)
        luma, *chroma = (
            view_plane(plane, shape, self._layout.dtype)
            for plane, shape in zip(native.planes, shapes, strict=True)
        )
        source = view_plane(grey.planes[0], shapes[0], given.dtype)
        shift = given.bits - self._layout.bits
        luma[...] = source >> shift if shift > 0 else source.astype(luma.dtype) << -shift
        for plane in chroma:
            plane[...] = 1 << (self._layout.bits - 1)
        return native

    def _pad(self, native: av.VideoFrame) -> av.VideoFrame:
        """The picture with its last row and column repeated up to the encoder's size."""
        padded = self._blank(native, self.width, self.height)
        for source, target, small, large in zip(
            native.planes,
            padded.planes,
            self._layout.plane_shapes(native.height, native.width),
            self._layout.plane_shapes(self.height, self.width),
            strict=True,
        ):
            missing = [(0, after - before) for before, after in zip(small, large, strict=True)]
            samples = view_plane(source, small, self._layout.dtype)
            view_plane(target, large, self._layout.dtype)[...] = np.pad(samples, missing, "edge")
        return padded
