"""Publishing by WHIP to a server made of aiortc: the picture, tokens, certificates, its end."""

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nets.picture import Colour, Matrix
from stream.frame import decoded_of
from stream.overlay import Overlay
from stream.prediction import find_mask
from stream.source.conversion import SWSCALE_MATRIX
from tests.stream.live.made import SIZE, answer_to, frame
from tests.stream.publish.published import PATIENCE_S, Published, free_port

pytest.importorskip("cryptography", reason="extra whip")

SERVER = Path(__file__).parent / "whip_server.py"
TOKEN = "t0ken-9876"


class Server:
    """A server in a process of its own.

    Attributes:
        told: what it said, one dictionary a line.
    """

    def __init__(self, python, *words):
        self.told = []
        self._process = subprocess.Popen(
            [str(python), str(SERVER), *map(str, words)], stdout=subprocess.PIPE, text=True
        )
        self.port = json.loads(self._process.stdout.readline())["port"]
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def said(self, key):
        """All that it said of one kind."""
        return [line for line in list(self.told) if key in line]

    def kill(self):
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def _listen(self):
        for line in self._process.stdout:
            self.told.append(json.loads(line))


@pytest.fixture
def serve(counterpart):
    """Starts servers, and ends them."""
    servers = []

    def start(*words):
        servers.append(Server(counterpart, *words))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


def annotated(colour):
    """Makes pictures of one colour with the polyp of `fixed:` drawn into their middle."""

    def make(number, arrived_at, **how):
        plain = frame(number, arrived_at, **how)
        for plane, level in zip(plain.picture.planes, (90, 100, 170), strict=True):
            plane[...] = level
        plain = plain.with_picture(replace(plain.picture, colour=colour))
        return Overlay().draw(plain, find_mask(answer_to(plain).prediction, 0.5))

    return make


def colours_of(picture):
    """What a screen shows in the middle of a picture and in its corner."""
    colour = picture.picture.colour
    pixels = decoded_of(picture).to_ndarray(
        format="rgb24", src_colorspace=SWSCALE_MATRIX[colour.matrix]
    )
    height, width, _ = pixels.shape
    middle = pixels[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4]
    return middle.reshape(-1, 3).mean(0), pixels[-12:-4, -12:-4].reshape(-1, 3).mean(0)


@pytest.mark.parametrize(
    "colour",
    [Colour(Matrix.BT709), Colour(Matrix.BT601), Colour(Matrix.BT601, full_range=True)],
    ids=["709", "601", "601 full range"],
)
def test_the_picture_that_arrives_is_the_annotated_one_in_its_colours(serve, colour):
    server, make = serve(), annotated(colour)
    with Published(f"http://127.0.0.1:{server.port}/room/whip", make=make) as published:
        published.wait(lambda: len(server.said("picture")) > 4)
        published.wait(lambda: published.figures.fps > 0)
    middle, corner = colours_of(make(0, 0.0))
    assert np.abs(middle - corner).max() > 20  # the mask is seen
    for arrived in server.said("picture"):
        assert arrived["size"] == list(SIZE)
        assert np.abs(np.subtract(arrived["middle"], middle)).max() < 4
        assert np.abs(np.subtract(arrived["corner"], corner)).max() < 4
    (came,) = server.said("came")
    assert came["profile"].startswith("42")  # baseline
    assert [went["went"] for went in server.said("went")] == [came["came"]]
    assert published.warnings == []


def test_a_token_is_used_over_https_and_stands_nowhere(serve, tmp_path, monkeypatch):
    trusted = tmp_path / "trusted.pem"
    server = serve("--token", TOKEN, "--certificate", trusted)
    place = f"127.0.0.1:{server.port}/room/whip"
    with Published(f"https://{TOKEN}@{place}") as distrusting:
        distrusting.wait(lambda: distrusting.warnings)
    assert "its certificate is not trusted" in distrusting.warnings[0]
    assert server.told == []  # nobody was told the token
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with Published(f"https://wrong-one@{place}") as refused:
        refused.wait(lambda: refused.warnings)
    assert "it refuses this token" in refused.warnings[0]
    with Published(f"https://{TOKEN}@{place}") as published:
        published.wait(lambda: server.said("picture"))
        published.wait(lambda: published.told)
    assert published.told == [f"published to https://***@{place}"]
    said = [*published.told, *distrusting.warnings, *refused.warnings]
    said += [published.publisher.target, str(published.figures), str(refused.figures)]
    assert not any(secret in line for line in said for secret in (TOKEN, "wrong-one"))


def test_a_server_that_dies_is_told_once_and_gets_it_again_when_it_is_back(serve):
    port = free_port()
    server = serve("--port", port)
    with Published(f"http://127.0.0.1:{port}/room/whip") as published:
        published.wait(lambda: server.said("picture"))
        server.kill()
        published.wait(lambda: published.warnings)
        again = serve("--port", port)
        published.wait(lambda: again.said("picture"))
        assert published.slowest_s < 0.5
    assert len(published.told) == 2
    (warning,) = published.warnings
    assert "nobody answers there; it is tried again" in warning


def test_the_program_publishes_to_it_and_ends_the_session(serve, tmp_path):
    server = serve("--token", TOKEN)
    source = "synthetic:?seed=7&size=320x256&fps=25&seconds=inf"
    target = f"http://{TOKEN}@127.0.0.1:{server.port}/room/whip"
    words = [sys.executable, "-m", "stream.cli", "live", source, "-w", "fixed:", "--no-show"]
    words += ["--publish", target, "--json", "--record", str(tmp_path)]
    with subprocess.Popen(words, stdout=-1, stderr=-1, text=True) as running:
        limit = time.monotonic() + PATIENCE_S
        while not server.said("picture") and time.monotonic() < limit:
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        printed, said = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130, said
    assert server.said("picture")[-1]["size"] == [320, 256]
    assert len(server.said("went")) == 1
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN not in printed + said and TOKEN.encode() not in written
    assert "published to http://***@127.0.0.1" in said
