"""Where published polyp data sets keep their pictures and masks."""

from pathlib import Path

import pytest

from train.layouts import Pair, find_pairs


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def named(pairs: list[Pair], root: Path) -> list[tuple[str, str | None, str, str]]:
    return [
        (
            pair.image.relative_to(root).as_posix(),
            pair.mask and pair.mask.relative_to(root).as_posix(),
            pair.centre,
            pair.sequence,
        )
        for pair in pairs
    ]


def test_polypgen_centres(tmp_path: Path) -> None:
    touch(tmp_path, "C1/images/a.jpg", "C1/masks/a_mask.png", "C2/images/b.jpg")
    touch(tmp_path, "C2/masks/b_mask.jpg", "C2/masks/b_mask.txt", "C2/bbox/b.txt")
    pairs, problems = find_pairs(tmp_path)
    assert named(pairs, tmp_path) == [
        ("C1/images/a.jpg", "C1/masks/a_mask.png", "C1", ""),
        ("C2/images/b.jpg", "C2/masks/b_mask.jpg", "C2", ""),
    ]
    assert problems == []


def test_polypgen_as_published(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "data_C3/images_C3/C3_EndoCV2021_00489_.jpg",
        "data_C3/masks_C3/C3_EndoCV2021_00489_mask.jpg",
        "data_C3/bbox_image_C3/C3_EndoCV2021_00489.jpg",
        "imagesAll_positive/C3_EndoCV2021_00489_.jpg",
        "sequenceData/positive/seq10/images_seq10/10_endocv2021_positive_1.jpg",
        "sequenceData/positive/seq10/masks_seq10/10_endocv2021_positive_1_mask.jpg",
        "sequenceData/positive/seq10/bbox_image_seq10/10_endocv2021_positive_1.jpg",
        "sequenceData/negativeOnly/seq2_neg/n1.jpg",
        "sequenceData/negativeOnly/seq2_neg/.DS_Store",
        "sequenceData/negativeOnly/seq3_neg/images_seq3_neg/n2.jpg",
    )
    pairs, problems = find_pairs(tmp_path)
    positive = "sequenceData/positive/seq10"
    negative = "sequenceData/negativeOnly"
    assert named(pairs, tmp_path) == [
        (
            "data_C3/images_C3/C3_EndoCV2021_00489_.jpg",
            "data_C3/masks_C3/C3_EndoCV2021_00489_mask.jpg",
            "C3",
            "",
        ),
        (f"{negative}/seq2_neg/n1.jpg", None, "sequences", "seq2_neg"),
        (f"{negative}/seq3_neg/images_seq3_neg/n2.jpg", None, "sequences", "seq3_neg"),
        (
            f"{positive}/images_seq10/10_endocv2021_positive_1.jpg",
            f"{positive}/masks_seq10/10_endocv2021_positive_1_mask.jpg",
            "sequences",
            "seq10",
        ),
    ]
    assert problems == []


@pytest.mark.parametrize("name", ["Kvasir-SEG", "segmented-images", "kvasir-seg"])
def test_kvasir_and_hyperkvasir_are_one_centre(tmp_path: Path, name: str) -> None:
    touch(tmp_path, f"{name}/images/x.jpg", f"{name}/masks/x.jpg")
    pairs, problems = find_pairs(tmp_path / name)
    assert named(pairs, tmp_path / name) == [("images/x.jpg", "masks/x.jpg", "kvasir-seg", "")]
    assert problems == []


def test_clinicdb_knows_its_sequences(tmp_path: Path) -> None:
    frames = ("1", "25", "26", "612")
    for kind in ("PNG", "TIF"):
        for frame in frames:
            for part in ("Original", "Ground Truth"):
                touch(tmp_path, f"CVC-ClinicDB/{kind}/{part}/{frame}.{kind.lower()}")
    pairs, problems = find_pairs(tmp_path)
    assert problems == []
    assert {pair.centre for pair in pairs} == {"CVC-ClinicDB"}
    assert {pair.image.stem: pair.sequence for pair in pairs} == {
        "1": "sequence1",
        "25": "sequence1",
        "26": "sequence2",
        "612": "sequence29",
    }
    assert {pair.image.suffix for pair in pairs} == {".png"}  # the same pictures stand there as tif


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/12.png", "masks/12.png"),
        ("images/12.tif", "masks/p12.tif"),
        ("ETIS-LaribPolypDB/12.bmp", "Ground Truth/p12.bmp"),
    ],
)
def test_etis(tmp_path: Path, image: str, mask: str) -> None:
    touch(tmp_path, f"ETIS/{image}", f"ETIS/{mask}")
    pairs, problems = find_pairs(tmp_path)
    assert named(pairs, tmp_path) == [(f"ETIS/{image}", f"ETIS/{mask}", "ETIS", "")]
    assert problems == []


def test_a_plain_folder_names_its_centre(tmp_path: Path) -> None:
    touch(tmp_path, "synthetic/images/0000.jpg", "synthetic/masks/0000.png")
    pairs, _ = find_pairs(tmp_path / "synthetic")
    assert [pair.centre for pair in pairs] == ["synthetic"]


def test_everything_that_does_not_pair_up_is_named_at_once(tmp_path: Path) -> None:
    touch(tmp_path, "a/images/alone.jpg", "a/images/two.jpg", "a/images/good.jpg")
    touch(tmp_path, "a/masks/two.png", "a/masks/two.bmp", "a/masks/good.png")
    touch(tmp_path, "a/masks/orphan.png", "b/masks/x.png")
    pairs, problems = find_pairs(tmp_path)
    assert [pair.image.name for pair in pairs] == ["good.jpg"]
    assert len(problems) == 4
    text = "\n".join(problems)
    assert "alone.jpg: has no mask in" in text
    assert "two.jpg: has two masks, two.bmp and two.png" in text
    assert "orphan.png: has no image in" in text
    assert "b: has masks/ but no images/ beside it" in text


def test_links_are_followed_but_not_round_and_round(tmp_path: Path) -> None:
    touch(tmp_path, "far/C1/images/a.jpg", "far/C1/masks/a_mask.png")
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "C1").symlink_to(tmp_path / "far" / "C1")
    (tmp_path / "far" / "C1" / "again").symlink_to(tmp_path / "sets")
    pairs, problems = find_pairs(tmp_path / "sets")
    assert named(pairs, tmp_path) == [
        ("sets/C1/images/a.jpg", "sets/C1/masks/a_mask.png", "C1", "")
    ]
    assert problems == []


def test_a_folder_without_anything_says_so(tmp_path: Path) -> None:
    assert find_pairs(tmp_path) == (
        [],
        [f"{tmp_path}: no images/ beside masks/ and no annotations anywhere in it"],
    )
    assert find_pairs(tmp_path / "none") == ([], [f"{tmp_path / 'none'}: no such folder"])
