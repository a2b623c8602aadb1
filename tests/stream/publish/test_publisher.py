"""Publishing with real processes and real receivers: it arrives, and its failures stay away."""

import socket
from itertools import pairwise

import pytest

from stream.errors import SettingsError
from stream.publish import check_target
from stream.publish.target import ANSWERS_S
from tests.stream.publish.published import SIZE, Published, free_port
from tests.stream.publish.receivers import (
    LISTENING,
    PASSWORD,
    USER,
    Received,
    rtsp_recorder,
    silent_server,
)


def test_what_goes_out_by_udp_can_be_read_back_and_a_change_of_size_goes_through():
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    receiver = Received(url)
    with Published(url) as published:
        published.wait(lambda: len(receiver.pictures) > 20)
        published.size = (161, 121)
        published.wait(lambda: receiver.pictures[-1][1] == (160, 120))
        published.wait(lambda: published.figures.fps > 0)
        assert published.figures.state == "publishing"
        assert published.figures.sent > 20
    assert published.told[0] == f"published to {url}"
    assert published.warnings == []
    first = receiver.pictures[:20]
    assert all(size == SIZE and abs(lightness - 128) < 3 for _, size, lightness in first)
    assert all(after > before for (before, *_), (after, *_) in pairwise(first))


@pytest.mark.parametrize("layout", ["nv12", "yuv422p10le", "gray"])
def test_every_layout_is_published_as_all_players_show_it(layout):
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    receiver = Received(url, enough=3)
    with Published(url, layout=layout) as published:
        published.wait(lambda: not receiver.is_alive())
    assert receiver.problem is None
    assert all(abs(lightness - 128) < 20 for *_, lightness in receiver.pictures)


def test_an_rtsp_server_gets_it_goes_away_and_gets_it_again():
    url = f"rtsp://127.0.0.1:{free_port()}/live/one"
    with Published(url) as published:
        published.wait(lambda: published.warnings)
        assert published.warnings == [
            f"not published to {url}: nobody answers there; it is tried again"
        ]
        assert published.figures.state == "trying again"
        receiver = Received(url, enough=10, **LISTENING)
        published.wait(lambda: len(receiver.pictures) == 10)
        assert receiver.pictures[0][1] == SIZE
        published.wait(lambda: len(published.warnings) == 2)  # the receiver has left
        receiver = Received(url, enough=3, **LISTENING)
        published.wait(lambda: len(receiver.pictures) == 3)
        assert published.told == [f"published to {url}"] * 2
    assert len(published.warnings) <= 3  # each time it is gone, once


def test_a_password_is_used_and_never_shown():
    with rtsp_recorder() as server:
        port = server.server_address[1]
        with Published(f"rtsp://{USER}:{PASSWORD}@127.0.0.1:{port}/one") as published:
            published.wait(lambda: server.packets > 10)
            published.wait(lambda: published.told)
        with Published(f"rtsp://{USER}:wrong-one@127.0.0.1:{port}/one") as refused:
            refused.wait(lambda: refused.warnings)
    assert "TEARDOWN" in server.methods  # it said goodbye
    (warning,) = refused.warnings
    assert "it refuses this user name and password" in warning
    said = [*published.told, *published.warnings, *refused.warnings]
    said += [published.publisher.target, str(published.figures), str(refused.figures)]
    assert not any(secret in line for line in said for secret in (USER, PASSWORD, "wrong-one"))


def test_a_server_that_says_nothing_is_given_up_and_nobody_waits_for_it():
    with silent_server() as port, Published(f"rtsp://127.0.0.1:{port}/one") as published:
        published.wait(lambda: published.warnings)
        assert "it does not answer" in published.warnings[0]
        assert published.figures.dropped > 0
        assert published.slowest_s < ANSWERS_S


def test_a_killed_process_is_told_once_and_publishes_again():
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    with Published(url) as published:
        published.wait(lambda: published.figures.sent > 0)
        published.publisher.kill()
        published.wait(lambda: len(published.told) == 2)
        before = published.figures.sent
        published.wait(lambda: published.figures.sent > before)
    (warning,) = published.warnings
    assert "SIGKILL" in warning


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("whip://a/b", "cannot be published to"),
        ("https:///b", "cannot be published to"),
        ("http://secret@10.0.0.7/b", "would tell its token to everyone on the way"),
        ("file.mp4", "cannot be published to"),
        ("rtsp://", "cannot be published to"),
        ("udp://127.0.0.1", "names no port"),
        ("udp://127.0.0.1:99999", "its port"),
        ("rtmp://anna:secret@host/x", "rtmp://***@host/x"),
    ],
)
def test_what_nothing_can_be_published_to_is_refused_at_once(url, said):
    with pytest.raises(SettingsError) as refused:
        check_target(url)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
