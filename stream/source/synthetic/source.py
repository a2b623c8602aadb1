"""`synthetic:`, a source that renders a colonoscopy of its own, with the truth beside it."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from types import TracebackType
from typing import Any, Self

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from nets.picture import Colour, Matrix
from stream.frame import TAG_OF_MATRIX, Frame
from stream.parameters import StreamParameters
from stream.source.synthetic.address import SyntheticAddress, parse_address
from stream.source.synthetic.panel_planes import PlanarPanel
from stream.source.synthetic.procedure import SyntheticScene
from stream.tally import Tally

RECENT_TRUTHS = 64
"""Frames whose truth is kept for whoever asks a little later."""


class SyntheticSource:
    """A scene as a source: iterate it, or ask it for the truth of a frame.

    Attributes:
        name: what it is called in messages.
        encoding: none, in words.
        width: luma columns.
        height: luma rows.
        time_base: seconds per unit of a frame's `pts`: the length of a frame.
        rate: frames a second.
        duration: seconds, or None where it never ends.
        frame_count: how many frames come, or None where it never ends.
        parameters: what a recorder needs beside the frames.
        warnings: always empty.
        broken_off: always None.
        view: bounding box of the endoscope's picture.
    """

    broken_off: None = None
    encoding = "rendered as it is asked for"

    def __init__(self, asked: SyntheticAddress) -> None:
        """Make the scene.

        Args:
            asked: what it shall be.

        Raises:
            SettingsError: its layout is unknown.
        """
        self.name = f"synthetic-{asked.seed}"
        self.warnings = Tally()
        self.width, self.height = asked.size
        self.rate, self.time_base = asked.fps, 1 / asked.fps
        self.frame_count: int | None = None
        self.duration: Fraction | None = None
        if asked.seconds is not None:
            self.frame_count = max(1, math.ceil(asked.seconds * asked.fps))
            self.duration = self.frame_count * self.time_base
        self._scene = SyntheticScene(asked.seed, asked.size, asked.fps, asked.layout)
        self.view = self._scene.view
        colour = Colour.untagged(self.height)
        self._screen = PlanarPanel(self._scene.panel, colour)
        self._recent: OrderedDict[int, NDArray[np.bool_]] = OrderedDict()
        tag = TAG_OF_MATRIX[colour.matrix]
        self.parameters = StreamParameters(
            time_base=self.time_base,
            rate=self.rate,
            matrix_tag=tag,
            primaries=1 if colour.matrix is Matrix.BT709 else 6,
            transfer=1 if colour.matrix is Matrix.BT709 else 6,
        )

    def __iter__(self) -> Iterator[Frame]:
        """Every frame in order, as fast as it is asked for."""
        for index in count() if self.frame_count is None else range(self.frame_count):
            yield self.frame(index)

    def frame(self, index: int) -> Frame:
        """One frame: yuv420p, limited range, its time counted in frames."""
        picture, mask = self._scene.picture(index)
        self._recent[index] = mask
        if len(self._recent) > RECENT_TRUTHS:
            self._recent.popitem(last=False)
        return Frame(index, index, self.time_base, self._screen.show(picture), time.monotonic())

    def truth(self, index: int) -> NDArray[np.bool_]:
        """(H, W) bool, where a polyp is seen in a frame; quick for one delivered lately."""
        mask = self._recent.get(index)
        if mask is None:
            _, mask = self._scene.picture(index)
        return self._scene.panel.show_mask(mask)

    def places_at(self, index: int, other: int) -> NDArray[np.float32]:
        """(h, w, 2): columns and rows, in another frame, of what is seen in the view of a frame.

        Both are of the endoscope's own picture, (h, w), which fills `view`.
        """
        return self._scene.places_at(index, other)

    def take_packets(self) -> "list[Packet[Any]]":
        """Packets of sound and subtitles: it has none."""
        return []

    def close(self) -> None:
        """Forget the truths kept; frames already handed out stay valid."""
        self._recent.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_synthetic(address: str) -> SyntheticSource:
    """Open `synthetic:?seed=7&seconds=10&fps=25&size=1920x1080&layout=octagon-right`.

    Every key may be left out; `seconds=inf` never ends.

    Raises:
        SettingsError: the address makes no sense; one line names all that is wrong.
    """
    return SyntheticSource(parse_address(address))
