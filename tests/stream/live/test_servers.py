"""Streams from servers that ask for a password: RTSP and HTTP."""

import socket
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from stream.errors import SourceError, UnusableSourceError
from stream.frame import Frame
from stream.loopback import barcode
from stream.source.arrival import GivenFormat
from stream.source.asked import Asked
from stream.source.live import open_live
from stream.tally import Tally
from tests.stream.live import servers

ASKED = Asked(open_s=30.0, silent_s=10.0)


@pytest.fixture(params=["rtsp", "http"])
def address(request, clip) -> Callable[[str], str]:
    """An address at a running server, with a password: `address("1234")`."""
    serve = {"rtsp": servers.rtsp_server, "http": servers.http_server}[request.param]
    with serve(clip) as port:
        yield lambda secret: f"{request.param}://{servers.USER}:{secret}@127.0.0.1:{port}/live.ts"


def test_pictures_come_with_the_right_password(address):
    source = open_live(address(servers.PASSWORD), ASKED, Tally())
    try:
        given = next(iter(source))
        frames = list(islice((item for item in source if isinstance(item, Frame)), 5))
    finally:
        source.close()
    assert isinstance(given, GivenFormat)
    assert (given.width, given.height, given.codec) == (192, 144, "h264")
    assert None not in [barcode.read(frame.picture.planes[0]) for frame in frames]


def test_a_wrong_password_is_said_and_not_shown(address):
    with pytest.raises(UnusableSourceError) as refused:
        open_live(address("1234"), ASKED, Tally())
    said = str(refused.value)
    assert said.endswith("refuses this user name and password")
    assert "1234" not in said
    assert servers.USER not in said


def test_a_server_that_is_not_there_is_tried_again_later(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SourceError, match="nobody answers there") as refused:
        open_live(f"rtsp://127.0.0.1:{port}/live", ASKED, Tally())
    assert not isinstance(refused.value, UnusableSourceError)


def test_a_kind_of_address_that_nobody_knows_is_refused():
    with pytest.raises(UnusableSourceError, match="no such kind of address"):
        open_live("telnet://127.0.0.1/live", ASKED, Tally())
