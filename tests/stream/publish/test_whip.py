"""WHIP as far as HTTP goes, with real servers; its pictures are a test of `tests/counterparts`."""

import io
import json
import queue
import socket
import sys
import threading
from types import SimpleNamespace

import pytest

from nets.errors import MissingExtraError
from stream.publish import check_libraries, check_target, exchange, target
from stream.publish.exchange import ExchangeError, begin, nearest_first
from tests.stream.publish.published import PATIENCE_S, Published, free_port
from tests.stream.publish.receivers import silent_server, web_server

TOKEN = "t0ken-9876"
BEARER = f"Bearer {TOKEN}"
OFFER = b"v=0\r\n"

ANSWER = """v=0\r
a=ice-ufrag:abcd\r
a=ice-pwd:abcdefghijklmnopqrstuvwx\r
a=fingerprint:sha-256 {fingerprint}\r
a=setup:active\r
m=video 9 UDP/TLS/RTP/SAVPF 106\r
a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r
""".replace("{fingerprint}", ":".join(["00"] * 32))


@pytest.mark.parametrize(
    ("status", "authorization", "said"),
    [
        (401, None, "it asks for a token: https://TOKEN@SERVER/PATH"),
        (403, BEARER, "it refuses this token"),
        (401, "Basic YTpi", "it refuses this user name and password"),
        (404, BEARER, "it takes no stream at this address (status 404)"),
        (405, None, "it takes no stream at this address (status 405)"),
        (503, None, "it refuses (status 503)"),
        (200, None, "what it answers is no session (SDP)"),
    ],
)
def test_what_a_server_refuses_is_said_in_words(status, authorization, said):
    with (
        web_server({"/room": (status, None, "<html>")}) as server,
        pytest.raises(ExchangeError) as refused,
    ):
        begin(f"http://127.0.0.1:{server.server_port}/room", authorization, OFFER)
    assert str(refused.value).startswith(said)
    assert TOKEN not in str(refused.value)


def test_a_server_that_is_not_there_says_nothing_or_speaks_something_else_is_said(monkeypatch):
    monkeypatch.setattr(exchange, "ANSWERS_S", 0.3)
    with silent_server() as port, pytest.raises(ExchangeError, match="it does not answer"):
        begin(f"http://127.0.0.1:{port}/room", None, OFFER)
    with pytest.raises(ExchangeError, match="nobody answers there"):
        begin(f"http://127.0.0.1:{free_port()}/room", None, OFFER)
    with web_server({}) as server, pytest.raises(ExchangeError, match="does not speak HTTPS"):
        begin(f"https://127.0.0.1:{server.server_port}/room", None, OFFER)
    with pytest.raises(ExchangeError, match="no machine has this name"):
        begin("http://no.such.machine.invalid/room", None, OFFER)


def test_a_server_that_sends_us_elsewhere_is_followed_without_the_token():
    with web_server({"/room": (201, "/session", "v=0\r\n")}) as other:
        there = f"http://127.0.0.1:{other.server_port}/room"
        replies = {"/room": (307, there, ""), "/here": (308, "/room", ""), "/round": (307, "", "")}
        with web_server(replies) as first:
            here = f"http://127.0.0.1:{first.server_port}"
            session = begin(f"{here}/here", BEARER, OFFER)
            with pytest.raises(ExchangeError, match="refuses"):
                begin(f"{here}/round", None, OFFER)
    assert session.resource == there.replace("/room", "/session")
    assert session.authorization is None
    assert [asked[1:] for asked in first.asked[:2]] == [("/here", BEARER), ("/room", BEARER)]
    assert other.asked == [("POST", "/room", None)]


def test_addresses_that_the_server_was_reached_at_come_first():
    lines = [f"a=candidate:{n} 1 udp 9 {a} 8 typ host" for n, a in enumerate(("172.17.0.1", "::1"))]
    given = "\r\n".join(["v=0", *lines, "a=end-of-candidates", ""])
    wanted = "\r\n".join(["v=0", *reversed(lines), "a=end-of-candidates", ""])
    assert nearest_first(given, {"::1"}) == wanted
    assert nearest_first(given, {"10.0.0.7"}) == given


def test_a_session_through_which_no_picture_gets_is_ended_and_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        answer = ANSWER.format(port=deaf.getsockname()[1])
        with web_server({"/room": (201, "/session", answer)}) as server:
            place = f"127.0.0.1:{server.server_port}/room"
            with Published(f"http://{TOKEN}@{place}") as published:
                published.wait(lambda: published.warnings and len(server.asked) > 1)
                assert published.slowest_s < 0.5
    (warning,) = published.warnings
    assert warning == (
        f"not published to http://***@{place}: it has opened a session, but takes no pictures: "
        "UDP may not pass between here and it; it is tried again"
    )
    assert server.asked[:2] == [("POST", "/room", BEARER), ("DELETE", "/session", BEARER)]


def test_the_address_for_ffmpeg_answers_to_who_knows_it_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(exchange, "ANSWERS_S", 1.0)
    lines = queue.Queue()
    with web_server({"/room": (201, "/session", "v=0\r\n")}) as server:
        endpoint = f"http://127.0.0.1:{server.server_port}/room"
        asked = io.StringIO(json.dumps({"endpoint": endpoint, "authorization": BEARER}))
        told = SimpleNamespace(write=lines.put, flush=lambda: None)
        serving = threading.Thread(target=exchange.main, args=(asked, told))
        serving.start()
        address = lines.get()
        with pytest.raises(ExchangeError, match="status 404"):
            begin(address.rpartition("/")[0] + "/guess", None, OFFER)
        serving.join(PATIENCE_S)
    assert not serving.is_alive()
    assert [lines.get(), lines.get()] == ["\n", "{}"]  # it tells of no session
    assert server.asked == []


def test_without_its_library_it_is_refused_before_anything_is_begun(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"divergentnets\[whip\]"):
        check_libraries(["rtsp://a/b", "https://a/b"])
    check_libraries(["rtsp://a/b"])


def test_a_token_may_go_in_the_clear_on_this_machine_alone():
    for host in ("127.0.0.1", "[::1]", "localhost"):
        check_target(f"http://{TOKEN}@{host}:8889/room/whip")
    check_target("http://10.0.0.7/room/whip")
    assert target.way_to("https://a/b") is target.WHIP
