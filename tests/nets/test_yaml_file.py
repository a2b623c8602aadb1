"""YAML that people wrote: read safely, and one clear line for whatever is wrong."""

import pytest

from nets.errors import BundleError
from nets.yaml_file import LARGEST, read_yaml


def test_yaml_is_read_as_plain_values(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: &b {c: [x, 2.5]}\nd:\n  <<: *b\n  e: null\n")
    assert read_yaml(path, BundleError) == {
        "a": 1,
        "b": {"c": ["x", 2.5]},
        "d": {"c": ["x", 2.5], "e": None},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("threshold: 0.5\nthreshold: 0.9\n", "threshold stands there twice"),
        ("a: 2026-02-31", "not YAML"),
        ("a: " + "9" * 5000, "not YAML"),
        ("a: " + "[" * 5000, "not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "not YAML"),
        ("a: '\x00'", "not YAML"),
        ('a: "\\ud800"', "holds half a character"),
        ("#" * (LARGEST + 1), "larger than"),
    ],
)
def test_what_is_none_is_one_clear_line(tmp_path, text, said):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(BundleError, match=said) as caught:
        read_yaml(path, BundleError)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_what_cannot_be_read_is_one_clear_line(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("a: é".encode("latin-1"))
    for name in ("missing.yaml", "latin.yaml", "."):
        with pytest.raises(BundleError, match="cannot be read"):
            read_yaml(tmp_path / name, BundleError)
