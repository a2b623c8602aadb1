"""The dashboard on a terminal of its own: it fills it, and leaves it as it was."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SOURCE = "synthetic:?seed=7&fps=25&size=320x240&seconds=inf"
QUICK = ("--no-show", "-w", "fixed:")
PATIENCE_S = 120.0
ENTER, LEAVE, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


class Terminal:
    """A terminal of 80x24 and a live run on it."""

    def __init__(self, *words, **environment):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.run = subprocess.Popen(
            [sys.executable, "-m", "stream.cli", "live", SOURCE, *QUICK, *words],
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"} | environment,
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, sign):
        """Read what is drawn until it holds something."""
        limit = time.monotonic() + PATIENCE_S
        while sign not in self.text:
            assert time.monotonic() < limit, self.text[-2000:]
            self.text += self._some()

    def read_all(self):
        """Read what is drawn until the run has ended; its status."""
        while some := self._some():
            self.text += some
        return self.run.wait(PATIENCE_S)

    def _some(self):
        try:
            return os.read(self._ours, 65536).decode(errors="replace")
        except OSError:  # so Linux tells the end
            return ""


@pytest.fixture
def terminal():
    """Makes terminals: `terminal("--duration", "1")`."""
    made = []

    def make(*words, **environment):
        made.append(Terminal(*words, **environment))
        return made[-1]

    yield make
    for each in made:
        each.run.kill()
        each.run.wait()


def test_it_fills_the_terminal_and_leaves_it_with_a_summary(terminal):
    shown = terminal("--duration", "2")
    assert shown.read_all() == 0
    assert shown.text.count(ENTER) == shown.text.count(LEAVE) == 1
    on_screen, below = shown.text.split(LEAVE)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", on_screen)
    assert "divergent-stream live" in plain and "captured" in plain and "what happened" in plain
    assert "frames captured" in below.replace("\r\n", "")
    assert below.count(CURSOR) or on_screen.count(CURSOR)


def test_a_second_ctrl_c_leaves_the_terminal_too(terminal):
    shown = terminal()
    shown.read_until("LIVE")
    os.killpg(shown.run.pid, signal.SIGINT)
    os.killpg(shown.run.pid, signal.SIGINT)
    assert shown.read_all() == 130
    assert LEAVE in shown.text and CURSOR in shown.text


def test_json_and_terminals_that_cannot_move_the_cursor_get_lines(terminal):
    as_json, dumb = terminal("--duration", "1", "--json"), terminal("--duration", "1", TERM="dumb")
    assert as_json.read_all() == dumb.read_all() == 0
    assert ENTER not in as_json.text + dumb.text
    assert '"running_s"' in as_json.text
    assert "frames captured" in dumb.text
