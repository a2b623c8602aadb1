"""Whose pictures a member has seen, by its own account."""

from collections.abc import Mapping
from typing import Any

SEEN = ("centres", "teacher_centres", "start_centres")
"""Of a checkpoint's header: what it learned from, what taught it, what it started from."""


def centres_seen(trained_on: Mapping[str, Any]) -> set[str]:
    """Centres whose pictures went into a member's weights, in whatever way.

    Args:
        trained_on: of its checkpoint's header.
    """
    return {centre for key in SEEN for centre in trained_on.get(key) or ()}
