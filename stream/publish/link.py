"""What a stream is written to, as FFmpeg knows it."""

from collections.abc import Mapping
from typing import Protocol

from stream.publish.camera import check_camera
from stream.publish.target import CAMERA, WHIP, Way, way_to


class Link(Protocol):
    """A target that may be written to, or is about to be.

    Attributes:
        address: for FFmpeg.
        way: how it is written to.
        options: beyond those of the way.
        problem: what it knows of why it cannot be had; empty where that is nothing.
    """

    address: str
    way: Way
    options: Mapping[str, str]
    problem: str

    def settle(self) -> None:
        """FFmpeg has connected, or has failed to."""

    def close(self) -> None:
        """Say goodbye."""


class PlainLink:
    """An address that FFmpeg writes to as it stands."""

    def __init__(self, url: str, way: Way) -> None:
        """Link to a target that has been checked."""
        self.address, self.way = url, way
        self.options: Mapping[str, str] = {}
        self.problem = ""

    def settle(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def link_to(url: str) -> Link:
    """Find a target that has been checked.

    Raises:
        SinkError: it is not there.
    """
    way = way_to(url)
    if way is WHIP:
        from stream.publish.whip import WhipLink

        return WhipLink(url)
    if way is CAMERA:
        check_camera(url)
    return PlainLink(url, way)
