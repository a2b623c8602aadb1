"""Recordings to send, ports to send them to, and senders in processes of their own."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from stream.loopback.prepared import write_prepared
from tests.stream.live.moving import moving_pictures

ROOT = Path(__file__).resolve().parents[3]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Four seconds of 192x144 at 25 frames a second, each with its number."""
    path = tmp_path_factory.mktemp("prepared") / "clip.ts"
    return write_prepared(path, moving_pictures((192, 144), 100))


@pytest.fixture(scope="session")
def larger_clip(tmp_path_factory) -> Path:
    """One second of 320x240."""
    path = tmp_path_factory.mktemp("prepared") / "larger.ts"
    return write_prepared(path, moving_pictures((320, 240), 25), Fraction(25))


@pytest.fixture
def url() -> str:
    """An address at which nobody listens yet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"udp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def send() -> Iterator[Start]:
    """Starts a sender: `send(url, clip, "--loss", "0.05")`; all are ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(url: str, *words: object) -> "subprocess.Popen[str]":
        paths = [str(word) for word in words if isinstance(word, Path)]
        options = [str(word) for word in words if not isinstance(word, Path)]
        process = subprocess.Popen(
            [sys.executable, "-m", "stream.loopback.sender", *paths, url, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "sending\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
