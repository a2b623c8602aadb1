"""Pictures that move, for prepared recordings."""

from collections.abc import Iterator

import av
import numpy as np


def moving_pictures(size: tuple[int, int], count: int) -> Iterator[av.VideoFrame]:
    """Coarse waves that move, quick to make and to code."""
    width, height = size
    rows, columns = np.indices((height, width), np.float32)
    for index in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        wave = 120 + 60 * np.sin((rows + 3 * index) / 17) + 40 * np.sin((columns - 2 * index) / 23)
        for plane, samples in zip(
            frame.planes, (wave, wave[::2, ::2] / 2 + 70, 190 - wave[::2, ::2] / 2), strict=True
        ):
            lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            lines[:, : plane.width] = samples
        yield frame
