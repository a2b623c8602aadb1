"""Small servers on loopback: RTSP with one H.264 stream over its own connection, and HTTP."""

import base64
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import av

from stream.loopback.sender import packets_of

USER, PASSWORD = "anna", "open-sesame"
ALLOWED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=room
c=IN IP4 127.0.0.1
t=0 0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:video
""".replace("\n", "\r\n")


class _Talk(socketserver.StreamRequestHandler):
    """One RTSP client (RFC 2326), as far as a player needs it."""

    def handle(self) -> None:
        with suppress(ConnectionError):
            while request := self._request():
                self._answer(*request)

    def _request(self) -> tuple[str, dict[str, str]] | None:
        line = self.rfile.readline().decode()
        while line.startswith("$"):  # what a player reports on its reception
            line = self.rfile.readline().decode(errors="replace")
        headers = {}
        while (header := self.rfile.readline().decode().strip()) != "":
            key, _, value = header.partition(": ")
            headers[key.lower()] = value
        return (line.split()[0], headers) if line.strip() else None

    def _answer(self, method: str, headers: dict[str, str]) -> None:
        if method != "OPTIONS" and headers.get("authorization") != ALLOWED:
            self._say("401 Unauthorized", headers, 'WWW-Authenticate: Basic realm="room"')
        elif method == "DESCRIBE":
            self._say("200 OK", headers, "Content-Type: application/sdp", body=SDP)
        elif method == "SETUP":
            where = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
            self._say("200 OK", headers, where, "Session: 1")
        elif method == "PLAY":
            self._say("200 OK", headers, "Session: 1")
            self._play()
        else:
            self._say("200 OK", headers, "Public: DESCRIBE, SETUP, PLAY, TEARDOWN")

    def _say(self, status: str, headers: dict[str, str], *lines: str, body: str = "") -> None:
        lines = (f"RTSP/1.0 {status}", f"CSeq: {headers['cseq']}", *lines)
        head = "\r\n".join((*lines, f"Content-Length: {len(body)}"))
        self.wfile.write(f"{head}\r\n\r\n{body}".encode())

    def _play(self) -> None:
        """What a muxer sends to a socket goes on inside this connection."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
            relay.bind(("127.0.0.1", 0))
            relay.settimeout(2)
            port = relay.getsockname()[1]
            threading.Thread(target=_pay_out, args=(self.server.path, port), daemon=True).start()
            with suppress(TimeoutError):
                while True:
                    packet = relay.recv(65536)
                    if packet[1] & 0x7F == 96:  # the other packets are the muxer's reports
                        self.wfile.write(b"$\0" + len(packet).to_bytes(2, "big") + packet)


def _pay_out(path: Path, port: int) -> None:
    with (
        av.open(str(path)) as template,
        av.open(f"rtp://127.0.0.1:{port}?pkt_size=1200", "w", format="rtp") as out,
    ):
        stream = out.add_stream_from_template(template.streams.video[0])
        began = time.monotonic()
        for due, packet in packets_of([str(path)], once=True):
            time.sleep(max(0.0, began + float(due) - time.monotonic()))
            packet.stream = stream
            out.mux(packet)


@contextmanager
def rtsp_server(path: Path) -> Iterator[int]:
    """Serves a `.ts` recording to whoever knows the password; yields the port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.daemon_threads, server.block_on_close, server.path = True, False, path
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def http_server(path: Path) -> Iterator[int]:
    """Serves a `.ts` recording again and again as one endless answer; yields the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers["Authorization"] != ALLOWED:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="room"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            with suppress(ConnectionError):
                for _ in count():
                    self.wfile.write(path.read_bytes())
                    time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
