"""What people drew in annotation tools comes back through `manifest`, and what cannot is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from train.annotations.shapes import counts_of
from train.cli import run
from train.manifest import Sample, read_manifest
from train.pictures import read_mask

pytest.importorskip("pycocotools", reason="extra annotation")

HEIGHT, WIDTH = 60, 80

Written = Callable[..., Path]


def draw_picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (7, 9, 3), np.uint8)
    assert cv2.imwrite(str(path), cv2.resize(coarse, (WIDTH, HEIGHT)))


def disc(x: int, y: int, radius: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.circle(mask, (x, y), radius, 1, -1).astype(bool)


def cvat_mask(mask: np.ndarray, label: str = "polyp") -> str:
    """A mask as CVAT exports it: run lengths, row by row, of its box."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    samples = mask[top : top + height, left : left + width].ravel()
    edges = [0, *(np.flatnonzero(np.diff(samples)) + 1).tolist(), samples.size]
    lengths = [0] * bool(samples[0]) + np.diff(edges).tolist()
    return (
        f'<mask label="{label}" source="manual" occluded="0" rle="{str(lengths)[1:-1]}" '
        f'left="{left}" top="{top}" width="{width}" height="{height}" z_order="0"></mask>'
    )


def cvat_shape(kind: str, label: str = "polyp", **said: object) -> str:
    words = " ".join(f'{key}="{value}"' for key, value in said.items())
    return f'<{kind} label="{label}" source="manual" occluded="0" {words} z_order="0"></{kind}>'


def cvat_export(path: Path, shapes: dict[str, list[str]], size: tuple[int, int] = (80, 60)) -> Path:
    """`CVAT for images 1.1`, with the meta data that CVAT writes."""
    width, height = size
    images = "".join(
        f'<image id="{number}" name="{name}" width="{width}" height="{height}">\n'
        + "\n".join(drawn)
        + "</image>\n"
        for number, (name, drawn) in enumerate(shapes.items())
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta>'
        "<task><id>7</id><name>room 1</name><mode>annotation</mode><labels><label>"
        "<name>polyp</name><color>#fa3253</color><type>any</type><attributes></attributes></label>"
        "</labels></task><dumped>2026-01-01 08:00:00.000000+00:00</dumped></meta>\n"
        f"{images}</annotations>\n"
    )
    return path


