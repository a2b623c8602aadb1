"""Where settings come from, and what is said of those that make no sense."""

import os
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from stream.errors import SettingsError
from stream.settings import ProcessSettings, merged, plain
from stream.sightings import SightingSettings

ROOT = Path(__file__).parents[2]
OFFLINE = ROOT / "configs" / "stream" / "offline.yaml"


def test_the_command_line_wins_over_yaml_and_yaml_over_defaults(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text("threshold: 0.4\ncrf: 30\n")
    settings = merged(ProcessSettings, config, {"crf": 18.0, "preset": None})
    assert (settings.threshold, settings.crf, settings.preset) == (0.4, 18.0, None)
    assert settings.view == "auto"


def test_everything_wrong_is_named_at_once_with_its_place_and_the_nearest_name(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text(
        "treshold: 0.4\ncodec: mpeg9\npreset: quick\nview: left\nbitrate: fast\n"
        "sightings:\n  gap: 2\n"
    )
    with pytest.raises(SettingsError) as caught:
        merged(ProcessSettings, config, {"workers": 0})
    line = str(caught.value)
    assert "\n" not in line
    assert f"{config}: treshold: no such setting: did you mean threshold?" in line
    assert f"{config}: codec: " in line
    assert f"{config}: preset: " in line
    assert f"{config}: view: view 'left' is not known: write auto, full or x,y,width,height" in line
    assert f"{config}: bitrate: fast is no bit rate: write bits a second, such as 800k" in line
    assert f"{config}: sightings.gap: no such setting: did you mean gap_s?" in line
    assert "command line: workers: " in line


def test_what_makes_no_sense_together_is_blamed_on_both_places(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text("crf: 30\n")
    with pytest.raises(SettingsError) as caught:
        merged(ProcessSettings, config, {"bitrate": "4M"})
    assert str(caught.value).startswith(f"{config} and command line: crf and bitrate exclude")


@pytest.mark.parametrize(
    ("written", "bits"), [("800k", 800_000), ("4M", 4_000_000), ("1.5M", 1_500_000), (9600, 9600)]
)
def test_bit_rates_are_written_as_for_ffmpeg(written, bits):
    assert merged(ProcessSettings, None, {"bitrate": written}).bitrate == bits


def test_weights_may_be_one_name(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text('weights: "fixed:"\n')
    assert merged(ProcessSettings, config, {}).weights == ("fixed:",)


def test_the_file_that_ships_names_every_option_with_its_default():
    assert merged(ProcessSettings, OFFLINE, {}) == ProcessSettings()
    written = yaml.safe_load(OFFLINE.read_text())
    assert set(written) == {field.name for field in fields(ProcessSettings)}
    assert set(written["sightings"]) == {field.name for field in fields(SightingSettings)}


def test_the_file_that_ships_is_headed_by_its_command_and_says_what_each_option_is():
    head, *lines = OFFLINE.read_text().splitlines()
    words = shlex.split(head)
    assert words[:3] == ["#", "divergent-stream", "process"]
    assert str(OFFLINE.relative_to(ROOT)) in words
    options = [line for line in lines if line.strip() and not line.startswith("#")]
    assert [line for line in options if "  # " not in line] == ["sightings:"]


def test_every_setting_is_an_option_of_the_command(command):
    shown = command("process", "--help").printed
    for field in fields(ProcessSettings):
        assert f"--{field.name.replace('_', '-')}" in shown or field.name == "sightings"


def test_what_was_merged_is_saved_beside_the_output(tmp_path, record, command):
    config = tmp_path / "a.yaml"
    config.write_text("weights: 'fixed:'\ncrf: 30\nstyle: tint\n")
    record(tmp_path / "a.mp4", frames=2)
    words = ("--config", config, "--crf", "18", "--no-report")
    assert command("process", tmp_path / "a.mp4", "-o", tmp_path / "b.mp4", *words).status == 0
    saved = yaml.safe_load((tmp_path / "b.settings.yaml").read_text())
    assert saved["crf"] == 18  # the command line wins over YAML,
    assert saved["style"] == "tint"  # YAML over the defaults,
    assert saved["codec"] == "h264"  # and these fill the rest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a\n- b\n", "holds no settings"),
        (b"a: [", "not YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"1: 2\n", "holds no settings"),
    ],
)
def test_a_file_that_holds_no_settings_is_one_clear_line(tmp_path, content, said):
    config = tmp_path / "a.yaml"
    config.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as caught:
        merged(ProcessSettings, config, {})
    assert "\n" not in str(caught.value)


def test_what_is_no_text_on_the_command_line_is_one_clear_line():
    with pytest.raises(SettingsError, match=r"command line: .*udcff.*: no text"):
        merged(ProcessSettings, None, {"bitrate": os.fsdecode(b"\xff")})


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        merged(ProcessSettings, tmp_path / "none.yaml", {})


def test_an_empty_file_changes_nothing(tmp_path):
    (tmp_path / "a.yaml").write_text("# nothing\n")
    assert merged(ProcessSettings, tmp_path / "a.yaml", {}) == ProcessSettings()


def test_settings_survive_the_way_through_a_file(tmp_path):
    settings = ProcessSettings(weights=("fixed:",), crf=18, workers=3, frames=10)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(plain(settings)))
    assert merged(ProcessSettings, tmp_path / "a.yaml", {}) == settings
