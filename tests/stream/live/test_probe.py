"""`probe` of live sources: what arrives, what is wrong, a still."""

import re

import cv2
import pytest

from stream.source.v4l2 import devices


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    monkeypatch.setattr("stream.probing.SECONDS", 0.5)


def facts_in(printed: str) -> dict[str, str]:
    return dict(re.findall(r"^(\S+) +(.*)$", printed, re.MULTILINE))


def test_probe_tells_what_arrives_and_saves_a_still(command, url, send, clip, tmp_path):
    send(url, clip)
    still = tmp_path / "still.png"
    ended = command("probe", url, "--still", still)
    assert ended.status == 0, ended.said
    facts = facts_in(ended.printed)
    assert facts["encoding"] == "h264, yuv420p"
    assert facts["picture"] == "192x144 yuv420p"
    assert facts["state"].startswith("LIVE")
    assert re.fullmatch(r"[\d.]+ fps measured, 25 declared", facts["rate"])
    assert facts["fields"] == "whole pictures"
    assert cv2.imread(str(still)).shape == (144, 192, 3)


def test_probe_says_that_there_is_no_signal_and_no_view(command):
    facts = facts_in(command("probe", "lavfi:smptebars=size=320x240:rate=25").printed)
    assert facts["state"] == "NO SIGNAL: colour bars"
    assert facts["view"] == "none found"


def test_probe_tells_the_delay_of_fields(command):
    facts = facts_in(command("probe", "lavfi:testsrc2=size=128x96:rate=25,setfield=tff").printed)
    assert facts["fields"] == "made whole, 40 ms later"


def test_probe_of_a_device_that_is_not_there_is_one_line(command):
    ended = command("probe", "/dev/video96")
    assert ended.status == 1
    assert "/dev/video96: there is no such device" in ended.complaint


def test_probe_without_a_source_lists_devices(command):
    ended = command("probe")
    assert ended.status == 0
    named = [device.path for device in devices()]
    assert all(path in ended.printed for path in named)
    assert named or ended.printed == "no video device is connected\n"


def test_probe_refuses_an_address_that_makes_no_sense(command):
    ended = command("probe", "udp://127.0.0.1")
    assert ended.status == 2
    assert "names no port" in ended.complaint
