"""Where settings come from, and what is said of those that make no sense."""

import pytest

from stream.errors import SettingsError
from stream.settings import ProcessSettings, merged, plain


def test_the_command_line_wins_over_yaml_and_yaml_over_defaults(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text("threshold: 0.4\ncrf: 30\n")
    settings = merged(ProcessSettings, config, {"crf": 18.0, "preset": None})
    assert (settings.threshold, settings.crf, settings.preset) == (0.4, 18.0, None)
    assert settings.view == "auto"


def test_everything_wrong_is_named_at_once_with_its_place_and_the_nearest_name(tmp_path):
    config = tmp_path / "a.yaml"
    config.write_text("treshold: 0.4\ncodec: mpeg9\nsightings:\n  gap: 2\n")
    with pytest.raises(SettingsError) as caught:
        merged(ProcessSettings, config, {"workers": 0})
    line = str(caught.value)
    assert "\n" not in line
    assert f"{config}: treshold: no such setting: did you mean threshold?" in line
    assert f"{config}: codec: " in line
    assert f"{config}: sightings.gap: no such setting: did you mean gap_s?" in line
    assert "command line: workers: " in line


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


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        merged(ProcessSettings, tmp_path / "none.yaml", {})


def test_an_empty_file_changes_nothing(tmp_path):
    (tmp_path / "a.yaml").write_text("# nothing\n")
    assert merged(ProcessSettings, tmp_path / "a.yaml", {}) == ProcessSettings()


def test_settings_survive_the_way_through_a_file(tmp_path):
    import yaml

    settings = ProcessSettings(weights=("fixed:",), crf=18, workers=3, frames=10)
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(plain(settings)))
    assert merged(ProcessSettings, tmp_path / "a.yaml", {}) == settings
