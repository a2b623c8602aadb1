"""Making whole pictures of fields: every frame in, the same frame out, at the same time."""

from collections.abc import Iterator
from fractions import Fraction

import av
import av.filter

SMALLEST = 4
"""Fewer rows or columns than this the filter refuses."""


class Deinterlacer:
    """Deinterlaces the frames that are flagged as fields and lets the others pass.

    Uses FFmpeg's bwdif, one frame a frame, the order of the fields as flagged. It needs
    the neighbours in time, so a frame comes out when the next one goes in.
    """

    def __init__(self, time_base: Fraction, parity: str | None = None) -> None:
        """Start before the first frame.

        Args:
            time_base: seconds per unit of the frames' `pts`.
            parity: "tff" or "bff" where every frame is fields, flagged or not, and which
                comes first.
        """
        self._time_base = time_base
        self._parity = parity
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether frames come out later than they go in, by one frame."""
        return self._graph is not None

    def push(self, decoded: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """What is ready once this frame is in; frames before the first field pass at once."""
        shape = (decoded.width, decoded.height, decoded.format.name)
        if self._graph is not None and shape != self._shape:
            yield from self.drain()
        if self._graph is None:
            fields = decoded.interlaced_frame or self._parity is not None
            if not fields or min(shape[:2]) < SMALLEST:
                yield decoded
                return
            self._graph, self._shape = self._build(decoded), shape
        self._graph.vpush(decoded)
        yield from self._ready()

    def drain(self) -> Iterator[av.VideoFrame]:
        """What is still inside; frames pushed later start afresh."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
            self._graph = None

    def _build(self, decoded: av.VideoFrame) -> av.filter.Graph:
        """A graph for frames of this shape and colour."""
        graph = av.filter.Graph()
        source = graph.add(
            "buffer",
            video_size=f"{decoded.width}x{decoded.height}",
            pix_fmt=decoded.format.name,
            time_base=str(self._time_base),
            colorspace=str(int(decoded.colorspace)),
            range=str(int(decoded.color_range)),
        )
        parity, deint = self._parity or "auto", "all" if self._parity else "interlaced"
        fields = graph.add("bwdif", mode="send_frame", parity=parity, deint=deint)
        same = graph.add("format", pix_fmts=decoded.format.name)
        graph.link_nodes(source, fields, same, graph.add("buffersink"))
        graph.configure()
        return graph

    def _ready(self) -> Iterator[av.VideoFrame]:
        """Frames that have come out, their times in the source's units again."""
        assert self._graph is not None
        while True:
            try:
                whole = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if whole.pts is not None and whole.time_base is not None:
                whole.pts = int(whole.pts * whole.time_base / self._time_base)
            whole.time_base = self._time_base
            yield whole
