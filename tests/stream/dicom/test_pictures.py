"""Pictures in DICOM: every one, in its own samples and colours, at the time that the file says."""

import re
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.pixels import pixel_array

from nets.preprocessing import rgb_of
from tests.stream.dicom import made
from tests.stream.dicom.made import Made, jpegs_of, write_dicom

SAMPLES = Path(pydicom.__file__).parent / "data" / "test_files"
"""What comes with pydicom: pictures that dcmtk and GDCM encoded."""


def decoded(stream: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(stream, np.uint8), 1), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(
    ("table", "pieces"), [(True, 1), (False, 1), (True, 3), (False, 3), ("extended", 1)]
)
def test_every_picture_of_a_multi_frame_jpeg_is_a_frame(table, pieces, frames_of, tmp_path):
    streams = jpegs_of(12)
    path = tmp_path / "a.dcm"
    write_dicom(
        path,
        Made(streams, made.JPEG, 12, kind=made.TRUE_COLOR, table=table, pieces=pieces),
    )
    source, frames, _ = frames_of(path)
    assert [frame.seconds for frame in frames] == [Fraction(n, 25) for n in range(12)]
    assert frames[0].picture.layout.name == "yuv422p"
    for frame, stream in zip(frames, streams, strict=True):
        # OpenCV smooths chroma as it enlarges it; this only tells one picture from another.
        assert np.abs(rgb_of(frame.picture) - decoded(stream).astype(float)).mean() < 3
    assert source.warnings.counts == {}
    assert [source.number_of(frame) for frame in frames] == list(range(1, 13))


def test_times_that_differ_from_frame_to_frame_are_kept(frames_of, tmp_path):
    more = {
        "FrameTime": None,
        "FrameTimeVector": ["0", "40", "16.6", "33.4"],
        "FrameIncrementPointer": 0x00181065,
    }
    write_dicom(
        tmp_path / "a.dcm", Made(jpegs_of(4), made.JPEG, 4, kind=made.TRUE_COLOR, more=more)
    )
    _, frames, _ = frames_of(tmp_path / "a.dcm")
    assert [float(frame.seconds) for frame in frames] == [0, 0.04, 0.0566, 0.09]


def test_pictures_without_times_come_25_a_second_and_that_is_told(frames_of, tmp_path):
    more = {"FrameTime": None, "FrameIncrementPointer": None}
    write_dicom(
        tmp_path / "a.dcm", Made(jpegs_of(3), made.JPEG, 3, kind=made.TRUE_COLOR, more=more)
    )
    source, frames, _ = frames_of(tmp_path / "a.dcm")
    assert [frame.seconds for frame in frames] == [0, Fraction(1, 25), Fraction(2, 25)]
    assert "says no times" in " ".join(source.warnings.lines())


def test_a_single_still_is_a_recording_of_one_frame(frames_of, tmp_path):
    more = {"NumberOfFrames": None, "FrameTime": None, "FrameIncrementPointer": None}
    write_dicom(
        tmp_path / "a.dcm", Made(jpegs_of(1), made.JPEG, 1, kind=made.VL_ENDOSCOPIC, more=more)
    )
    source, frames, _ = frames_of(tmp_path / "a.dcm")
    assert len(frames) == 1
    assert source.warnings.counts == {}


def test_a_picture_that_cannot_be_decoded_leaves_its_moment_empty(frames_of, tmp_path):
    streams = jpegs_of(5)
    streams[2] = b"\xff\xd8" + bytes(40) + b"\xff\xd9"
    write_dicom(tmp_path / "a.dcm", Made(streams, made.JPEG, 5, kind=made.TRUE_COLOR))
    source, frames, _ = frames_of(tmp_path / "a.dcm")
    assert [frame.seconds * 25 for frame in frames] == [0, 1, 3, 4]
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [source.number_of(frame) for frame in frames] == [1, 2, 4, 5]
    assert source.warnings.counts == {"a picture could not be read and was left out": 1}


@pytest.mark.parametrize("meaning", ["RGB", "YBR_FULL", "MONOCHROME2"])
def test_samples_that_are_stored_as_they_are_are_read(meaning, frames_of, tmp_path):
    shape = (2, 48, 64) if meaning == "MONOCHROME2" else (2, 48, 64, 3)
    samples = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    more = {"PhotometricInterpretation": meaning, "SamplesPerPixel": 1 if len(shape) == 3 else 3}
    write_dicom(
        tmp_path / "a.dcm",
        Made(samples.tobytes(), made.EXPLICIT, 2, kind=made.TRUE_COLOR, more=more),
    )
    _, frames, _ = frames_of(tmp_path / "a.dcm")
    assert len(frames) == 2
    for frame, stored in zip(frames, samples, strict=True):
        planes = np.stack(frame.picture.planes, -1).squeeze()
        if meaning == "RGB":
            # To YCbCr and back in whole levels.
            assert np.abs(rgb_of(frame.picture) - stored.astype(int)).max() <= 2
        else:
            np.testing.assert_array_equal(planes, stored)


# Pictures that others encoded: pydicom with Pillow, and dcmtk, say what they look like.

FULL_CHROMA = [
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_jpeg_no_color_transform_2.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "SC_rgb_gdcm_KY.dcm",
    "SC_rgb_rle_2frame.dcm",
]
HALF_CHROMA = ["SC_rgb_dcmtk_+eb+cy+n1.dcm", "SC_rgb_dcmtk_+eb+cy+s2.dcm"]


@pytest.mark.parametrize("name", [*FULL_CHROMA, *HALF_CHROMA])
def test_colours_are_those_that_another_decoder_sees(name, frames_of):
    path = SAMPLES / name
    expected = pixel_array(path, index=0)
    _, frames, _ = frames_of(path)
    difference = np.abs(rgb_of(frames[0].picture) - expected.astype(int))
    # Pillow smooths chroma that is stored at half the size, and these test bars have hard edges.
    limit = 5 if name in HALF_CHROMA else 1.5
    assert difference.mean() <= limit


@pytest.mark.parametrize("name", [name for name in FULL_CHROMA if "jpeg" in name or "+eb" in name])
def test_colours_are_those_that_dcmtk_sees(name, frames_of, tool, tmp_path):
    tool("dcmj2pnm", "+op", SAMPLES / name, tmp_path / "a.ppm")
    seen = cv2.imread(str(tmp_path / "a.ppm"))
    _, frames, _ = frames_of(SAMPLES / name)
    assert np.abs(rgb_of(frames[0].picture)[..., ::-1] - seen.astype(int)).mean() <= 1.5


def test_a_multi_frame_jpeg_of_another_maker_is_read(frames_of, tmp_path):
    """Thirty frames of ultrasound, so its kind is refused; what is stored is read all the same."""
    dataset = pydicom.dcmread(SAMPLES / "examples_ybr_color.dcm")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = made.TRUE_COLOR
    dataset.save_as(tmp_path / "a.dcm")
    _, frames, _ = frames_of(tmp_path / "a.dcm")
    assert len(frames) == 30
    for number in (0, 29):
        expected = pixel_array(SAMPLES / "examples_ybr_color.dcm", index=number)
        assert np.abs(rgb_of(frames[number].picture) - expected.astype(int)).mean() < 1
    assert re.match("JPEG Baseline", frames_of(tmp_path / "a.dcm")[0].encoding)