def coco_export(path: Path, segmentations: dict[str, list[Any]], **more: Any) -> Path:
    """COCO instances; more keys for every annotation."""
    pictures = [
        {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
        for number, name in enumerate(segmentations, start=1)
    ]
    annotations = [
        {"id": 0, "image_id": number, "category_id": 3, "segmentation": one, "bbox": [0] * 4} | more
        for number, drawn in enumerate(segmentations.values(), start=1)
        for one in drawn
    ]
    content = {
        "info": {"description": ""},
        "categories": [{"id": 3, "name": "Polyp"}],
        "images": pictures,
        "annotations": annotations,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Four pictures of one recording."""
    for number in range(4):
        draw_picture(tmp_path / "room" / "images" / f"{number:06d}.png", number)
    return tmp_path / "room"


@pytest.fixture
def listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[Sample]]:
    """Runs `manifest` on folders and gives the rows; what it said is on `said`."""

    def rows(*words: object, status: int = 0) -> list[Sample]:
        path = tmp_path / "all.csv"
        path.unlink(missing_ok=True)
        capsys.readouterr()
        assert run(["manifest", *map(str, words), "-o", str(path)]) == status
        captured = capsys.readouterr()
        rows.said = captured.err  # type: ignore[attr-defined]
        rows.printed = captured.out  # type: ignore[attr-defined]
        return read_manifest(path) if status == 0 else []

    return rows


def masks_of(samples: list[Sample]) -> dict[str, np.ndarray | None]:
    return {
        sample.image.name: None if sample.mask is None else read_mask(sample.mask, (HEIGHT, WIDTH))
        for sample in samples
    }


def test_a_cvat_export_becomes_masks_and_negatives(room, tmp_path, listed) -> None:
    one, two = disc(30, 30, 15), disc(60, 20, 6)
    cvat_export(
        room / "annotations.xml",
        {
            "000000.png": [cvat_mask(one), cvat_mask(two)],
            "000001.png": [cvat_shape("polygon", points="10.00,10.00;40.00,10.00;40.00,30.00")],
            "000002.png": [cvat_shape("ellipse", cx=40, cy=30, rx=20, ry=10, rotation=90)],
            "000003.png": [],
        },
    )
    samples = listed(room, "--split", "train")
    assert listed.said == ""
    assert "train       room      4, 1 without a polyp" in listed.printed
    found = masks_of(samples)
    assert np.array_equal(found["000000.png"], one | two)
    triangle = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(triangle, [np.array([[10, 10], [40, 10], [40, 30]])], 1)
    assert np.count_nonzero(found["000001.png"] != (triangle > 0)) <= 60  # along its edge
    x, y, width, height = cv2.boundingRect(found["000002.png"].astype(np.uint8))
    assert (x, y, width, height) == (30, 10, 21, 41)
    assert found["000003.png"] is None
    assert samples[0].mask == tmp_path / "all.masks" / "room" / "000000.png"
    assert {sample.centre for sample in samples} == {"room"}


def test_a_coco_export_becomes_the_same_masks(room, listed) -> None:
    from pycocotools import mask as run_lengths

    one, two = disc(30, 30, 15), disc(60, 20, 6)
    packed = run_lengths.encode(np.asfortranarray(one.astype(np.uint8)))["counts"].decode()
    plain = [int(n) for n in np.diff([0, *(np.flatnonzero(np.diff(two.T.ravel())) + 1), two.size])]
    size = [HEIGHT, WIDTH]
    coco_export(
        room / "annotations" / "instances_default.json",
        {
            "000000.png": [{"size": size, "counts": packed}, {"size": size, "counts": plain}],
            "000001.png": [[[10, 10, 40, 10, 40, 30], [50, 50, 60, 50, 60, 55]]],
            "000002.png": [],
            "000003.png": [],
        },
    )
    found = masks_of(listed(room))
    assert listed.said == ""
    assert np.array_equal(found["000000.png"], one | two)
    assert 250 < np.count_nonzero(found["000001.png"]) < 400
    assert found["000002.png"] is None


def test_pictures_are_found_beside_below_and_by_their_subset(tmp_path, listed) -> None:
    draw_picture(tmp_path / "a" / "frames" / "x.png", 1)
    cvat_export(tmp_path / "a" / "annotations.xml", {"frames/x.png": []})
    for number, subset in enumerate(("train", "test"), start=2):
        draw_picture(tmp_path / "b" / "images" / subset / "x.png", number)
        coco_export(tmp_path / "b" / "annotations" / f"instances_{subset}.json", {"x.png": []})
    draw_picture(tmp_path / "c" / "x.png", 5)
    cvat_export(tmp_path / "c" / "annotations.xml", {"x.png": []})
    found = [
        sample.image.relative_to(tmp_path).as_posix()
        for sample in listed(*(tmp_path / name for name in "abc"))
    ]
    assert found == ["a/frames/x.png", "b/images/test/x.png", "b/images/train/x.png", "c/x.png"]
    assert listed.said == ""


def test_predictions_that_nobody_corrected_are_no_truth(room, listed) -> None:
    from stream.sink.annotations.file import UNCORRECTED
    from train.annotations.coco import UNCORRECTED as KNOWN

    assert UNCORRECTED == KNOWN
    path = coco_export(room / "a.coco.json", {"000000.png": []})
    content = json.loads(path.read_text()) | {"info": {"description": UNCORRECTED}}
    path.write_text(json.dumps(content))
    cvat = cvat_export(room / "a.cvat.xml", {"000000.png": []})
    cvat.write_text(cvat.read_text().replace("<meta>", f"<meta><uncorrected>{KNOWN}</uncorrected>"))
    listed(room, status=1)
    assert listed.said.count("holds what was predicted: correct it") == 2
    assert "0 pairs that can be used: nothing is written" in listed.said


def test_labels_that_nobody_explained_are_named_and_their_pictures_left_out(room, listed) -> None:
    forceps = cvat_mask(disc(10, 10, 5), "Forceps")
    cvat_export(
        room / "annotations.xml",
        {
            "000000.png": [cvat_mask(disc(30, 30, 9), "POLYP"), forceps],
            "000001.png": [cvat_mask(disc(30, 30, 9), "adenoma")],
            "000002.png": [],
            "000003.png": [cvat_mask(disc(30, 30, 9))],
        },
    )
    assert set(masks_of(listed(room))) == {"000002.png", "000003.png"}
    assert "1 pictures have shapes labelled 'Forceps'" in listed.said
    assert "1 pictures have shapes labelled 'adenoma'" in listed.said
    words = ("--label", "polyp", "adenoma", "--other-label", "forceps", "-y", "--strict")
    found = masks_of(listed(room, *words))
    assert listed.said == ""
    assert np.array_equal(found["000000.png"], disc(30, 30, 9))
    assert np.array_equal(found["000001.png"], disc(30, 30, 9))


BAD_CVAT = {
    "no area": (cvat_shape("box", xtl=1, ytl=1, xbr=9, ybr=9), "a box is no area"),
    "a line": (cvat_shape("polyline", points="1,1;2,2;3,1"), "a polyline is no area"),
    "two points": (cvat_shape("polygon", points="1,1;2,2"), "an outline is no polygon"),
    "no numbers": (cvat_shape("polygon", points="1,1;2,2;nan,1"), "an outline is no polygon"),
    "no pairs": (cvat_shape("polygon", points="left"), "a polygon is damaged"),
    "a mask out of the picture": (
        cvat_shape("mask", rle="0, 4", left=79, top=1, width=2, height=2),
        "a mask reaches out of the picture",
    ),
    "a mask left of the picture": (
        cvat_shape("mask", rle="0, 4", left=-1, top=1, width=2, height=2),
        "a mask reaches out of the picture",
    ),
    "too few run lengths": (
        cvat_shape("mask", rle="1, 2", left=1, top=1, width=2, height=2),
        "run lengths do not make up its size",
    ),
    "negative run lengths": (
        cvat_shape("mask", rle="5, -1", left=1, top=1, width=2, height=2),
        "run lengths do not make up its size",
    ),
    "a huge mask": (
        cvat_shape("mask", rle="0, 1", left=0, top=0, width=10**9, height=10**9),
        "a mask reaches out of the picture",
    ),
    "an ellipse far away": (
        cvat_shape("ellipse", cx=1e9, cy=1, rx=1e9, ry=1),
        "an ellipse lies far outside the picture",
    ),
    "a mask without its box": (cvat_shape("mask", rle="0, 4"), "a mask is damaged"),
}


@pytest.mark.parametrize("case", BAD_CVAT)
def test_a_bad_shape_leaves_its_picture_out(case, room, listed) -> None:
    shape, complaint = BAD_CVAT[case]
    pictures = {"000000.png": [shape], "000001.png": [], "000002.png": [], "000003.png": []}
    cvat_export(room / "annotations.xml", pictures)
    assert set(masks_of(listed(room))) == {"000001.png", "000002.png", "000003.png"}
    (line,) = listed.said.splitlines()
    assert "annotations.xml: 000000.png: " in line
    assert complaint in line
    listed(room, "--strict", "-y", status=1)


SIZE = [HEIGHT, WIDTH]
BAD_COCO = {
    "a box only": ([], "a box is no area"),
    "text that is no run lengths": ({"size": SIZE, "counts": "zzzz"}, "run lengths are damaged"),
    "text that breaks off": ({"size": SIZE, "counts": "PP"}, "run lengths are damaged"),
    "too few": ({"size": SIZE, "counts": "5"}, "do not make up its size"),
    "none": ({"size": SIZE, "counts": ""}, "do not make up its size"),
    "of another size": ({"size": [9, 9], "counts": [81]}, "another size than its picture"),
    "of a huge size": ({"size": [10**9, 10**9], "counts": [5, 5]}, "another size than its picture"),
    "something else": ("a file", "neither polygons nor run lengths"),
    "an outline far away": ([[-1e30, 0, 1e30, 0, 1e30, 1e30]], ""),
}


@pytest.mark.parametrize("case", BAD_COCO)
def test_a_bad_segmentation_leaves_its_picture_out(case, room, listed) -> None:
    segmentation, complaint = BAD_COCO[case]
    pictures = {"000000.png": [segmentation], **{f"00000{n}.png": [] for n in (1, 2, 3)}}
    coco_export(room / "annotations" / "instances_default.json", pictures)
    found = set(masks_of(listed(room)))
    if complaint:
        assert found == {"000001.png", "000002.png", "000003.png"}
        assert complaint in listed.said
    else:  # drawn as far as the picture goes
        assert found == {"000000.png", "000001.png", "000002.png", "000003.png"}


def test_a_bad_export_is_named(room, listed, tmp_path) -> None:
    whole = cvat_export(room / "annotations.xml", {"000000.png": []}).read_text()
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "torn.xml").write_text(whole[:-40])
    (bad / "video.xml").write_text(whole.replace("<image", '<track id="0"></track><image'))
    (bad / "nameless.xml").write_text(whole.replace('name="000000.png"', ""))
    (bad / "bomb.xml").write_text(whole.replace("<annotations>", "<!DOCTYPE a><annotations>"))
    (bad / "other.xml").write_text("<annotation><folder>VOC</folder></annotation>")
    (bad / "list.json").write_text("[1, 2]")
    (bad / "torn.json").write_text('{"images": [')
    (bad / "half.json").write_text('{"images": [{}], "annotations": [], "categories": []}')
    stray = {"image_id": 9, "category_id": 1}
    content = {"images": [], "annotations": [stray], "categories": []}
    (bad / "stray.json").write_text(json.dumps(content))
    listed(bad, status=1)
    said = listed.said.splitlines()
    assert len(said) == 6
    for name, complaint in (
        ("torn.xml", "breaks off or is damaged"),
        ("video.xml", "export it as CVAT for images"),
        ("nameless.xml", "is damaged (KeyError: 'name'): export it again"),
        ("half.json", "is damaged (KeyError: 'id'): export it again"),
        ("stray.json", "is damaged (KeyError: 9): export it again"),
    ):
        assert any(name in line and complaint in line for line in said), name


def test_pictures_that_are_missing_doubled_unlisted_or_of_another_size_are_named(
    room, listed, tmp_path
) -> None:
    draw_picture(room / "images" / "sub" / "twice.png", 8)
    draw_picture(room / "images" / "sub2" / "twice.png", 9)
    pictures = {"gone.png": [], "twice.png": [], "000000.png": []}
    cvat_export(room / "annotations.xml", pictures, size=(160, 120))
    listed(room, status=1)
    assert f"gone.png is not below {room}: export with the pictures" in listed.said
    assert "twice.png is there 2 times: keep one" in listed.said
    assert "does not list 3 pictures beside those that it lists" in listed.said
    assert "is 160x120 there, but the picture is 80x60" in listed.said
    assert not (tmp_path / "all.masks").exists()


def test_a_picture_with_two_masks_is_named(room, listed) -> None:
    names = {f"00000{n}.png": [cvat_mask(disc(30, 30, 9))] for n in range(4)}
    cvat_export(room / "annotations.xml", names)
    (room / "masks").mkdir()
    for name in names:
        cv2.imwrite(str(room / "masks" / name), np.zeros((HEIGHT, WIDTH), np.uint8))
    listed(room)
    assert listed.said.count("keep one") == 4


def test_an_older_folder_of_masks_is_replaced_only_when_told_and_only_if_it_is_ours(
    room, listed, tmp_path
) -> None:
    names = {f"00000{n}.png": [cvat_mask(disc(30, 30, 9))] for n in range(4)}
    cvat_export(room / "annotations.xml", names)
    listed(room)
    listed(room, status=1)
    assert "all.masks: is there already: give -y" in listed.said
    names["000000.png"] = []
    cvat_export(room / "annotations.xml", names)
    listed(room, "-y")
    assert not (tmp_path / "all.masks" / "room" / "000000.png").exists()
    (tmp_path / "all.masks" / "notes.txt").write_text("precious")
    listed(room, "-y", status=1)
    assert "holds more than drawn masks" in listed.said
    assert (tmp_path / "all.masks" / "notes.txt").exists()
    assert not (tmp_path / "all.masks.partial").exists()


def test_without_pycocotools_masks_come_back_and_polygons_say_what_they_need(
    room, listed, monkeypatch
) -> None:
    monkeypatch.setattr("nets.extras.find_spec", lambda name: None)
    polygon = cvat_shape("polygon", points="10,10;40,10;40,30")
    drawn = {"000000.png": [cvat_mask(disc(30, 30, 9))], "000001.png": [polygon]}
    cvat_export(room / "annotations.xml", drawn | {"000002.png": [], "000003.png": []})
    assert len(listed(room)) == 3
    assert "pip install 'divergentnets[annotation]'" in listed.said


def test_packed_run_lengths_are_those_of_cocos_own_tools() -> None:
    from pycocotools import mask as run_lengths

    generator = np.random.default_rng(3)
    for share in (0.0, 0.02, 0.5, 0.98, 1.0):
        mask = (generator.random((97, 61)) < share).astype(np.uint8, order="F")
        counts = counts_of(run_lengths.encode(mask)["counts"].decode())
        samples = np.repeat(np.arange(len(counts)) % 2, counts)
        assert np.array_equal(samples, mask.ravel(order="F"))
