"""A live run that is previewed and published: it shows, hides, survives and ends."""

import json
import os
import re
import signal
import time

import cv2
import numpy as np
import psutil
import pytest

from stream.errors import SettingsError
from stream.live.settings import LiveSettings
from stream.settings import merged, plain
from tests.stream.preview.viewer import Viewer
from tests.stream.publish.published import free_port
from tests.stream.publish.receivers import Received

SOURCE = "synthetic:?seed=7&fps=25&size=640x480&seconds=inf"
PATIENCE_S = 180.0
ELSEWHERE = ("--preview", "0", "--preview-address", "203.0.113.7")
QUICK = ("--no-show", "-w", "fixed:", "--mask-age-limit-s", "30")


class Running:
    """A run whose lines are read as they come.

    Attributes:
        said: its lines on standard error.
    """

    def __init__(self, process):
        self.process, self.said = process, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, pattern):
        """The line that matches, and what of it does."""
        while line := self.process.stderr.readline():
            self.said.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(self.said)

    def figures(self):
        """The next figures of the run."""
        return json.loads(self.process.stdout.readline())


def server_of(process, port):
    """The preview's server: the child that listens, beside the run itself."""
    for child in psutil.Process(process.pid).children():
        if any(held.laddr.port == port for held in child.net_connections("tcp")):
            return child
    raise AssertionError("nobody listens")


def test_a_run_is_previewed_and_published_and_its_servers_may_die(start):
    target = f"udp://127.0.0.1:{free_port(2)}"
    receiver = Received(target, enough=20)
    words = (*QUICK, "--preview", "0", "--publish", target, "--json")
    with Running(start("live", SOURCE, *words)) as run:
        port = int(run.wait_for(r"preview: http://127.0.0.1:(\d+)/"))
        limit = time.monotonic() + PATIENCE_S
        while not run.figures()["rooms"][0]["mask_age_s"]:
            assert time.monotonic() < limit
        with Viewer(port) as viewer:
            picture = cv2.imdecode(np.frombuffer(viewer.picture(), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (480, 640, 3)
            while (told := viewer.figures())["preview"]["viewers"] != 1:
                assert time.monotonic() < limit
        assert told["rooms"][0]["name"] == SOURCE
        server_of(run.process, port).kill()
        with Viewer(port) as viewer:
            assert viewer.picture()
        receiver.join(PATIENCE_S)
        assert len(receiver.pictures) == 20 and receiver.problem is None
        figures = run.figures()
        while figures["rooms"][0]["publisher"]["fps"] == 0:
            figures = run.figures()
            assert time.monotonic() < limit
        publisher = figures["rooms"][0]["publisher"]
        assert publisher["target"] == target and publisher["state"] == "publishing"
        children = psutil.Process(run.process.pid).children()
        os.killpg(run.process.pid, signal.SIGTERM)  # as a service is stopped: all of them
        printed, said = run.process.communicate(timeout=PATIENCE_S)
        assert run.process.returncode == 143
        assert "Traceback" not in said
        assert said.splitlines()[-1] == "divergent-stream: interrupted"
        assert json.loads(printed.splitlines()[-1])["rooms"][0]["shown"] > 20
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert alive == []


def test_what_is_not_the_view_leaves_nothing_of_itself(start):
    with Running(start("live", SOURCE, *QUICK, "--preview", "0", "--redact")) as run:
        port = int(run.wait_for(r"preview: http://127.0.0.1:(\d+)/"))
        run.wait_for("(LIVE: pictures arrive)")
        limit = time.monotonic() + PATIENCE_S
        with Viewer(port) as viewer:
            while True:
                picture = cv2.imdecode(np.frombuffer(viewer.picture(), np.uint8), cv2.IMREAD_COLOR)
                assert picture[:, :90].max() < 40  # the panel with the name, always
                if picture.max() > 150:  # the view, once it is found
                    break
                assert time.monotonic() < limit
            assert viewer.figures()["rooms"][0]["name"] == "room 1"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--preview", "0", "--preview-address", "0.0.0.0"), 2, "--preview-token"),
        (("--preview", "0", "--preview-token", "short"), 2, "fewer than 8 characters"),
        (("--preview", "99999"), 2, "preview: "),
        ((*ELSEWHERE, "--preview-token", "long enough"), 1, "none of this machine's"),
        (("--publish", "whip://a/b"), 2, "cannot be published to"),
        (("--publish", "udp://a:1", "udp://a:2"), 2, "2 targets for 1 sources"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(command, words, status, said):
    ended = command("live", SOURCE, *QUICK, *words)
    assert ended.status == status
    assert said in ended.complaint


def test_secrets_are_not_among_the_settings_that_are_written_down(tmp_path):
    file = tmp_path / "live.yaml"
    file.write_text("preview: true\npreview_token: open sesame\npublish: rtsp://a:secret@b/c\n")
    settings = merged(LiveSettings, file, {})
    assert settings.preview == 8808
    assert settings.preview_token == "open sesame"
    assert settings.publish == ("rtsp://a:secret@b/c",)
    written = json.dumps(plain(settings))
    assert "sesame" not in written and "secret" not in written
    assert "rtsp://***@b/c" in written
    with pytest.raises(SettingsError) as refused:
        merged(LiveSettings, None, {"publish": ("ftp://a:secret@b/c",)})
    assert "secret" not in str(refused.value)
