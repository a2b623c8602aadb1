"""Naming a source in messages without giving its secrets away."""

import re

CREDENTIALS = re.compile(r"(?<=://)\S*@")
"""User and password of a URL; up to the last @, since passwords hold all kinds of signs."""

SECRETS = re.compile(
    r"([?&;][^=&#\s]*(?:token|jwt|auth|key|pass|pwd|secret|sig)[^=&#\s]*=)[^&#\s]*", re.IGNORECASE
)
"""Values in a URL's query that open doors."""


COMMAND = "exec:"
"""A source that another program reads; its arguments may hold anything."""


def redacted(address: str) -> str:
    """The address as it may stand in a log: no user, no password, no token.

    >>> redacted("rtsp://anna:1234@10.0.0.7/room?token=abc")
    'rtsp://***@10.0.0.7/room?token=***'
    >>> redacted("exec:/usr/bin/ffmpeg -i rtsp://anna:1234@10.0.0.7/room -f nut -")
    'exec:ffmpeg'
    """
    if address.startswith(COMMAND):
        program = address.removeprefix(COMMAND).split()[:1]
        return COMMAND + "".join(word.strip("\"'").rpartition("/")[2] for word in program)
    return SECRETS.sub(r"\1***", CREDENTIALS.sub("***@", address))
