"""The list a training or an evaluation goes through."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from train.errors import ManifestError, SettingsError
from train.listing import build_manifest
from train.manifest import COLUMNS, Sample, read_manifest, write_manifest

HEADER = ",".join(COLUMNS) + "\n"


def scene(seed: int, size: tuple[int, int] = (80, 60)) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (7, 9, 3), np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def put(folder: Path, name: str, seed: int) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:50] = 255
    assert cv2.imwrite(str(folder / "images" / f"{name}.png"), scene(seed))
    assert cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for number, centre in enumerate(("C1", "C5", "kvasir-seg")):
        for picture in range(2):
            put(tmp_path / "sets" / centre, str(picture), 10 * number + picture)
    return tmp_path / "sets"


def test_what_is_written_is_read_again(dataset: Path, tmp_path: Path) -> None:
    samples, problems = build_manifest([dataset], "paper-like")
    assert problems == []
    assert [sample.split for sample in samples] == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    path = tmp_path / "lists" / "all.csv"
    write_manifest(path, samples)
    assert read_manifest(path) == samples
    assert path.read_text().splitlines()[1].startswith("../sets/C1/images/0.png,../sets/C1/masks/0")
    assert [found.name for found in path.parent.iterdir()] == ["all.csv"]


def test_a_manifest_moves_with_its_folder(dataset: Path, tmp_path: Path) -> None:
    samples, _ = build_manifest([dataset])
    write_manifest(dataset / "all.csv", samples)
    moved = dataset.rename(tmp_path / "elsewhere")
    first = read_manifest(moved / "all.csv")[0]
    assert first.image == (moved / "C1/images/0.png").resolve()


def test_a_negative_frame_needs_no_mask(tmp_path: Path) -> None:
    (tmp_path / "seq6_neg").mkdir()
    assert cv2.imwrite(str(tmp_path / "seq6_neg" / "a.png"), scene(1))
    samples, problems = build_manifest([tmp_path], "endocv2021")
    assert problems == []
    assert [(s.mask, s.sequence, s.split) for s in samples] == [(None, "seq6_neg", "validation")]
    write_manifest(tmp_path / "m.csv", samples)
    assert ",none,sequences,seq6_neg,validation," in (tmp_path / "m.csv").read_text()
    assert read_manifest(tmp_path / "m.csv") == samples


def test_every_bad_pair_is_named_and_left_out(dataset: Path) -> None:
    centre = dataset / "C1"
    put(centre, "torn", 50)
    put(centre, "small", 51)
    put(centre, "grey", 52)
    torn = centre / "images" / "torn.png"
    torn.write_bytes(torn.read_bytes()[:500])
    cv2.imwrite(str(centre / "masks" / "small.png"), np.zeros((30, 40), np.uint8))
    cv2.imwrite(str(centre / "masks" / "grey.png"), scene(3)[..., 0] // 4)
    samples, problems = build_manifest([dataset])
    assert len(samples) == 6
    assert len(problems) == 3
    text = "\n".join(problems)
    assert "torn.png: is no picture that can be decoded" in text
    assert "small.png: mask is 40x30 but its image is 80x60" in text
    assert "grey.png:" in text
    assert "not a mask's" in text


def test_duplicates_across_splits_are_named_but_kept(dataset: Path) -> None:
    put(dataset / "kvasir-seg", "copy", 0)
    put(dataset / "kvasir-seg", "coded", 1)
    put(dataset / "C1", "twin", 1)  # within a split nothing leaks
    again = cv2.imencode(".jpg", scene(1), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    picture = cv2.imdecode(again, cv2.IMREAD_COLOR)
    cv2.imwrite(str(dataset / "kvasir-seg" / "images" / "coded.png"), picture)
    samples, problems = build_manifest([dataset], "paper-like")
    assert len(samples) == 9
    assert len(problems) == 3
    assert "C1/images/0.png (train)" in problems[0]
    assert "copy.png (test): the same file" in problems[0]
    assert all("coded.png (test): the same picture" in line for line in problems[1:])


def test_without_splits_duplicates_are_looked_for_across_centres(dataset: Path) -> None:
    put(dataset / "C5", "copy", 0)
    _, problems = build_manifest([dataset])
    assert len(problems) == 1
    assert "(C1)" in problems[0]
    assert "(C5)" in problems[0]


def test_folders_that_overlap_list_a_picture_once(dataset: Path) -> None:
    samples, problems = build_manifest([dataset, dataset / "C1"])
    assert len(samples) == 6
    assert problems == []


def test_a_fold_by_centre(dataset: Path) -> None:
    samples, _ = build_manifest([dataset], fold=2)
    held_out = {sample.centre for sample in samples if sample.split == "validation"}
    assert held_out == {"kvasir-seg"}
    assert {sample.centre for sample in samples if sample.split == "train"} == {"C1", "C5"}


def test_progress_reaches_its_end(dataset: Path) -> None:
    seen: list[tuple[int, int]] = []
    build_manifest([dataset], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 6) for n in range(1, 7)]


def test_wishes_that_exclude_each_other_are_refused(dataset: Path) -> None:
    with pytest.raises(SettingsError):
        build_manifest([dataset], "paper-like", split="train")


def test_a_file_that_is_no_manifest_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(path)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path)
    for content, message in (
        (b"", "row 1 must be image,mask,centre,sequence,split,sha256; it is empty"),
        (b"image;mask\n", "row 1 must be"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (HEADER.encode() + b'"a,b', "is not CSV"),
        (HEADER.encode() + b"a\x00b,,,,,\n", "'a\\x00b' is no file"),
        (HEADER.encode(), "has no rows"),
    ):
        path.write_bytes(content)
        with pytest.raises(ManifestError) as caught:
            read_manifest(path)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_every_wrong_row_and_column_is_named_at_once(dataset: Path) -> None:
    path = dataset / "m.csv"
    good = f"C1/images/0.png,C1/masks/0.png,C1,,train,{'0' * 64}\n"
    path.write_text(
        HEADER
        + good
        + "C1/images/none.png,C1/masks/none.png,,,train,xyz\n"
        + "one,two\n"
        + good
        + f",,C1,,,{'0' * 64}\n"
    )
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    message = str(caught.value)
    for part in (
        "row 3, column image: C1/images/none.png is no file",
        "row 3, column mask: C1/masks/none.png is no file",
        "row 3, column centre: is empty",
        "row 3, column sha256",
        "row 4: has 2 columns, not 6",
        "row 5, column image: C1/images/0.png stands in row 2 already",
        "row 6, column image: empty is no file",
        "row 6, column mask: empty is no file",
    ):
        assert part in message
    assert "row 2," not in message


def test_a_thousand_wrong_rows_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(HEADER + "x\n" * 1000)
    with pytest.raises(ManifestError, match="and 980 more") as caught:
        read_manifest(path)
    assert len(str(caught.value)) < 2000


def test_a_damaged_manifest_is_one_clear_line_or_read_right(dataset: Path) -> None:
    samples, _ = build_manifest([dataset], "paper-like")
    path = dataset / "m.csv"
    write_manifest(path, samples)
    whole = path.read_bytes()
    generator = np.random.default_rng(11)
    good = {(sample.image, sample.mask) for sample in samples}
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(generator.integers(1, 4)):
            place = int(generator.integers(len(damaged)))
            if generator.random() < 0.5:
                damaged[place] = int(generator.integers(256))
            else:
                del damaged[place : place + int(generator.integers(1, 200))]
        path.write_bytes(bytes(damaged))
        try:
            found = read_manifest(path)
        except ManifestError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert {(sample.image, sample.mask) for sample in found} <= good
    assert refused > 200


def test_a_folder_that_cannot_be_written_is_one_line(dataset: Path) -> None:
    sample = Sample(dataset / "a", None, "C1", "", "", "0" * 64)
    with pytest.raises(ManifestError, match="cannot be written"):
        write_manifest(dataset / "C1" / "images" / "0.png" / "m.csv", [sample])


def test_real_data_pair_up_without_a_problem(shared_data: Path) -> None:
    samples, problems = build_manifest([shared_data / "polypgen" / "C5"], "paper-like")
    assert problems == []
    assert len(samples) == 208
    assert {sample.split for sample in samples} == {"validation"}
