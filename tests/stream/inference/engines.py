"""Engines that fail, for a process of their own."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from nets.engine import FixedEngine
from stream.inference.serving import open_asked

TURN = "DIVERGENT_TEST_TURN"
"""Names a file; the engine that finds it empty fails, the next one works."""


def first_time():
    """Whether this process is the first to ask."""
    with Path(os.environ[TURN]).open("a") as file:
        file.write(f"{os.getpid()}\n")
        return file.tell() == len(f"{os.getpid()}\n")


@dataclass
class Failing:
    """Opens an engine that does something bad at its n-th picture, the first time it is opened."""

    how: str
    after: int = 3

    def __call__(self, settings, notify):
        notify("preparing, once")
        engine = open_asked(settings, notify)
        if not first_time():
            return engine
        if self.how == "dies while it opens":
            os._exit(7)
        return Trouble(self.how, self.after)


class Trouble(FixedEngine):
    """An engine that counts the pictures it is asked about, after it has been timed."""

    def __init__(self, how, after):
        super().__init__()
        self.how, self.left = how, None
        self.after = after

    def predict(self, pictures):
        if pictures[0].frame.width != 1920:  # not the timing's
            self.after -= 1
            if self.after == 0:
                self.fail()
        return super().predict(pictures)

    def fail(self):
        match self.how:
            case "raises":
                raise ArithmeticError("no such\nnumber")
            case "hangs":
                time.sleep(300)
            case "is stopped":
                os.kill(os.getpid(), signal.SIGSTOP)
