"""Whoever looks at a preview in tests: raw bytes, one request, and the stream in parts."""

import json
import socket
import struct
import time

import h11

PATIENCE_S = 60.0


def ask(port, request, *, host="127.0.0.1", wait_s=PATIENCE_S):
    """Everything that a server answers to these bytes until it closes."""
    with socket.create_connection((host, port), timeout=wait_s) as connection:
        answer = b""
        try:
            connection.sendall(request)
            while some := connection.recv(1 << 16):
                answer += some
        except ConnectionError:
            pass
        return answer


def get(port, path, *lines, method="GET", host=None):
    """A well-formed request, as (status, headers, content)."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *lines, "", ""]
    answer = ask(port, "\r\n".join(head).encode())
    return understood(answer, method)


def understood(answer, method="GET"):
    """An answer as (status, headers, content); fails where it is not HTTP."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(answer)
    client.receive_data(b"")
    response, content = client.next_event(), b""
    assert isinstance(response, h11.Response), response
    while isinstance(event := client.next_event(), h11.Data):
        content += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage), event
    headers = {name.decode(): value.decode() for name, value in response.headers}
    return response.status_code, headers, content


class Viewer:
    """Looks at the stream."""

    def __init__(self, port, path="/stream", *lines):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        head = [f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]
        self._socket.sendall("\r\n".join(head).encode())
        self._client = h11.Connection(h11.CLIENT)
        self._client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        self._client.send(h11.EndOfMessage())
        self._bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def part(self):
        """The next part, as (kind, room, content); None at the end."""
        while len(self._bytes) < 6 or len(self._bytes) < 6 + self._length():
            event = self._client.next_event()
            if event is h11.NEED_DATA:
                self._client.receive_data(self._socket.recv(1 << 16))
            elif isinstance(event, h11.Data):
                self._bytes += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return None
        kind, room, length = struct.unpack(">cBI", self._bytes[:6])
        content, self._bytes = self._bytes[6 : 6 + length], self._bytes[6 + length :]
        return kind, room, content

    def wait(self, happened):
        """Wait until something is so."""
        limit = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < limit
            time.sleep(0.01)

    def picture(self, room=0):
        """The next picture of a room, as JPEG."""
        return self._wait_for(b"P", room)

    def figures(self):
        """The next figures."""
        return json.loads(self._wait_for(b"F", 0))

    def _wait_for(self, kind, room):
        limit = time.monotonic() + PATIENCE_S
        while (part := self.part())[:2] != (kind, room):
            assert time.monotonic() < limit
        return part[2]

    def _length(self):
        return struct.unpack(">I", self._bytes[2:6])[0]
