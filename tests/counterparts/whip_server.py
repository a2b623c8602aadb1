"""A WHIP server made of aiortc, which decodes what it gets; runs in the counterparts' Python.

    python whip_server.py [--token TOKEN] [--certificate FILE.pem] [--port N]

Prints JSON Lines: first its port, then who comes, what comes (each tenth picture, in colours), who
goes. With --certificate it speaks HTTPS, and writes the certificate that it makes of itself there.
"""

import argparse
import asyncio
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

EVERY = 10


def say(**what):
    """Tell the test something."""
    print(json.dumps(what), flush=True)


async def watch(track):
    """Decode what comes."""
    number = 0
    try:
        while True:
            frame = await track.recv()
            number += 1
            if number % EVERY == 1:
                pixels = frame.to_ndarray(format="rgb24")
                height, width, _ = pixels.shape
                middle = pixels[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4]
                corner = pixels[-12:-4, -12:-4]
                say(
                    picture=number,
                    size=[width, height],
                    middle=[float(value) for value in middle.reshape(-1, 3).mean(0)],
                    corner=[float(value) for value in corner.reshape(-1, 3).mean(0)],
                    tags=[int(frame.colorspace), int(frame.color_range)],
                )
    except MediaStreamError:
        say(over=number)


class Sessions:
    """Those who publish."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.open = {}
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, work):
        """Do something on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def answer(self, offer):
        """Take a session on: its name and the answer."""
        session, name = RTCPeerConnection(), f"session-{len(self.open)}"
        self.open[name] = session
        session.on("track", lambda track: asyncio.ensure_future(watch(track)))
        await session.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await session.setLocalDescription(await session.createAnswer())
        return name, session.localDescription.sdp


class Handler(BaseHTTPRequestHandler):
    """What WHIP asks of a server (RFC 9725)."""

    def do_POST(self):
        offer = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self.allowed() or self.path != "/room/whip":
            return
        assert self.headers["Content-Type"] == "application/sdp"
        name, answer = self.server.sessions.run(self.server.sessions.answer(offer))
        say(came=name, profile=offer.partition("profile-level-id=")[2][:6])
        self.reply(201, answer.encode(), Location=f"/sessions/{name}")

    def do_DELETE(self):
        name = self.path.rpartition("/")[2]
        if not self.allowed() or name not in self.server.sessions.open:
            return
        say(went=name)
        self.server.sessions.run(self.server.sessions.open.pop(name).close())
        self.reply(200)

    def allowed(self):
        """Whether the token is right; answers where it is not."""
        token = self.server.token
        right = token is None or self.headers["Authorization"] == f"Bearer {token}"
        if not right:
            say(refused=401)
            self.reply(401)
        return right

    def reply(self, status, content=b"", **headers):
        """Answer."""
        self.send_response(status)
        headers |= {"Content-Type": "application/sdp", "Content-Length": str(len(content))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


def certified(path):
    """A context with a certificate for this machine, which is written to a file to be trusted."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )
    path.write_bytes(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile(suffix=".pem") as both:
        both.write(made + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        both.flush()
        context.load_cert_chain(both.name)
    return context


def main():
    """Serve until ended."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--token")
    asked.add_argument("--certificate", type=Path)
    asked.add_argument("--port", type=int, default=0)
    words = asked.parse_args()
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", words.port), Handler)
    server.token, server.sessions = words.token, Sessions()
    if words.certificate:
        server.socket = certified(words.certificate).wrap_socket(server.socket, server_side=True)
    say(port=server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
