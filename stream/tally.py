"""Warnings that may come by the thousand: said once, counted for ever."""

import threading
from collections.abc import Callable


class Tally:
    """Counts warnings by their text; safe to share between threads."""

    def __init__(self, on_first: Callable[[str], None] | None = None) -> None:
        """Start with nothing counted.

        Args:
            on_first: called with a warning's text when it comes for the first time.
        """
        self._on_first = on_first
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, warning: str, times: int = 1) -> None:
        """Count a warning; the first of its kind is also said at once."""
        with self._lock:
            first = warning not in self._counts
            self._counts[warning] = self._counts.get(warning, 0) + times
        if first and self._on_first is not None:
            self._on_first(warning)

    @property
    def counts(self) -> dict[str, int]:
        """How often each warning came, in the order of their first coming."""
        with self._lock:
            return dict(self._counts)

    def lines(self) -> list[str]:
        """One line a warning, with its count where it came more than once."""
        return [
            warning if times == 1 else f"{warning} ({times} times)"
            for warning, times in self.counts.items()
        ]
