"""A live run whose seconds can be waited for."""

import time

from stream.live.journey import Journey

PATIENCE_S = 180.0
"""Enough for the busiest machine; nothing waits so long when all is well."""


class Running(Journey):
    """A run that tests wait with."""

    def wait(self, until):
        """Let it go on until something is so."""
        limit = time.monotonic() + PATIENCE_S
        for _ in self.moments():
            if until():
                return
            assert time.monotonic() < limit
        raise AssertionError("the run is over")
