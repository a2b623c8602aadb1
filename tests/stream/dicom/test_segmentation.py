"""Segmentations: the masks of sightings, bit for bit, tied to the frames that they were seen in."""

import re
from fractions import Fraction

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.pixels import pixel_array
from pydicom.sr.codedict import codes

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.prediction import Prediction, find_mask
from stream.sightings import SightingTracker
from stream.sink.segmentation import Algorithm, Segmentation
from stream.source.dicom.subject import read_subject
from stream.tally import Tally
from tests.stream.dicom import made
from tests.stream.dicom.made import PATIENT, Made, jpegs_of, write_dicom

SIZE = (80, 60)
VIEW = Rect(0, 0, *SIZE)
ALGORITHM = Algorithm("DivergentNets test", "digest", "threshold 0.5")


def masks(path):
    """What a Segmentation says: for each frame its segment, the recording's frame, the samples."""
    dataset = pydicom.dcmread(path)
    samples = pixel_array(dataset)
    samples = samples if samples.ndim == 3 else samples[None]
    told = []
    for group, inside in zip(dataset.PerFrameFunctionalGroupsSequence, samples, strict=True):
        (source,) = group.DerivationImageSequence[0].SourceImageSequence
        (segment,) = group.SegmentIdentificationSequence
        told.append((segment.ReferencedSegmentNumber, source.ReferencedFrameNumber, inside > 0))
    return dataset, told


@pytest.fixture
def segmented(tmp_path, process):
    """Processes a DICOM file to masks, pictures of masks, and a Segmentation."""

    def run(path, *words):
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        ended = process(
            *(path, "-o", out / "b.mp4", "--segmentation", "--mask-images", "--view", "full"),
            *words,
        )
        return ended, out / "b.segmentation.dcm"

    return run


def test_its_masks_are_those_of_the_frames_that_it_names(video, segmented, tmp_path):
    ended, path = segmented(video)
    assert ended.status == 0, ended.said
    dataset, told = masks(path)
    assert (dataset.Columns, dataset.Rows, dataset.NumberOfFrames) == (64, 48, 30)
    assert [(segment, number) for segment, number, _ in told] == [(1, n) for n in range(1, 31)]
    for _, number, inside in told:
        picture = cv2.imread(str(tmp_path / "out" / "b.masks" / f"{number - 1:06d}.png"), 0)
        np.testing.assert_array_equal(inside, picture > 0)
    assert told[0][2].any()


def test_it_belongs_to_the_patient_and_study_of_its_recording(video, segmented):
    _, path = segmented(video)
    ours, theirs = pydicom.dcmread(path), pydicom.dcmread(video)
    copied = set(PATIENT) - {"InstitutionName"}
    for keyword in (*copied, "StudyInstanceUID", "StudyDate", "LossyImageCompression"):
        assert ours[keyword].value == theirs[keyword].value, keyword
    assert "InstitutionName" not in ours
    assert ours.SeriesInstanceUID != theirs.SeriesInstanceUID
    (series,) = ours.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == theirs.SeriesInstanceUID
    assert series.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == theirs.SOPInstanceUID
    assert "FrameOfReferenceUID" not in ours


def test_it_names_polyp_and_model_in_coded_terms(video, segmented):
    _, path = segmented(video)
    (segment,) = pydicom.dcmread(path).SegmentSequence

    def term(sequence):
        (item,) = sequence
        return item.CodeValue, item.CodingSchemeDesignator

    assert term(segment.SegmentedPropertyTypeCodeSequence) == ("68496003", "SCT")
    assert term(segment.SegmentedPropertyCategoryCodeSequence) == ("49755003", "SCT")
    assert term(segment.AnatomicRegionSequence) == ("71854001", "SCT")
    assert codes.SCT.PolypOfColon.value == "68496003"
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmName == segment.SegmentAlgorithmName == "DivergentNets fixed:"
    assert term(algorithm.AlgorithmFamilyCodeSequence) == ("123110", "DCM")
    assert segment.SegmentLabel == "Polyp 1"


def test_a_name_in_another_script_stays_as_it_is(coded, segmented, tmp_path, tool):
    more = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "Müller^Änne=山田^太郎"}
    write_dicom(tmp_path / "a.dcm", Made(coded().read_bytes(), made.H264, 30, more=more))
    ended, path = segmented(tmp_path / "a.dcm")
    assert ended.status == 0, ended.said
    assert str(pydicom.dcmread(path).PatientName) == "Müller^Änne=山田^太郎"
    assert "Müller^Änne=山田^太郎" in tool("dcmdump", path)


