"""The preview's page in a real browser: Debian's Chromium, headless."""

import cv2
import numpy as np
import pytest

from tests.stream.preview.browser import Browser, chromium
from tests.stream.preview.conftest import Shown

pytestmark = pytest.mark.browser

LIGHTNESS = """(() => {
  const canvas = document.querySelectorAll("canvas")[%d];
  const {data} = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
  return data[0];
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser."""
    if chromium() is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def at_rest(browser):
    """Begin with a page of nothing."""
    browser.open("about:blank")
    browser.size(1000, 700)
    browser.complaints.clear()


def address(made, rest=""):
    return f"http://127.0.0.1:{made.port}/{rest}"


def test_pictures_states_and_figures_of_several_rooms_are_shown(browser, tmp_path):
    with Shown(rooms=2, size=(640, 360)) as made:
        browser.open(address(made))
        browser.wait("document.querySelectorAll('canvas').length == 2")
        first = browser.wait(LIGHTNESS % 1)
        browser.wait(f"{LIGHTNESS % 1} != {first}")  # it moves
        browser.wait("document.body.innerText.includes('25.0 fps')")
        text = browser.text()
        for said in ("/dev/video0", "/dev/video1", "LIVE", "64 ms old", "connected", "careful"):
            assert said in text
        assert "not a medical device" in text.lower()
        assert browser.do("document.querySelector('canvas').width") == 640
        shot = tmp_path / "shot.png"
        browser.screenshot(shot)
        seen = cv2.imread(str(shot))
        assert seen.shape[:2] == (700, 1000)
        assert (np.ptp(seen.astype(int), axis=2) < 12).mean() > 0.8  # greys on a grey page
        assert browser.complaints == []  # its own policy, of script and style, among others


def test_a_source_in_trouble_says_so_and_a_warning_is_only_text(browser):
    with Shown() as made:
        made.state, made.notice = "NO SIGNAL", "AI OFF - NO SIGNAL"
        made.told = "<img src=x onerror='document.title=1'>"
        browser.open(address(made))
        browser.wait("document.body.innerText.includes('AI OFF - NO SIGNAL')")
        assert browser.do("document.querySelector('.state').classList.contains('alarm')")
        browser.wait("document.body.innerText.includes('<img src=x')")
        assert browser.do("document.images.length") == 0
        assert browser.complaints == []


def test_one_room_of_several_can_be_chosen_and_left(browser):
    shown = "[...document.querySelectorAll('.room')].map((room) => !room.hidden).join()"
    with Shown(rooms=3) as made:
        browser.open(address(made, "#2"))
        browser.wait(f"{shown} == 'false,true,false'")
        browser.wait(LIGHTNESS % 1)
        made.wait(lambda: made.made and {room for room, _ in made.made[-5:]} == {1})
        browser.do("document.querySelector('#all').click()")
        browser.wait(f"{shown} == 'true,true,true'")
        browser.wait(LIGHTNESS % 0)
        browser.do("document.querySelectorAll('canvas')[2].click()")
        browser.wait(f"{shown} == 'false,false,true'")
        assert browser.complaints == []


def test_a_stream_that_stops_is_said_to_have_stopped_and_goes_on_by_itself(browser):
    with Shown() as made:
        browser.open(address(made))
        browser.wait(LIGHTNESS % 0)
        assert browser.do("document.querySelector('#banner').hidden")
        made.preview.kill()
        browser.wait("document.body.innerText.includes('what you see is not live')")
        assert browser.do("document.title").startswith("STOPPED")
        assert "grayscale" in browser.do(
            "getComputedStyle(document.querySelector('canvas')).filter"
        )
        browser.wait("document.querySelector('#banner').hidden")
        browser.wait("!document.body.classList.contains('stopped')")
        made.stop()  # the run hangs: nothing more comes, and nothing is closed
        browser.wait("document.body.innerText.includes('Nothing has come for some seconds')")
    browser.do("new Promise((go) => setTimeout(go, 2000))")  # it tries again, and nobody listens
    assert "Nothing has come for some seconds" in browser.text()


def test_the_token_is_asked_for_once_and_stays_out_of_sight(browser):
    with Shown(token="let me <see>") as made:
        browser.open(address(made))
        browser.wait("document.querySelector('input[type=password]') !== null")
        assert "connected" not in browser.text()
        browser.do("document.querySelector('input').value = 'a wrong one'")
        browser.do("document.querySelector('button').click()")
        browser.wait("location.search.includes('wrong')")
        browser.wait("document.querySelector('input')?.value == ''")
        browser.do("document.querySelector('input').value = 'let me <see>'")
        browser.do("document.querySelector('button').click()")
        browser.wait("document.body.innerText.includes('/dev/video0')")
        browser.wait(LIGHTNESS % 0)
        assert browser.do("location.href") == address(made)
        assert browser.do("document.cookie") == ""  # no script can read it
        browser.open(address(made))
        browser.wait("document.body.innerText.includes('/dev/video0')")
