"""`--segment 10min`, `--segment-size 2GB`."""

import pytest

from stream.errors import SettingsError
from stream.recording import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10min", 600), (" 10 MIN ", 600), ("1.5h", 5400), ("2m", 120)],
)
def test_lengths_are_read_with_their_units(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("2GiB", 2 * 1024**3),
        ("700 mb", 700_000_000),
        ("1.5TB", 15 * 10**11),
    ],
)
def test_sizes_are_read_with_their_units(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "ten", "0", "0.5s", "-3min", "10 fortnights", "1e3", "nan"])
def test_what_is_no_length_is_refused_with_an_example(text):
    with pytest.raises(SettingsError, match="write 90s, 10min or 1h"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "2", "2G", "0GB", "10KB", "-2GB", "2 GBit"])
def test_what_is_no_size_is_refused_with_an_example(text):
    with pytest.raises(SettingsError, match="write 700MB, 2GB or 2GiB"):
        parse_size(text)
