"""How long the disk lasts, and when to stop before it is full."""

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

MARGIN_BYTES = 1024**3
"""Kept free: the system and the recording's last files need some."""

LOOK_EVERY_S = 1.0
RATE_OVER_S = 30.0
"""The recording's rate is measured over so long a time."""

RATE_AFTER_S = 2.0
"""Sooner nothing can be said of the rate."""

LOW_MINUTES = (30.0, 10.0, 3.0)
"""When to warn: there is time to change the disk, to finish the case, to stop."""


def free_bytes(folder: Path) -> int:
    """What this user may still write.

    Raises:
        OSError: the folder cannot be asked.
    """
    return shutil.disk_usage(folder).free


def in_gigabytes(size: float) -> str:
    """`1.5 GB`."""
    return f"{size / 1e9:.1f} GB"


class DiskGuard:
    """Watches the disk while a recording is written.

    Attributes:
        minutes: how long the disk lasts at the recording's rate, above the margin; None while
            the rate is not known.
        is_full: there is no more room above the margin.
    """

    def __init__(
        self,
        folder: Path,
        *,
        margin_bytes: int = MARGIN_BYTES,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            folder: where the recording goes.
            margin_bytes: what stays free.
            free: tells the free bytes of a folder's disk.
        """
        self.folder = folder
        self.minutes: float | None = None
        self.is_full = False
        self._margin_bytes = margin_bytes
        self._free = free
        self._written: deque[tuple[float, int]] = deque()
        self._looked_at: float | None = None
        self._warned: float | None = None

    def has_room(self, size: int = 0) -> bool:
        """Whether so many bytes more would leave the margin free."""
        return self._room() >= size

    @property
    def shortage(self) -> str:
        """What to say where there is no room."""
        return (
            f"less than {in_gigabytes(self._margin_bytes)} are free on its disk, which are kept "
            "for the system: free some space, or name another folder with --record"
        )

    def is_due(self, now: float) -> bool:
        """Whether it is time to look."""
        return self._looked_at is None or now - self._looked_at >= LOOK_EVERY_S

    def look(self, now: float, written: int) -> str | None:
        """Look at the disk.

        Args:
            now: monotonic seconds.
            written: bytes that the recording has written since its start.

        Returns:
            A warning for people, each only once; None where there is none.
        """
        self._looked_at = now
        self._written.append((now, written))
        while now - self._written[0][0] > RATE_OVER_S:
            self._written.popleft()
        room = self._room()
        self.is_full = room <= 0
        self.minutes = self._lasting(room)
        return self._warning(room)

    def _room(self) -> int:
        """Bytes above the margin; a folder that cannot be asked is for the writer to find out."""
        try:
            return self._free(self.folder) - self._margin_bytes
        except OSError:
            return 1

    def _lasting(self, room: int) -> float | None:
        (began, before), (now, written) = self._written[0], self._written[-1]
        if now - began < RATE_AFTER_S or written <= before:
            return self.minutes
        return max(room, 0) * (now - began) / (written - before) / 60

    def _warning(self, room: int) -> str | None:
        if self.minutes is None:
            return None
        passed = [limit for limit in LOW_MINUTES if self.minutes < limit]
        if not passed or (self._warned is not None and passed[-1] >= self._warned):
            return None
        self._warned = passed[-1]
        return (
            f"{self.folder}: the disk lasts {self.minutes:.0f} minutes more "
            f"({in_gigabytes(max(room, 0))}): free some space, or stop soon"
        )
