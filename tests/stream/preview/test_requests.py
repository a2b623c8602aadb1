"""What comes over a network: a thousand requests that are none, and clients that mean no good."""

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from stream.preview import requests
from stream.preview import server as module
from stream.preview.server import MOST_OF_ONE_ADDRESS
from tests.stream.preview.viewer import PATIENCE_S, Viewer, get, understood

GOOD = b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nUser-Agent: me\r\n\r\n"

NASTY = (
    b"",
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"get / http/1.1\r\nhost: localhost\r\n\r\n",
    b"GET  /  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /?" + b"a=b&" * 500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /?token=%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA" + b"a" * 10_000,
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nabc",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
)


def garbled(generator):
    """A request that is none: nasty, or a good one with something done to it."""
    kind = generator.randrange(4)
    if kind == 0:
        return generator.choice(NASTY)
    if kind == 1:
        return generator.randbytes(generator.randrange(600))
    request = bytearray(GOOD)
    if kind == 2:
        for _ in range(generator.randrange(1, 9)):
            request[generator.randrange(len(request))] = generator.randrange(256)
        return bytes(request)
    cut = generator.randrange(len(request))
    return bytes(request[:cut]) + generator.randbytes(generator.randrange(40))


def tried(port, request):
    """What comes of a request, from a client that then says no more."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while some := connection.recv(1 << 16):
                answer += some
            return answer
    except ConnectionError:
        return b""


def test_a_thousand_requests_that_are_none_get_an_error_or_nothing(served):
    generator = random.Random(5)
    none = [*NASTY, *(garbled(generator) for _ in range(1000 - len(NASTY)))]
    with served() as server, Viewer(server.port) as viewer:
        viewer.wait(lambda: server.wanted)
        descriptors = psutil.Process().num_fds()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda request: tried(server.port, request), none))
        statuses = [understood(answer)[0] for answer in answers if answer]
        assert len(statuses) > 300
        assert set(statuses) <= {200, 400, 404, 405, 413, 421, 431, 501}
        assert statuses.count(200) < 200  # some of what was done to a good one does no harm
        viewer.wait(lambda: psutil.Process().num_fds() <= descriptors)
        assert get(server.port, "/")[0] == 200
        server.put(b"picture")
        assert viewer.picture() == b"picture"


REST = [(16, 413), (18, 400), (19, 405), (20, 405)]


@pytest.mark.parametrize(
    ("number", "status"),
    [(4, 400), (7, 400), (8, 400), (10, 400), (11, 400), (14, 431), (15, 431), *REST],
)
def test_what_is_refused_is_refused_for_its_own_reason(served, number, status):
    with served() as server:
        assert understood(tried(server.port, NASTY[number]))[0] == status


def test_who_does_not_finish_asking_is_left_and_others_are_not_kept_waiting(served, monkeypatch):
    assert requests.HEAD_S < 10
    monkeypatch.setattr(requests, "HEAD_S", 0.5)
    with served() as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
        for connection in slow:
            connection.sendall(b"GET / HT")
        assert get(server.port, "/")[0] == 200
        for connection in slow:
            connection.settimeout(PATIENCE_S)
            assert connection.recv(1) == b""  # it is closed, without a word
            connection.close()


def test_too_many_connections_are_turned_away_until_others_have_left(served):
    with served() as server:
        viewers = [Viewer(server.port) for _ in range(MOST_OF_ONE_ADDRESS)]
        viewers[0].wait(lambda: len(server.wanted) == MOST_OF_ONE_ADDRESS)
        assert get(server.port, "/")[0] == 503
        server.put(b"picture")
        assert {viewer.picture() for viewer in viewers} == {b"picture"}
        for viewer in viewers:
            with viewer:
                pass
        viewers[0].wait(lambda: server.wanted[-1] == (frozenset(), 0))
        viewers[0].wait(lambda: get(server.port, "/")[0] == 200)


def test_a_viewer_that_takes_nothing_is_left_after_a_while(served, monkeypatch):
    monkeypatch.setattr(module, "SLOW_S", 0.5)
    with served() as server, socket.create_connection(("127.0.0.1", server.port)) as dead:
        dead.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        limit = time.monotonic() + PATIENCE_S
        while not server.wanted or server.wanted[-1][1]:
            server.put(bytes(1 << 20))
            assert time.monotonic() < limit
            time.sleep(0.02)
