"""What a DICOM header says of the patient stays in it."""

import shutil

import pytest

from tests.stream.dicom.made import SECRETS


def found_in(folder) -> list[str]:
    """Secrets in names and contents of files, in every way that text may lie in them."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for secret in SECRETS:
            ways = (secret.encode(), secret.encode("utf-16-le"), secret.upper().encode())
            if secret in path.name or any(way in content for way in ways):
                found.append(f"{secret} in {path.name}")
    return found


def test_no_output_and_no_line_says_whom_the_recording_shows(tmp_path, video, process):
    out = tmp_path / "out"
    out.mkdir()
    ended = process(
        *(video, "-o", out / "b.mp4", "--view", "full"),
        *("--masks", "--mask-images", "--frames", "10", "--debug"),
    )
    assert ended.status == 0
    assert {path.name for path in out.iterdir()} >= {
        "b.mp4", "b.masks.mp4", "b.report.html", "b.sightings.json", "b.settings.yaml",
    }  # fmt: skip
    assert found_in(out) == []
    assert not [secret for secret in SECRETS if secret in ended.said + ended.printed]


def test_neither_does_an_archives_journal(tmp_path, video, process):
    archive, out = tmp_path / "in", tmp_path / "out"
    archive.mkdir()
    shutil.copy(video, archive)
    whole = video.read_bytes()
    (archive / "IM000002.dcm").write_bytes(whole[: len(whole) // 2])
    (archive / "IM000003.dcm").write_bytes(whole[:700])
    ended = process(archive, "-o", out)
    assert ended.status == 1  # two are damaged
    assert (out / "journal.jsonl").is_file()
    assert found_in(out) == []
    assert not [secret for secret in SECRETS if secret in ended.said + ended.printed]


@pytest.mark.parametrize("words", [[], ["--debug"]])
def test_probe_tells_of_the_pictures_alone(video, command, words):
    ended = command("probe", video, *words)
    assert ended.status == 0
    assert "in DICOM (Video Endoscopic Image)" in ended.printed
    assert "64x48 yuv420p" in ended.printed
    assert not [secret for secret in SECRETS if secret in ended.said + ended.printed]


def test_a_damaged_header_is_not_quoted(tmp_path, video, command):
    """The library quotes values that it cannot make sense of."""
    whole = bytearray(video.read_bytes())
    start = whole.index(b"\x28\x00\x08\x00IS")
    whole[start + 8 : start + 10] = b"Ze"
    (tmp_path / "a.dcm").write_bytes(whole)
    ended = command("probe", tmp_path / "a.dcm", "--debug")
    assert ended.status == 1
    assert "its DICOM header is damaged" in ended.said
    assert "Ze" not in ended.said
