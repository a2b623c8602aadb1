"""Whoever receives what is published: FFmpeg as an RTSP server, one with a password, UDP, HTTP."""

import base64
import socketserver
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av

USER, PASSWORD = "anna", "open-sesame"
ALLOWED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PATIENCE_S = 60

LISTENING = {
    "rtsp_flags": "listen",
    "initial_timeout": str(PATIENCE_S),
    "listen_timeout": str(PATIENCE_S),
}


class Received(threading.Thread):
    """Receives pictures from an address until it has enough, or they end.

    Attributes:
        pictures: (time in seconds, size, lightness) of each.
        enough: how many there shall be; None: as many as come.
        problem: what ended it, if something did.
    """

    def __init__(self, url, enough=None, **options):
        super().__init__(daemon=True)
        self.pictures, self.enough, self.problem = [], enough, None
        self._url, self._options = url, options
        self.start()

    def run(self):
        try:
            with av.open(self._url, options=self._options, timeout=(PATIENCE_S, 5)) as container:
                for frame in container.decode(video=0):
                    lightness = float(frame.to_ndarray(format="gray").mean())
                    size = (frame.width, frame.height)
                    self.pictures.append((float(frame.time or 0), size, lightness))
                    if self.enough is not None and len(self.pictures) >= self.enough:
                        return
        except (av.FFmpegError, OSError) as problem:
            self.problem = problem


class _Recording(socketserver.StreamRequestHandler):
    """One RTSP client that publishes (RFC 2326), as far as a server that records needs it."""

    def handle(self):
        self.server.clients.append(self.connection)
        with suppress(ConnectionError):
            while line := self.rfile.readline():
                headers = {}
                while (header := self.rfile.readline().decode().strip()) != "":
                    key, _, value = header.partition(": ")
                    headers[key.lower()] = value
                self.rfile.read(int(headers.get("content-length", 0)))
                method = line.decode().split()[0]
                self.server.methods.append(method)
                if headers.get("authorization") != ALLOWED and method != "OPTIONS":
                    self._say("401 Unauthorized", headers, 'WWW-Authenticate: Basic realm="room"')
                    continue
                self._say("200 OK", headers, "Session: 1", f"Transport: {headers.get('transport')}")
                if method == "RECORD":
                    self._take_packets()

    def _say(self, status, headers, *lines):
        lines = (f"RTSP/1.0 {status}", f"CSeq: {headers['cseq']}", *lines, "", "")
        self.wfile.write("\r\n".join(lines).encode())

    def _take_packets(self):
        while (sign := self.rfile.peek(1)[:1]) == b"$":
            head = self.rfile.read(4)
            self.rfile.read(int.from_bytes(head[2:], "big"))
            self.server.packets += 1
        self.server.methods.append("over" if not sign else "talk")


@contextmanager
def rtsp_recorder(port=0):
    """A server that takes what those publish who know the password."""
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), _Recording) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.methods, server.clients, server.packets = [], [], 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
            for client in server.clients:
                with suppress(OSError):
                    client.shutdown(2)


@contextmanager
def silent_server():
    """A server that takes connections and says nothing."""

    class Silent(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(ConnectionError):
                while self.request.recv(1 << 16):
                    pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class _Answering(BaseHTTPRequestHandler):
    """Answers by path, and keeps what it was asked."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
        status, place, content = self.server.replies.get(self.path, (200, None, ""))
        self.send_response(status)
        if place is not None:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def do_DELETE(self):
        self.do_POST()

    def log_message(self, *_):
        pass


@contextmanager
def web_server(replies):
    """A server that answers by path with (status, Location, content); `asked` tells what it was."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        server.replies, server.asked = replies, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
