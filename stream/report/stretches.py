"""Stretches of a recording without a usable picture."""

from dataclasses import dataclass

from stream.quality import Fault

SHORTEST_S = 0.5
"""A shorter one is a blink."""

JOINED_S = 0.5
"""Two of one kind with less between them are one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time without a usable picture.

    Attributes:
        fault: why.
        start: media seconds of its first frame.
        end: media seconds at which the picture is usable again, or wrong in another way.
    """

    fault: Fault
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start


class Stretches:
    """Joins looks at single frames into stretches."""

    def __init__(self) -> None:
        self._fault: Fault | None = None
        self._since = 0.0
        self._done: list[Stretch] = []

    def add(self, seconds: float, fault: Fault | None) -> None:
        """Take the next look, in order of time; it holds until the one after it."""
        if fault != self._fault:
            self._close(seconds)
            self._fault, self._since = fault, seconds

    def finish(self, end: float) -> list[Stretch]:
        """The stretches, in order of time; the recording ends at `end`."""
        self.add(end, None)
        return [stretch for stretch in self._done if stretch.seconds >= SHORTEST_S]

    def _close(self, seconds: float) -> None:
        """End the fault that has lasted until now."""
        fault, start, done = self._fault, self._since, self._done
        if fault is None:
            return
        if done and done[-1].fault != fault and done[-1].seconds < SHORTEST_S:
            done.pop()  # a blink that nothing has joined
        if done and done[-1].fault == fault and start - done[-1].end < JOINED_S:
            start = done.pop().start
        done.append(Stretch(fault, start, seconds))
