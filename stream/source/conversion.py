"""Converting pixel formats that do not travel, once, at the source."""

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from nets.picture import Colour, Matrix
from stream.frame import layout_of
from stream.tally import Tally

EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
"""Filter for chroma that has to change its grid, and exact arithmetic."""

SWSCALE_MATRIX = {
    Matrix.BT601: Colorspace.ITU601,
    Matrix.BT709: Colorspace.ITU709,
    Matrix.BT2020: Colorspace.BT2020,
}
"""swscale's own numbers, which differ from the tags."""

UNPACKED = {
    **dict.fromkeys(("yuyv422", "uyvy422", "yvyu422", "nv16"), "yuv422p"),
    **dict.fromkeys(("vyu444", "nv24", "nv42"), "yuv444p"),
    "nv21": "yuv420p",
    "p210le": "yuv422p10le",
    "p410le": "yuv444p10le",
}
"""Formats whose samples only lie in another order: nothing is lost, nothing to warn of."""


def travelling_format(given: av.VideoFormat) -> str:
    """Name of the nearest format that travels.

    RGB becomes 4:4:4; alpha is left out; a chroma grid that no layout has becomes the next
    finer one where there is one; depth becomes the next of 8, 10 and 12 bits.
    """
    layout = layout_of(given.name)
    if layout is not None:
        return layout.name
    if given.name in UNPACKED:
        return UNPACKED[given.name]
    samples = [component for component in given.components if not component.is_alpha]
    bits = max(component.bits for component in samples)
    depth = "" if bits <= 8 else "10le" if bits <= 10 else "12le"
    if given.is_rgb or given.is_bayer or given.has_palette:
        return f"yuv444p{depth}"
    if len(samples) == 1:
        return f"gray{depth}"
    across, down = given.chroma_width(16) < 16, given.chroma_height(16) < 16
    return f"yuv{'420' if across and down else '422' if across else '444'}p{depth}"


class Conversion:
    """Converts the frames of one source, and says once what it loses."""

    def __init__(self, warnings: Tally) -> None:
        """Convert nothing yet.

        Args:
            warnings: told once a format what becomes of it.
        """
        self._reformatter = VideoReformatter()
        self._warnings = warnings
        self._said: set[str] = set()

    def to_travel(self, decoded: av.VideoFrame) -> av.VideoFrame:
        """The frame itself, or a copy of it in the nearest format that travels."""
        if layout_of(decoded.format.name) is not None:
            return decoded
        target = travelling_format(decoded.format)
        self._say(decoded.format, target)
        return self.to_format(decoded, target)

    def to_turn(self, decoded: av.VideoFrame) -> av.VideoFrame:
        """The same, and with a chroma grid that can change its rows for its columns."""
        decoded = self.to_travel(decoded)
        layout = layout_of(decoded.format.name)
        if layout is None or layout.chroma_shift_x == layout.chroma_shift_y:
            return decoded
        target = layout.name.replace("422", "444")
        self._say(decoded.format, target)
        return self.to_format(decoded, target)

    def to_format(self, decoded: av.VideoFrame, target: str) -> av.VideoFrame:
        """The frame in another format; its YUV keeps matrix and range, RGB becomes full range."""
        given = decoded.format
        if not (given.is_rgb or given.is_bayer or given.has_palette):
            return self._reformatter.reformat(decoded, format=target, interpolation=EXACT)
        matrix = Colour.untagged(decoded.height).matrix
        return self._reformatter.reformat(
            decoded,
            format=target,
            dst_colorspace=SWSCALE_MATRIX[matrix],
            dst_color_range=ColorRange.JPEG,
            interpolation=EXACT,
        )

    def _say(self, given: av.VideoFormat, target: str) -> None:
        """Warn once a format, where something is lost."""
        if given.name in self._said or given.name in UNPACKED:
            return
        self._said.add(given.name)
        alpha = any(component.is_alpha for component in given.components)
        self._warnings.add(
            f"pixel format {given.name} is converted to {target} before anything else"
            f"{', its alpha is dropped' if alpha else ''}"
        )
