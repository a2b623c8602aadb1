"""DICOM that is not as it should be: the table in docs/dicom.md, row by row."""

import shutil
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from stream.errors import SourceError
from stream.source.opening import open_container
from tests.stream.dicom import made
from tests.stream.dicom.made import Made, jpegs_of, write_dicom

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path):
    """Where outputs go, apart from what goes in."""
    path = tmp_path / "out"
    path.mkdir()
    return path


def empty(path, stream):
    path.touch()


def text(path, stream):
    path.write_text("This is no DICOM.\n" * 200)


def a_video_under_this_name(path, stream):
    path.write_bytes(stream)


def cut_in_its_preamble(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    path.write_bytes(path.read_bytes()[:100])


def cut_in_its_header(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    path.write_bytes(path.read_bytes()[:700])


def cut_behind_its_meta_header(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    path.write_bytes(path.read_bytes()[:370])


def cut_before_its_first_picture(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(stream[:32]) + 20])


def cut_before_the_index_of_its_video(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    path.write_bytes(path.read_bytes()[: -len(stream) // 2])


def damaged_header(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    whole = bytearray(path.read_bytes())
    start = whole.index(b"\x28\x00\x08\x00IS")  # the number of frames
    whole[start + 8 : start + 10] = b"x!"
    path.write_bytes(whole)


def damaged_items(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    whole = bytearray(path.read_bytes())
    start = whole.index(stream[:32])
    whole[start - 8 : start - 4] = b"item"
    path.write_bytes(whole)


def pixels_of_no_length(path, stream):
    write_dicom(path, Made(b"", made.H264, 30))


def no_pixels(path, stream):
    write_dicom(path, Made(stream, made.H264, 30))
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)


def noise_for_a_video(path, stream):
    write_dicom(path, Made(bytes(range(256)) * 40, made.H264, 30))


def pictures_that_are_none(path, stream):
    write_dicom(path, Made([bytes(200)] * 3, made.JPEG, 3, kind=made.TRUE_COLOR))


def report(path, stream):
    write_dicom(path, Made(stream, made.H264, 30, kind="1.2.840.10008.5.1.4.1.1.88.11"))


def ultrasound(path, stream):
    shutil.copy(
        Path(pydicom.__file__).parent / "data" / "test_files" / "examples_ybr_color.dcm", path
    )


def directory(path, stream):
    shutil.copy(
        Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests" / "DICOMDIR", path
    )


def deflated(path, stream):
    shutil.copy(Path(pydicom.__file__).parent / "data" / "test_files" / "image_dfl.dcm", path)


def big_endian(path, stream):
    shutil.copy(
        Path(pydicom.__file__).parent / "data" / "test_files" / "SC_rgb_small_odd_big_endian.dcm",
        path,
    )


def a_palette(path, stream):
    more = {"PhotometricInterpretation": "PALETTE COLOR", "SamplesPerPixel": 1}
    write_dicom(path, Made(bytes(64 * 48), made.EXPLICIT, 1, kind=made.TRUE_COLOR, more=more))


def sixteen_bits(path, stream):
    more = {"BitsAllocated": 16, "PhotometricInterpretation": "RGB"}
    pixels = bytes(64 * 48 * 6)
    write_dicom(path, Made(pixels, made.EXPLICIT, 1, kind=made.TRUE_COLOR, more=more))


REFUSED = {
    empty: "is empty (0 bytes)",
    text: "is no DICOM file",
    a_video_under_this_name: "is no DICOM file",
    cut_in_its_preamble: "is no DICOM file",
    cut_in_its_header: "holds no pictures, or breaks off before them",
    cut_behind_its_meta_header: "holds no pictures, or breaks off before them",
    cut_before_its_first_picture: "it breaks off before its end",
    cut_before_the_index_of_its_video: "it breaks off before its end",
    damaged_header: "header is damaged",
    damaged_items: "the items of its pixel data are damaged",
    pixels_of_no_length: "its pixel data is empty",
    no_pixels: "holds no pictures, or breaks off before them",
    noise_for_a_video: "damaged, or encrypted",
    pictures_that_are_none: "not one of its 3 pictures can be read",
    report: "holds no endoscope's recording but Basic Text SR",
    ultrasound: "holds no endoscope's recording but Ultrasound Multi-frame Image",
    directory: "is a DICOMDIR",
    deflated: "is deflated",
    big_endian: "Explicit VR Big Endian, is not read",
    a_palette: "PALETTE COLOR, which is not read",
    sixteen_bits: "more than 8 bits",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_cannot_be_read_is_one_clear_line(tmp_path, folder, coded, process, make):
    path = tmp_path / "a.dcm"
    make(path, coded().read_bytes())
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 1
    assert REFUSED[make] in ended.complaint
    assert str(path) in ended.complaint
    assert not any(secret in ended.said for secret in made.SECRETS)
    assert list(folder.iterdir()) == []


def test_a_secure_dicom_file_is_told_to_be_encrypted(tmp_path, folder, video, process, tool):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    tool(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=archive"),
        *("-keyout", key, "-out", certificate),
    )
    path = tmp_path / "a.dcm"
    tool(
        *("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes256"),
        *("-in", video, "-out", path, certificate),
    )
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 1
    assert "is encrypted" in ended.complaint
    assert list(folder.iterdir()) == []


def test_attributes_that_are_encrypted_are_no_hindrance(tmp_path, folder, coded, process):
    """A file without names whose true ones lie in it under a key is read like any other."""
    hidden = pydicom.Dataset()
    hidden.EncryptedContentTransferSyntaxUID = "1.2.840.10008.1.2.1"
    hidden.EncryptedContent = bytes(64)
    more = {"PatientName": "", "EncryptedAttributesSequence": [hidden]}
    write_dicom(tmp_path / "a.dcm", Made(coded().read_bytes(), made.H264, 30, more=more))
    assert process(tmp_path / "a.dcm", "-o", folder / "b.mp4").status == 0


# Processed as far as it goes, with status 1.


@pytest.mark.parametrize("kind", ["video", "pictures", "pictures without a table", "samples"])
def test_what_breaks_off_in_the_middle_keeps_what_came_before(
    tmp_path, folder, coded, process, frames_in, kind
):
    path = tmp_path / "a.dcm"
    if kind == "video":
        write_dicom(path, Made(coded(".ts").read_bytes(), made.H264_IN_FRAGMENTS, 30, pieces=4))
    elif kind == "samples":
        more = {"PhotometricInterpretation": "RGB"}
        samples = bytes(30 * 64 * 48 * 3)
        write_dicom(path, Made(samples, made.EXPLICIT, 30, kind=made.TRUE_COLOR, more=more))
    else:
        table = kind == "pictures"
        write_dicom(path, Made(jpegs_of(30), made.JPEG, 30, kind=made.TRUE_COLOR, table=table))
    whole = path.read_bytes()
    path.write_bytes(whole[: round(0.7 * len(whole))])
    ended = process(path, "-o", folder / "b.mp4")
    assert ended.status == 1
    assert "breaks off" in ended.complaint
    count = frames_in(folder / "b.mp4")
    assert 10 <= count < 30
    assert f"{count} " in ended.complaint
    assert len((folder / "b.frames.csv").read_text().splitlines()) == count + 1
    assert not [name for name in folder.iterdir() if ".partial" in name.name]


# Others.


def test_without_the_library_a_dicom_file_is_one_clear_line(tmp_path, folder, video):
    script = (
        "import sys; sys.modules['pydicom'] = None; from stream.cli import main;"
        "main(['process', sys.argv[1], '-o', sys.argv[2], '-w', 'fixed:'])"
    )
    for name in ("a.dcm", "a"):
        shutil.copy(video, tmp_path / name)
        ended = subprocess.run(
            [sys.executable, "-c", script, tmp_path / name, folder / "b.mp4"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 1
        assert "DICOM needs pydicom, which is not installed" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_other_recordings_never_import_the_library(tmp_path, record):
    record(tmp_path / "a.mp4", frames=3)
    script = (
        "import sys; from stream.cli import main\n"
        "try: main(['probe', sys.argv[1]])\n"
        "except SystemExit: print('pydicom' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.mp4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "False"


def test_what_plays_files_by_ffmpeg_alone_says_that_it_is_dicom(video):
    with pytest.raises(SourceError, match="is DICOM, which `process` and `probe` read"):
        open_container(video)


def test_an_export_without_suffixes_is_found_in_its_folder(tmp_path, coded, process, files_in):
    export = tmp_path / "export"
    (export / "DICOM").mkdir(parents=True)
    directory(export / "DICOMDIR", b"")
    stream = Made(coded().read_bytes(), made.H264, 30)
    for name in ("IM000001", str(generate_uid()), "clip.DCM"):
        write_dicom(export / "DICOM" / name, stream)
    (export / "DICOM" / "README").write_text("not a recording")
    ended = process(export, "-o", tmp_path / "out")
    assert ended.status == 0, ended.said
    assert sum(name.endswith(".mp4") for name in files_in(tmp_path / "out")) == 3
