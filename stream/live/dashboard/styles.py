"""Colours that are legible on light and on dark: none alone, and alarms with a ground of their own.

What they say stands in words beside them, so nothing is lost where there are none.
"""

from stream.health import State

GOOD = "bold green"
CARE = "black on yellow"
ALARM = "bold white on red"
LABEL = "dim"
NAME = "bold"
PLAIN = ""
ENDED = "reverse"

OF_STATE = {
    State.LIVE: GOOD,
    State.CONNECTING: CARE,
    State.RECONNECTING: CARE,
    State.ENDED: ENDED,
}
"""All others are alarms."""


def of_state(state: str) -> str:
    """How a source's state is written."""
    return OF_STATE.get(State(state), ALARM)