@pytest.mark.parametrize("kind", ["video", "pictures"])
def test_dicom3tools_and_dcmtk_find_nothing_wrong_with_it(kind, video, segmented, tool, tmp_path):
    source = video
    if kind == "pictures":
        source = tmp_path / "a.dcm"
        # A moment that is empty, and sizes that fill no whole byte.
        streams = jpegs_of(31, (62, 46))
        streams[7] = b"\xff\xd8\xff\xd9"
        write_dicom(source, Made(streams, made.JPEG, 31, (62, 46), kind=made.TRUE_COLOR))
    _, path = segmented(source)
    said = tool("dciodvfy", path)
    assert said.splitlines()[0] == "Segmentation"
    assert "Error" not in said
    dumped = tool("dcmdump", "+P", "ReferencedFrameNumber", path)
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", dumped)]
    missing = {8} if kind == "pictures" else set()
    assert numbers == [n for n in range(1, 31 + len(missing)) if n not in missing]
    assert tool("dcmconv", "+td", path, tmp_path / "deflated.dcm") == ""
    assert tool("dcmconv", "+te", tmp_path / "deflated.dcm", tmp_path / "inflated.dcm") == ""
    for ours, theirs in zip(masks(path)[1], masks(tmp_path / "inflated.dcm")[1], strict=True):
        np.testing.assert_array_equal(ours[2], theirs[2])


def test_what_the_tests_read_is_valid_too(video, tool):
    assert "Error" not in tool("dciodvfy", video)


# Frames by hand: which polyp is which, and which was a sighting.


def picture() -> Picture:
    grey = np.full((SIZE[1], SIZE[0]), 100, np.uint8)
    return Picture((grey,), LAYOUTS["gray"], Colour(Matrix.BT709))


def run(path, shown, **options):
    """Follow rectangles from frame to frame, and write what were sightings."""
    tracker = SightingTracker()
    subject = options.pop("subject")
    with Segmentation(path, subject, ALGORITHM, warnings=Tally(), **options) as segmentation:
        for index, places in enumerate(shown):
            probability = np.zeros((SIZE[1], SIZE[0]), np.float32)
            for x, y, side in places:
                probability[y : y + side, x : x + side] = 0.9
            mask = find_mask(Prediction(index, VIEW, VIEW, probability, 0.0, 0.0), 0.5)
            frame = Frame(index, index, Fraction(1, 25), picture(), 0.0)
            segmentation.write(index + 1, SIZE, mask, tracker.update(frame, mask))
        sightings = tracker.finish()
        written = segmentation.finish([(it.key, it.number) for it in sightings])
    return sightings, written


@pytest.fixture
def subject(video):
    return read_subject(video)


def square(x, y, side):
    inside = np.zeros((SIZE[1], SIZE[0]), np.bool_)
    inside[y : y + side, x : x + side] = True
    return inside


def test_each_sighting_is_a_segment_with_the_frames_that_show_it(tmp_path, subject):
    left, right, brief = (10, 10, 12), (50, 30, 14), (60, 5, 8)
    shown = [[left]] * 15 + [[left, right, brief]] * 5 + [[left, right]] * 10 + [[right]] * 5
    sightings, (path,) = run(tmp_path / "a.segmentation.dcm", shown, subject=subject)
    assert len(sightings) == 2
    dataset, told = masks(path)
    assert [item.SegmentLabel for item in dataset.SegmentSequence] == ["Polyp 1", "Polyp 2"]
    assert len({item.TrackingUID for item in dataset.SegmentSequence}) == 2
    expected = [(1, n, left) for n in range(1, 31)] + [(2, n, right) for n in range(16, 36)]
    assert [(segment, number) for segment, number, _ in told] == [it[:2] for it in expected]
    for (_, _, inside), (_, _, place) in zip(told, expected, strict=True):
        np.testing.assert_array_equal(inside, square(*place))


def test_fragments_of_one_polyp_are_one_segment(tmp_path, subject):
    whole, halves = [(20, 20, 20)], [(20, 20, 9), (32, 30, 8)]
    _, (path,) = run(tmp_path / "a.segmentation.dcm", [whole] * 15 + [halves] * 5, subject=subject)
    dataset, told = masks(path)
    assert len(dataset.SegmentSequence) == 1
    np.testing.assert_array_equal(told[-1][2], square(20, 20, 9) | square(32, 30, 8))


