"""Windows without a display: in the test itself, or in a process that is steered by a folder."""

import json
import os
import time
from pathlib import Path

import numpy as np

from nets.picture import Rect
from stream.errors import DisplayError
from stream.loopback import barcode


class ScriptedGui:
    """A window whose keys are given, and whose pictures are kept."""

    def __init__(self, title="room", size=(320, 240)):
        self.title, self.place = title, Rect(0, 0, *size)
        self.is_open = True
        self.shown, self.keys, self.did = [], [], []

    @property
    def area(self):
        return self.place

    def show(self, picture):
        self.shown.append(picture.copy())

    def key(self):
        return self.keys.pop(0) if self.keys else -1

    def fill(self, monitor):
        self.did.append(("fill", monitor))

    def unfill(self):
        self.did.append(("unfill",))

    def resize(self, width, height):
        self.did.append(("resize", width, height))
        self.place = Rect(self.place.x, self.place.y, width, height)


class FolderGui(ScriptedGui):
    """The same in a process of its own; the test writes into a folder what it shall do.

    `keys.json` holds what is pressed, once; `closed` closes it, `stuck` makes it hang. What is
    shown is appended to `shown` by its number.
    """

    def __init__(self, folder, title):
        super().__init__(title, (256, 192))
        self.folder = Path(folder)
        if (self.folder / "refused").exists():
            raise DisplayError("there is no screen here")
        if (self.folder / "aborted").exists():
            os.abort()
        with (self.folder / "opened").open("a") as file:
            file.write("x")

    def show(self, picture):
        number = barcode.read(np.ascontiguousarray(picture[..., 1]))
        with (self.folder / "shown").open("a") as file:
            file.write(f"{number}\n")

    def key(self):
        while (self.folder / "stuck").exists():
            time.sleep(0.05)
        keys = self.folder / "keys.json"
        if not self.keys and keys.exists():
            self.keys = json.loads(keys.read_text())
            keys.unlink()
        return super().key()

    @property
    def is_open(self):
        return not (self.folder / "closed").exists()

    @is_open.setter
    def is_open(self, value):
        pass


class Folder:
    """The test's end of a `FolderGui`."""

    def __init__(self, path):
        self.path = path

    def press(self, *codes):
        # Whole at once, or the window would read half of it.
        (self.path / "keys.part").write_text(json.dumps(codes))
        (self.path / "keys.part").rename(self.path / "keys.json")

    def touch(self, name):
        (self.path / name).touch()

    @property
    def shown(self):
        path = self.path / "shown"
        return path.read_text().split() if path.exists() else []

    @property
    def opened(self):
        path = self.path / "opened"
        return len(path.read_text()) if path.exists() else 0
