"""Who may look: tokens, cookies, and the name that a browser came by."""

import re
import socket
import time

import pytest

from stream.preview import server
from stream.preview.guard import COOKIE, Guard
from tests.stream.preview.viewer import PATIENCE_S, Viewer, get

TOKEN = "a secret & more"
WRITTEN = "a%20secret%20%26%20more"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LocalHost:9000", True),
        ("127.0.0.1:8808", True),
        ("[::1]:8808", True),
        ("10.0.0.7", True),
        (socket.gethostname(), True),
        ("theatre.hospital:80", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::1", True),
        ("[", False),
    ],
)
def test_only_names_of_this_machine_are_known(host, known):
    assert Guard("theatre.hospital", "").knows_host(host) is known


def test_without_a_token_none_is_right():
    guard = Guard("127.0.0.1", "")
    assert not guard.asks
    assert not guard.knows_token("")
    assert not guard.knows_cookie(f"{COOKIE}={guard.pass_}")


def test_the_cookie_is_not_the_token_and_outlives_a_server():
    one, two, other = (Guard("127.0.0.1", token) for token in (TOKEN, TOKEN, TOKEN + "!"))
    assert one.pass_ == two.pass_ != other.pass_
    assert TOKEN not in one.pass_
    assert one.knows_cookie(f"a=b; {COOKIE}={two.pass_}")
    assert not one.knows_cookie(f"{COOKIE}={other.pass_}")
    assert not one.knows_cookie('a="b')
    assert not one.knows_cookie("\x00;;==\xff")


def test_a_name_from_elsewhere_gets_nothing(served):
    with served() as made:
        for path in ("/", "/page.js", "/stream"):
            status, _, content = get(made.port, path, host="evil.example")
            assert (status, content) == (421, b"421 Misdirected Request\n")


def test_a_token_is_asked_for_and_exchanged_for_a_cookie(served):
    with served(token=TOKEN) as made:
        status, _, content = get(made.port, "/")
        assert status == 401 and b'name="token"' in content
        for path in ("/stream", "/page.js", "/nothing"):
            assert get(made.port, path)[0] == 401
        assert get(made.port, "/page.css")[0] == 200
        status, headers, _ = get(made.port, f"/?token={WRITTEN}")
        assert status == 303 and headers["location"] == "/"
        assert "HttpOnly" in headers["set-cookie"] and "SameSite=Lax" in headers["set-cookie"]
        cookie = re.match("[^;]+", headers["set-cookie"])[0]
        assert get(made.port, "/", f"Cookie: {cookie}")[0] == 200
        assert get(made.port, "/page.js", f"Cookie: {cookie}")[0] == 200
        with Viewer(made.port, "/stream", f"Cookie: {cookie}") as viewer:
            wait(lambda: made.wanted)
            made.put(b"picture")
            assert viewer.picture() == b"picture"


def test_a_wrong_token_is_answered_slowly_and_with_the_question(served, monkeypatch):
    assert server.WRONG_TOKEN_S >= 1
    monkeypatch.setattr(server, "WRONG_TOKEN_S", 0.2)
    with served(token=TOKEN) as made:
        began = time.monotonic()
        for path in ("/?token=wrong", "/stream?token=a%20secret"):
            status, headers, content = get(made.port, path)
            assert status == 401 and b'name="token"' in content
            assert "set-cookie" not in headers
        assert time.monotonic() - began >= 0.4


def test_the_token_stands_in_no_answer(served):
    with served(token=TOKEN) as made:
        answers = [get(made.port, path) for path in ("/", f"/?token={WRITTEN}", "/stream", "/x")]
        assert all(TOKEN not in str(each) and WRITTEN not in str(each) for each in answers)


def wait(happened):
    """Wait until something is so."""
    limit = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.01)
