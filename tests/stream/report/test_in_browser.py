"""The report in a real browser: Debian's Chromium, headless."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from nets.engine import FixedEngine
from stream.job import Outputs, process_recording
from stream.report import write_report
from stream.settings import ProcessSettings
from stream.source.naming import open_recording
from stream.tally import Tally

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
)


@pytest.fixture
def browse(tmp_path):
    """Opens a page: `browse(path, "--dump-dom")`; fails on anything the page complains of."""
    chromium = next((path for name in NAMES if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("there is no Chromium: apt-get install chromium")

    def run(page: Path, *options: str) -> str:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [chromium, *QUIET, profile, *options, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert complaints == []
        return done.stdout

    return run


@pytest.mark.parametrize("count", [0, 1, 500])
def test_page_shows_in_a_browser_and_looks_like_a_page(report, browse, tmp_path, count):
    page, shot = tmp_path / "a.report.html", tmp_path / "shot.png"
    made = report(count, 900.0, faults={"blurred": (100, 160)}, files=[("none.mkv", 0.0)])
    write_report(page, made)
    dom = browse(page, "--dump-dom", f"--screenshot={shot}", "--window-size=1200,1400")
    assert dom.count("<article>") == count
    assert "not a medical device" in dom
    seen = cv2.imread(str(shot)).astype(int)
    assert seen.shape[:2] == (1400, 1200)
    # Its own style has been applied: the links' green, the blurred stretch's blue.
    assert near(seen, (98, 127, 10)).any()
    assert near(seen, (214, 143, 123)).any()
    # The 500 thumbnails lie side by side down to the end of the shot.
    red = seen[-200:, :, 2] - seen[-200:, :, 0] > 50
    assert (red.mean() > 0.3) if count == 500 else (red.mean() < 0.01)


def near(picture, bgr):
    return np.abs(picture - np.array(bgr)).max(axis=2) <= 6


def test_page_prints_on_a_few_sheets(report, browse, tmp_path):
    page, sheet = tmp_path / "a.report.html", tmp_path / "a.pdf"
    for count, most in ((1, 3), (500, 16)):
        write_report(page, report(count, 900.0, files=[("none.mkv", 0.0)]), overwrite=True)
        browse(page, f"--print-to-pdf={sheet}")
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes())) <= most


def test_thumbnail_jumps_to_its_moment_in_the_recording(browse, record, tmp_path):
    outputs, warnings = Outputs(tmp_path / "out & #1.mp4"), Tally()
    record(tmp_path / "in.mp4", frames=100, size=(128, 96))
    settings = ProcessSettings(view="full")
    with open_recording(str(tmp_path / "in.mp4"), warnings=warnings) as source:
        outcome = process_recording(source, outputs, settings, FixedEngine(), warnings=warnings)
    assert len(outcome.sightings) == 1
    # The page's own policy would stop this test's script, so it is taken out here.
    html, count = re.subn(r"<meta http-equiv=[^>]+>", "", outputs.report.read_text())
    assert count == 1
    click = """<script>
      const video = document.querySelector("video"), link = document.querySelector("a.thumbnail");
      const tell = () => { document.title = `at ${video.currentTime.toFixed(2)}`; };
      video.addEventListener("seeked", tell);
      link.dataset.seconds = "2.4";
      video.addEventListener("canplay", () => link.click(), { once: true });
      video.addEventListener("error", () => { document.title = "not playable"; });
    </script></body>"""
    page = tmp_path / "clicking.html"
    page.write_text(html.replace("</body>", click))
    dom = browse(page, "--dump-dom")
    title = re.findall(r"<title>(.*?)</title>", dom)[0]
    if title == "not playable":
        pytest.skip("this Chromium was built without H.264")
    assert title == "at 2.40"
    assert '<body class="playable">' in dom


def test_page_as_it_is_plays_its_recording_under_its_own_policy(browse, record, tmp_path):
    outputs, warnings = Outputs(tmp_path / "out.mp4"), Tally()
    record(tmp_path / "in.mp4", frames=50, size=(128, 96))
    settings = ProcessSettings(view="full", codec="av1", preset="ultrafast")
    with open_recording(str(tmp_path / "in.mp4"), warnings=warnings) as source:
        process_recording(source, outputs, settings, FixedEngine(), warnings=warnings)
    assert '<body class="playable">' in browse(outputs.report, "--dump-dom")
