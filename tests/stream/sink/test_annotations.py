"""Masks for annotation tools: what COCO's own tools read of them, and what CVAT is told."""

import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.frame import Frame
from stream.prediction import Mask, Prediction, find_mask
from stream.sink.annotations import CocoFile, CvatFile

# Of pycocotools' own arrays, when it decodes.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

coco_tools = pytest.importorskip("pycocotools.coco", reason="extra annotation")

GREY = Picture((np.zeros((80, 100), np.uint8),), LAYOUTS["gray"], Colour(Matrix.BT601))
RING, INNER, FAR = 0.9, 0.8, 0.7


def frame(index: int) -> Frame:
    return Frame(index, index, 1, GREY, 0.0)


@pytest.fixture
def three() -> tuple[Mask, np.ndarray]:
    """A mask of three pieces, one of them inside another's box, and the same over the frame."""
    probability = np.zeros((80, 100), np.float32)
    cv2.circle(probability, (40, 30), 20, RING, 4)
    probability[28:33, 38:43] = INNER
    probability[70:76, 90:99] = FAR
    whole = Rect(0, 0, 100, 80)
    mask = find_mask(Prediction(0, whole, whole, probability, 0.0, 0.0), 0.5)
    return mask, probability > 0.5


@pytest.fixture
def nothing() -> Mask:
    return Mask(Rect(0, 0, 100, 80), Rect(0, 0, 0, 0), np.zeros((0, 0), np.uint8), (), (), (), 0.1)


def cvat_masks(image: ElementTree.Element) -> list[np.ndarray]:
    """The masks of an `image`, by CVAT's own rule: row by row, outside first."""
    masks = []
    for element in image.iter("mask"):
        counts = [int(count) for count in element.attrib["rle"].split(",")]
        left, top, width, height = (
            int(element.attrib[name]) for name in ("left", "top", "width", "height")
        )
        samples = np.repeat(np.arange(len(counts)) % 2, counts)
        whole = np.zeros((int(image.attrib["height"]), int(image.attrib["width"])), bool)
        whole[top : top + height, left : left + width] = samples.reshape(height, width)
        masks.append(whole)
    return masks


def test_cocos_own_tools_read_every_piece_with_its_score(tmp_path, three, nothing) -> None:
    mask, whole = three
    with CocoFile(tmp_path / "a.coco.json") as file:
        file.write(frame(0), nothing)
        file.write(frame(25), mask)
    read = coco_tools.COCO(tmp_path / "a.coco.json")
    assert [picture["file_name"] for picture in read.loadImgs(read.getImgIds())] == [
        "000000.png",
        "000025.png",
    ]
    assert read.getAnnIds(imgIds=[1]) == []
    found = read.loadAnns(read.getAnnIds(imgIds=[26]))
    masks = [read.annToMask(one).astype(bool) for one in found]
    assert np.array_equal(np.logical_or.reduce(masks), whole)
    assert [one["score"] for one in found] == [RING, FAR, INNER]
    assert [one["area"] for one in found] == [int(one.sum()) for one in masks]
    for one, drawn in zip(found, masks, strict=True):
        assert tuple(one["bbox"]) == cv2.boundingRect(drawn.astype(np.uint8))
    assert read.loadCats(1)[0]["name"] == "polyp"


def test_cvat_is_told_the_same_by_its_own_rule(tmp_path, three, nothing) -> None:
    mask, whole = three
    with CvatFile(tmp_path / "a.cvat.xml") as file:
        file.write(frame(0), nothing)
        file.write(frame(25), mask)
    root = ElementTree.parse(tmp_path / "a.cvat.xml").getroot()
    images = root.findall("image")
    assert [(image.get("id"), image.get("name")) for image in images] == [
        ("0", "000000.png"),
        ("25", "000025.png"),
    ]
    assert cvat_masks(images[0]) == []
    masks = cvat_masks(images[1])
    assert len(masks) == 3
    assert np.array_equal(np.logical_or.reduce(masks), whole)
    assert {element.get("label") for element in root.iter("mask")} == {"polyp"}
    assert root.findtext("meta/task/labels/label/name") == "polyp"


@pytest.mark.parametrize("kind", [CocoFile, CvatFile])
def test_what_an_error_leaves_can_be_read(kind, tmp_path, three) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(RuntimeError), kind(path) as file:
        file.write(frame(0), three[0])
        raise RuntimeError
    assert not path.exists()
    left = tmp_path / "a.partial.json"
    if kind is CocoFile:
        assert len(json.loads(left.read_text())["annotations"]) == 3
    else:
        assert len(list(ElementTree.parse(left).iter("mask"))) == 3


def test_process_writes_both_for_the_frames_that_it_writes(tmp_path, process) -> None:
    source, out = "synthetic:?seed=1&seconds=1&size=160x128", tmp_path / "a.mp4"
    words = ("--frames", 10, "--mask-images", "--coco", "--cvat", "--no-report")
    assert process(source, "-o", out, *words).status == 0
    names = sorted(path.name for path in (tmp_path / "a.frames").iterdir())
    assert names == ["000000.png", "000010.png", "000020.png"]
    read = coco_tools.COCO(tmp_path / "a.coco.json")
    images = ElementTree.parse(tmp_path / "a.cvat.xml").getroot().findall("image")
    assert [image.get("name") for image in images] == names
    for name, image, picture in zip(names, images, read.dataset["images"], strict=True):
        assert picture["file_name"] == name
        wanted = cv2.imread(str(tmp_path / "a.masks" / name), cv2.IMREAD_GRAYSCALE) > 0
        assert wanted.any()
        (drawn,) = cvat_masks(image)
        assert np.array_equal(drawn, wanted)
        (one,) = read.loadAnns(read.getAnnIds(imgIds=[picture["id"]]))
        assert np.array_equal(read.annToMask(one).astype(bool), wanted)
    refused = process(source, "-o", out, *words)
    assert refused.status == 1
    assert "exists already" in refused.complaint
    assert process(source, "-o", out, *words, "-y").status == 0


def test_without_frames_every_frame_is_listed(tmp_path, process) -> None:
    source = "synthetic:?seed=1&seconds=1&fps=5&size=160x128"
    assert process(source, "-o", tmp_path / "a.mp4", "--coco", "--no-report").status == 0
    read = json.loads((tmp_path / "a.coco.json").read_text())
    assert len(read["images"]) == 5
    assert not (tmp_path / "a.cvat.xml").exists()


def test_without_pycocotools_coco_is_refused_at_once_and_cvat_goes_on(
    tmp_path: Path, process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    words = ("synthetic:?seed=1&seconds=1&fps=5&size=160x128", "-o", tmp_path / "a.mp4")
    refused = process(*words, "--coco")
    assert refused.status == 1
    assert "pip install 'divergentnets[annotation]'" in refused.complaint
    assert list(tmp_path.iterdir()) == []
    assert process(*words, "--cvat", "--no-report").status == 0
