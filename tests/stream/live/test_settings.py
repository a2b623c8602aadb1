"""The settings of live: the file that ships, the command's options, and what makes no sense."""

import shlex
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from stream.errors import SettingsError
from stream.live.command import check_sources
from stream.live.names import names_of
from stream.live.settings import LiveSettings
from stream.settings import merged, plain
from stream.sightings import SightingSettings

ROOT = Path(__file__).resolve().parents[3]
LIVE = ROOT / "configs" / "stream" / "live.yaml"


def test_the_file_that_ships_holds_every_option_with_its_default():
    assert merged(LiveSettings, LIVE, {}) == LiveSettings()
    written = yaml.safe_load(LIVE.read_text())
    assert set(written) == {field.name for field in fields(LiveSettings)}
    assert set(written["sightings"]) == {field.name for field in fields(SightingSettings)}


def test_the_file_that_ships_is_headed_by_its_command_and_says_what_each_option_is():
    head, *lines = LIVE.read_text().splitlines()
    words = shlex.split(head)
    assert words[:3] == ["#", "divergent-stream", "live"]
    assert str(LIVE.relative_to(ROOT)) in words
    options = [line for line in lines if line.strip() and not line.startswith("#")]
    assert [line for line in options if "  # " not in line] == ["sightings:"]


def test_every_setting_is_an_option_of_the_command(command):
    shown = command("live", "--help").printed
    for field in fields(LiveSettings):
        assert f"--{field.name.replace('_', '-')}" in shown or field.name == "sightings"


def test_size_and_rate_are_read_as_addresses_have_them_and_survive_a_file(tmp_path):
    settings = merged(LiveSettings, None, {"input_size": "1920x1080", "input_rate": "60000/1001"})
    assert settings.input_size == (1920, 1080)
    assert settings.input_rate == Fraction(60000, 1001)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(plain(settings)))
    assert merged(LiveSettings, tmp_path / "a.yaml", {}) == settings


def test_recording_is_asked_for_as_people_write_lengths_and_sizes(tmp_path):
    given = {"record": "out", "segment": "10min", "segment_size": "2GB", "recorded": "clean"}
    settings = merged(LiveSettings, None, given | {"bitrate": "4M", "view": "0,0,64,48"})
    options = settings.recording
    assert (options.folder, options.segment_s, options.segment_bytes) == (
        Path("out"),
        600,
        2 * 10**9,
    )
    assert (options.clean, options.annotated, options.view) == (True, False, "0,0,64,48")
    assert (options.encoding.bitrate, options.encoding.preset) == (4_000_000, "ultrafast")
    assert settings.copies_packets
    assert LiveSettings().recording is None
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(plain(settings)))
    assert merged(LiveSettings, tmp_path / "a.yaml", {}) == settings


def test_a_redacted_recording_copies_nothing_and_a_lossless_one_has_no_preset():
    given = {"record": "out", "redact": True, "codec": "ffv1"}
    settings = merged(LiveSettings, None, given)
    assert not settings.copies_packets
    assert settings.encoding.preset is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"input_size": "1920"}, "WIDTHxHEIGHT"),
        ({"input_rate": "fast"}, "30000/1001"),
        ({"batch": 3}, "batch is for sync"),
        ({"batch": 0, "sync": True}, "batch"),
        ({"mask_age_limit_s": 0.0}, "mask_age_limit_s"),
        ({"duration": float("inf")}, "duration"),
        ({"view": "left"}, "x,y,width,height"),
        ({"standby": True}, "standby is for record"),
        ({"record": "out", "redact": True, "view": "full"}, "redact blanks what lies outside"),
        ({"label": "Müller, Anna"}, "never a patient's name"),
        ({"label": "a" * 41}, "up to 40 letters"),
        ({"segment": "soon"}, "write 90s, 10min or 1h"),
        ({"segment": 0.5}, "segment"),
        ({"segment_size": "10kB"}, "write 700MB, 2GB or 2GiB"),
        ({"keep_free": "some"}, "write 700MB, 2GB or 2GiB"),
        ({"crf": 20.0, "bitrate": "4M"}, "exclude each other"),
        ({"codec": "ffv1", "preset": "fast"}, "lossless"),
    ],
)
def test_what_makes_no_sense_is_one_line(given, said):
    with pytest.raises(SettingsError, match=said) as caught:
        merged(LiveSettings, None, given)
    assert "\n" not in str(caught.value)


def test_a_recording_is_refused_unless_it_shall_be_played():
    with pytest.raises(SettingsError, match="--realtime"):
        check_sources(["/dev/video0", "clip.mp4"], LiveSettings())
    check_sources(["clip.mp4"], LiveSettings(realtime=True))
    check_sources(["/dev/video0", "udp://0.0.0.0:9", "synthetic:"], LiveSettings())


def test_rooms_are_named_by_their_address_without_secrets_each_differently():
    addresses = ["rtsp://anna:1234@10.0.0.7/a", "/dev/video0", "/dev/video0"]
    assert names_of(addresses) == ["rtsp://***@10.0.0.7/a", "/dev/video0", "/dev/video0 (2)"]
