"""Names of recordings: telling, harmless in every file system, and never taken twice."""

import os
import re
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.errors import SinkError
from stream.recording.names import base_name, reserve

AT = datetime(2026, 2, 3, 14, 5, 9)


@pytest.mark.parametrize(
    ("label", "room", "name"),
    [
        ("case 12", "", "case-12-20260203-140509"),
        ("case 12", "Room 3", "case-12-20260203-140509-Room-3"),
        ("", "", "recording-20260203-140509"),
        ("../../etc/passwd", "", "etc-passwd-20260203-140509"),
        ("Übung, à la carte", "", "Ubung-a-la-carte-20260203-140509"),
        ("内視鏡", "検査", "recording-20260203-140509-room"),
    ],
)
def test_name_is_label_time_and_room(label, room, name):
    assert base_name(label, AT, room) == name


@settings(deadline=None, max_examples=60)
@given(label=st.text(max_size=300), room=st.text(max_size=300))
def test_every_name_is_harmless_and_short(label, room):
    name = base_name(label, AT, room)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert not name.startswith("-")
    assert len(name) < 100


def test_a_name_that_anything_has_is_passed_over(tmp_path):
    (tmp_path / "a-001.annotated.partial.mp4").touch()
    assert reserve(tmp_path, "a", ".json").name == "a_2"
    assert reserve(tmp_path, "a", ".json").name == "a_3"
    assert reserve(tmp_path, "ab", ".json").name == "ab"
    assert (tmp_path / "a_2.json").read_text() == "{}"


def test_folders_are_made_where_they_are_missing(tmp_path):
    assert reserve(tmp_path / "new" / "day", "a", ".json") == tmp_path / "new" / "day" / "a"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match=r"nothing can be recorded there.*--record"):
        reserve(tmp_path / "file", "a", ".json")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_locked_folder_is_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match="Permission denied"):
        reserve(tmp_path, "a", ".json")
