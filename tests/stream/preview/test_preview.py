"""The preview with its real server: what viewers get, and what they cost."""

import socket
import time

import cv2
import h11
import numpy as np
import pytest

from stream.errors import SettingsError, SinkError
from stream.preview import listen, preview
from tests.stream.preview.conftest import Shown
from tests.stream.preview.viewer import Viewer, get


def decoded(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def running():
    """A preview of three rooms for all tests that leave it as it was."""
    with Shown(rooms=3, size=(1920, 1080)) as made:
        yield made


@pytest.fixture
def quiet(running):
    """The same, with nobody who looks."""
    running.wait(lambda: running.preview.figures.viewers == 0)
    return running


def test_the_page_and_its_parts_are_there_and_nothing_else_is(running):
    status, headers, content = get(running.port, "/")
    assert status == 200 and b"divergent-stream live" in content
    assert "default-src 'none'" in headers["content-security-policy"]
    for path in ("/page.css", "/page.js"):
        assert get(running.port, path)[0] == 200
        assert f'"{path}"'.encode() in content
    status, headers, content = get(running.port, "/page.css", method="HEAD")
    assert status == 200 and not content
    for path in ("/page.html", "/../page.html", "/%2e%2e/etc/passwd", "/stream/", "/server.py"):
        assert get(running.port, path)[0] == 404


def test_a_viewer_gets_pictures_and_figures(running):
    with Viewer(running.port) as viewer:
        first, second = (decoded(viewer.picture()) for _ in range(2))
        assert first.shape == (540, 960, 3)
        assert second.mean() > first.mean()  # they grow lighter
        figures = viewer.figures()
        assert figures["rooms"][0]["name"] == "/dev/video0"
        assert figures["warnings"] == ["careful"]


def test_nothing_is_made_while_nobody_looks(quiet):
    before = len(quiet.made)
    time.sleep(0.3)
    assert len(quiet.made) == before
    with Viewer(quiet.port) as viewer:
        viewer.picture()
        assert quiet.preview.figures.viewers == 1
    quiet.wait(lambda: quiet.preview.figures.viewers == 0)
    after = len(quiet.made)
    assert after > before
    time.sleep(0.3)
    assert len(quiet.made) == after


def test_a_picture_is_made_once_for_all_who_look(quiet):
    before = len(quiet.made)
    with Viewer(quiet.port) as one, Viewer(quiet.port) as two:
        seen = [{viewer.picture() for _ in range(10)} for viewer in (one, two)]
    assert len(seen[0] & seen[1]) >= 5
    made = quiet.made[before:]
    assert len(made) == len(set(made))


def test_no_more_than_fifteen_pictures_a_second_go_out(quiet):
    with Viewer(quiet.port, "/stream?room=0") as viewer:
        viewer.picture()
        count, began = len(quiet.made), time.monotonic()
        time.sleep(1.0)
        assert len(quiet.made) - count <= preview.MOST_FPS * (time.monotonic() - began) + 2


def test_only_rooms_that_are_looked_at_are_made(quiet):
    before = len(quiet.made)
    with Viewer(quiet.port, "/stream?room=1") as viewer:
        for _ in range(3):
            viewer.picture(1)
    assert {room for room, _ in quiet.made[before:]} == {1}
    assert get(quiet.port, "/stream?room=3")[0] == 404
    assert get(quiet.port, "/stream?room=x")[0] == 404
    with Viewer(quiet.port) as viewer:
        assert all(viewer.picture(room) for room in range(3))


def test_whoever_comes_when_nobody_looked_is_not_shown_the_past(quiet):
    with Viewer(quiet.port) as viewer:
        viewer.picture()
        before = viewer.figures()["running_s"]
    quiet.wait(lambda: quiet.preview.figures.viewers == 0)
    last = quiet.made[-1][1]
    count = len(quiet.made)
    time.sleep(0.3)
    with Viewer(quiet.port) as viewer:
        assert viewer.figures()["running_s"] > before + 2  # each counts one
        viewer.picture()
    assert quiet.made[count][1] > last + 5


def test_a_viewer_that_takes_nothing_stops_no_other(quiet):
    with socket.create_connection(("127.0.0.1", quiet.port)) as dead:
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        dead.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with Viewer(quiet.port) as viewer:
            for _ in range(20):
                viewer.picture()
            assert quiet.preview.figures.viewers == 2


def test_a_killed_server_comes_back_at_the_same_address_and_names_may_stay_at_home():
    with Shown(names=False, token="long enough") as made:
        cookie = get(made.port, "/?token=long%20enough")[1]["set-cookie"].partition(";")[0]
        with Viewer(made.port, "/stream", f"Cookie: {cookie}") as viewer:
            viewer.picture()
            made.preview.kill()
            with pytest.raises((ConnectionError, h11.RemoteProtocolError)):
                while viewer.part():
                    pass
        # Meanwhile who comes waits at the run's own socket.
        with Viewer(made.port, "/stream", f"Cookie: {cookie}") as viewer:
            assert viewer.picture()
            figures = viewer.figures()
        assert figures["rooms"][0]["name"] == "room 1"
        assert figures["warnings"] == []
        assert made.preview.figures.is_serving
    (warning,) = made.warnings
    assert "was ended by SIGKILL" in warning and "long enough" not in warning
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", made.port))


def test_an_address_that_others_can_reach_needs_a_token():
    with pytest.raises(SettingsError, match="--preview-token"):
        listen(0, "0.0.0.0")
    with pytest.raises(SettingsError, match="fewer than 8"):
        listen(0, token="short")
    listening = listen(0, "0.0.0.0", "long enough")
    assert socket.gethostname() in listening.page
    listening.socket.close()


def test_a_port_that_cannot_be_had_is_said_in_one_line():
    taken = listen(0)
    with pytest.raises(SinkError, match="another program has this port"):
        listen(taken.port)
    taken.socket.close()
    with pytest.raises(SinkError, match="no such address"):
        listen(0, "no.such.host.invalid")
    with pytest.raises(SinkError, match="none of this machine's"):
        listen(0, "203.0.113.7", "long enough")
