"""A process that may hang: heard through its pipe, ended at any time, gone with its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stream.child import Child, fate_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine takes its time to end even what is willing."""
    monkeypatch.setattr("stream.child.END_WITHIN_S", 60.0)


def echo(connection, greeting):
    connection.send(greeting)
    while True:
        connection.send(connection.recv())


def hang(connection):
    connection.send(os.getpid())
    time.sleep(300)


def test_a_child_answers_and_ends_when_its_parent_hangs_up():
    child = Child(echo, "hello", name="echo")
    child.connection.send("again")
    assert [child.connection.recv(), child.connection.recv()] == ["hello", "again"]
    assert child.end() == "ended with status 0"


def test_a_child_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr("stream.child.END_WITHIN_S", 0.1)
    child = Child(hang, name="hang")
    child.connection.recv()
    assert "SIGKILL" in child.end()


def test_a_killed_child_closes_its_pipe():
    child = Child(hang, name="hang")
    child.connection.recv()
    child.kill()
    with pytest.raises((EOFError, OSError)):
        child.connection.recv()
    assert "SIGKILL" in child.end()
    child.kill()  # harmless


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_child_leaves_interrupts_to_its_parent(number):
    child = Child(echo, "hello", name="echo")
    child.connection.recv()
    os.kill(child.process.pid, number)
    child.connection.send("still there")
    assert child.connection.recv() == "still there"
    assert child.end() == "ended with status 0"


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "ended with status 0"), (3, "ended with status 3"), (-11, "was ended by SIGSEGV")],
)
def test_how_a_process_ended_is_told_in_words(code, words):
    assert fate_of(code) == words


PARENT = """
import sys, time
from stream.child import Child
from tests.stream.test_child import hang

if __name__ == "__main__":
    child = Child(hang, name="hang")
    print(child.connection.recv(), flush=True)
    time.sleep(300)
"""


def test_a_child_that_hangs_ends_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        number = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 60
    while _lives(number):
        assert time.monotonic() < until
        time.sleep(0.02)


def _lives(number):
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rsplit(")")[-1].split()[0]
    except FileNotFoundError:
        return False
