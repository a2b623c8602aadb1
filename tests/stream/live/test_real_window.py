"""The real window, on a display without a screen: what stands in it, and keys from outside."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120.0
SIZE = (1280, 720)

GRAB = """
import sys, av
options = {"video_size": sys.argv[2], "draw_mouse": "0"}
with av.open(sys.argv[1], format="x11grab", options=options) as screen:
    picture = next(screen.decode(video=0)).to_ndarray(format="bgr24")
sys.stdout.buffer.write(picture.tobytes())
"""

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="no Xvfb, or no xdotool"
    ),
    pytest.mark.skipif(
        not cv2.currentUIFramework(), reason="this OpenCV was built without windows"
    ),
]


@pytest.fixture(scope="module")
def display():
    """A display of its own."""
    read, write = os.pipe()
    screen = f"{SIZE[0]}x{SIZE[1]}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.kill()
    server.wait()


class Desktop:
    """Looks at a display and types on it."""

    def __init__(self, name):
        self.environment = os.environ | {"DISPLAY": name}
        self.name = name

    def tell(self, *words):
        done = subprocess.run(
            ["xdotool", *words], env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.split()

    def press(self, *keys):
        self.tell("key", "--delay", "50", *keys)

    def look(self):
        """(H, W, 3) uint8 BGR: what is on the screen."""
        # In a process of its own: FFmpeg's grabber may crash where a display is grabbed, let go
        # and grabbed again many times.
        command = [sys.executable, "-c", GRAB, self.name, f"{SIZE[0]}x{SIZE[1]}"]
        grabbed = wait(lambda: subprocess.run(command, capture_output=True, check=False).stdout)
        return np.frombuffer(grabbed, np.uint8).reshape(SIZE[1], SIZE[0], 3)


def wait(until):
    limit = time.monotonic() + PATIENCE_S
    while not (seen := until()):
        assert time.monotonic() < limit
        time.sleep(0.1)
    return seen


def reds(screen):
    """How much of the lower left corner is the red of REC."""
    corner = screen[-120:, :400].astype(int)
    return int((corner[..., 2] - corner[..., :2].max(-1) > 100).sum())


def is_tinted(screen):
    """Whether the middle is green: tissue is red, but under the ellipse it is not."""
    _, green, red = screen[310:360, 600:680].mean((0, 1))
    return green > red


def test_a_room_is_shown_and_its_keys_work(display, tmp_path, start, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    desktop = Desktop(display)
    source = "synthetic:?seed=7&fps=25&size=640x480&seconds=inf"
    words = ["--record", tmp_path, "--standby", "--label", "a", "--monitor", "1", "--json"]
    child = start("live", source, "-w", "fixed:", "--mask-age-limit-s", "30", *words)
    try:
        (window,) = wait(lambda: desktop.tell("search", "--name", "DivergentNets"))
        # The picture fills the screen, as large as fits: 960x720 of it.
        wait(lambda: desktop.look()[300:420, 580:700].mean() > 30)
        wait(lambda: is_tinted(desktop.look()))
        screen = desktop.look()
        assert (screen[:, :150] == 0).all()
        assert (screen[:, -150:] == 0).all()
        assert reds(screen) == 0
        desktop.tell("windowfocus", window)
        desktop.press("r")
        wait(lambda: reds(desktop.look()) > 100)
        desktop.press("b")
        desktop.press("s")
        wait(lambda: list(tmp_path.glob("a-*.snapshot.json")))
        desktop.press("m")
        wait(lambda: not is_tinted(desktop.look()))
        desktop.press("q")
        time.sleep(0.5)
        assert child.poll() is None  # recording: it has to be meant
        desktop.press("q")
        printed, said = child.communicate(timeout=PATIENCE_S)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 0, said
    assert "Traceback" not in said
    assert "Qt" not in said
    room = json.loads(printed.splitlines()[-1])["rooms"][0]
    assert room["window"]["painted"] > 0
    assert room["recorder"]["captured"] == room["recorder"]["recorded"] + sum(
        room["recorder"]["lost"].values()
    )
    (bookmarks,) = tmp_path.glob("*.bookmarks.json")
    assert len(json.loads(bookmarks.read_text())["bookmarks"]) == 1
    kept = [cv2.imread(str(path)).shape for path in tmp_path.glob("*.png")]
    assert kept == [(480, 640, 3)] * 2


GUI = """
import json, numpy as np
from nets.picture import Rect
from stream.live.window.gui import HighGui

gui, areas = HighGui("room"), {}

def settle(name):
    for _ in range(30):
        area = gui.area
        gui.show(np.full((area.height, area.width, 3), 90, np.uint8))
        gui.key()
    areas[name] = gui.area

settle("first")
gui.resize(400, 300)
settle("resized")
gui.fill(Rect(640, 0, 640, 720))
settle("filled")
gui.unfill()
settle("unfilled")
gui._moused(10)  # somebody turns the wheel
settle("wheeled")
print(json.dumps({name: list(area) for name, area in areas.items()} | {"open": gui.is_open}))
import cv2
cv2.destroyAllWindows()
gui.key()
print(gui.is_open)
"""


def test_a_window_fills_a_monitor_and_comes_back(display):
    done = subprocess.run(
        [sys.executable, "-c", GUI],
        cwd=ROOT,
        env=os.environ | {"DISPLAY": display},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    told, closed = done.stdout.splitlines()
    areas = json.loads(told)
    assert areas["first"][2:] == [1280, 720]
    assert areas["resized"][2:] == [400, 300]
    assert areas["filled"] == [640, 0, 640, 720]
    assert areas["unfilled"] == areas["resized"]
    assert areas["wheeled"][2:] == [400, 300]
    assert areas["open"]
    assert closed == "False"
    assert done.stderr == ""  # Qt has nothing to say there


def test_a_display_that_is_not_there_is_no_obstacle(start, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":9797")
    source = "synthetic:?seed=7&fps=25&size=320x240&seconds=inf"
    child = start("live", source, "-w", "fixed:", "--json")
    try:
        said = []
        while not said or "no window" not in said[-1]:
            assert child.poll() is None, said
            said.append(child.stderr.readline())
        shown = 0
        while shown < 5:
            shown = json.loads(child.stdout.readline())["rooms"][0]["shown"]
    finally:
        child.kill()
        child.communicate()
    assert "the display :9797 cannot be opened; the run goes on without" in said[-1]


def test_the_hardest_pictures_are_shown_too(display):
    """10 bits, grey and odd sizes reach the screen."""
    code = """
import numpy as np
from fractions import Fraction
from nets.picture import Rect
from stream.live.window.canvas import Canvas
from stream.live.window.gui import HighGui
from tests.stream.live.window.pictures import shown

gui, canvas = HighGui("room"), Canvas()
for layout, size in (("p010le", (256, 192)), ("gray", (255, 191)), ("yuv422p", (333, 211))):
    frame = shown(1, size, layout).shown
    gui.show(canvas.paint(frame, Fraction(1), gui.area.width, gui.area.height))
    gui.key()
    assert gui.is_open
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DISPLAY": display},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0