def test_frames_without_a_polyp_are_in_no_segmentation(tmp_path, subject):
    polyp = [(20, 20, 20)]
    shown = [[]] * 10 + [polyp] * 15 + [[]] * 5 + [polyp] * 5 + [[]] * 50
    _, (path,) = run(tmp_path / "a.segmentation.dcm", shown, subject=subject)
    assert [number for _, number, _ in masks(path)[1]] == [*range(11, 26), *range(31, 36)]


def test_without_a_sighting_there_is_none_and_an_older_one_is_removed(tmp_path, subject):
    path = tmp_path / "a.segmentation.dcm"
    path.write_bytes(b"older")
    brief = [[(20, 20, 20)]] * 5 + [[]] * 30
    assert run(path, brief, subject=subject) == ([], [])
    assert path.read_bytes() == b"older"
    assert run(path, brief, subject=subject, overwrite=True) == ([], [])
    assert not path.exists()


def test_what_is_too_large_for_one_file_goes_on_in_another(tmp_path, subject):
    path = tmp_path / "a.segmentation.dcm"
    shown = [[(10, 10, 12), (50, 30, 14)]] * 20
    _, written = run(path, shown, subject=subject, largest=15 * SIZE[0] * SIZE[1] // 8)
    assert [part.name for part in written] == [
        "a.segmentation.dcm", "a.part2.segmentation.dcm", "a.part3.segmentation.dcm",
    ]  # fmt: skip
    parts = [masks(part) for part in written]
    labels = [[it.SegmentLabel for it in dataset.SegmentSequence] for dataset, _ in parts]
    assert labels == [["Polyp 1"], ["Polyp 1", "Polyp 2"], ["Polyp 2"]]
    tracked = {
        (it.SegmentLabel, it.TrackingUID) for dataset, _ in parts for it in dataset.SegmentSequence
    }
    assert len(tracked) == 2
    assert len({dataset.SeriesInstanceUID for dataset, _ in parts}) == 1
    numbers = [number for _, told in parts for _, number, _ in told]
    assert numbers == [*range(1, 21), *range(1, 21)]
    run(path, shown, subject=subject, overwrite=True)
    assert sorted(left.name for left in tmp_path.glob("*.dcm")) == ["a.segmentation.dcm"]


# What cannot be.


def test_a_recording_that_is_no_dicom_has_nothing_to_refer_to(tmp_path, record, segmented):
    record(tmp_path / "a.mp4", frames=3)
    ended, _ = segmented(tmp_path / "a.mp4")
    assert ended.status == 1
    assert "is no DICOM, which a Segmentation needs to refer to" in ended.complaint
    assert list((tmp_path / "out").iterdir()) == []


def test_a_dicom_file_without_a_study_has_nothing_to_belong_to(tmp_path, coded, segmented):
    stream = Made(coded().read_bytes(), made.H264, 30, more={"StudyInstanceUID": ""})
    write_dicom(tmp_path / "a.dcm", stream)
    ended, _ = segmented(tmp_path / "a.dcm")
    assert ended.status == 1
    assert "lacks StudyInstanceUID" in ended.complaint


def test_a_video_that_is_stored_turned_is_refused(tmp_path, record, segmented):
    record(tmp_path / "a.mp4", frames=3, rotation=(180, False, False))
    write_dicom(tmp_path / "a.dcm", Made((tmp_path / "a.mp4").read_bytes(), made.H264, 3))
    ended, _ = segmented(tmp_path / "a.dcm")
    assert ended.status == 1
    assert "is stored turned" in ended.complaint


def test_redacting_and_naming_the_patient_exclude_each_other(video, process, tmp_path):
    ended = process(video, "-o", tmp_path / "b.mp4", "--segmentation", "--redact")
    assert ended.status == 2
    assert "a segmentation names its patient" in ended.complaint


def test_a_segmentation_that_exists_is_refused_and_left_alone(video, segmented):
    _, path = segmented(video)
    before = path.read_bytes()
    for other in path.parent.iterdir():
        if other != path and other.is_file():
            other.unlink()
    ended, _ = segmented(video)
    assert ended.status == 1
    assert "b.segmentation.dcm: exists already" in ended.complaint
    assert path.read_bytes() == before


def test_a_segmentation_in_a_folder_is_no_recording(video, segmented, process, tmp_path, files_in):
    _, path = segmented(video)
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "a.dcm").write_bytes(video.read_bytes())
    (archive / path.name).write_bytes(path.read_bytes())
    ended = process(archive, "-o", tmp_path / "again")
    assert ended.status == 0
    assert [name for name in files_in(tmp_path / "again") if name.endswith(".mp4")] == ["a.mp4"]
