"""A picture and its mask as they come off the disk."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.errors import ManifestError
from train.pictures import read_mask, read_rgb


def disc(height: int = 60, width: int = 80) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return (rows - 30) ** 2 + (columns - 40) ** 2 < 15**2


def write(path: Path, picture: np.ndarray, *flags: int) -> Path:
    assert cv2.imwrite(str(path), picture, list(flags))
    return path


def test_red_comes_first(tmp_path: Path) -> None:
    blue_green_red = np.full((8, 9, 3), (10, 20, 200), np.uint8)
    rgb = read_rgb(write(tmp_path / "a.png", blue_green_red))
    assert rgb.shape == (8, 9, 3)
    assert rgb[0, 0].tolist() == [200, 20, 10]


@pytest.mark.parametrize("polyp", [1, 76, 255])
def test_a_lossless_mask_of_two_levels_means_itself(tmp_path: Path, polyp: int) -> None:
    mask = read_mask(write(tmp_path / "m.png", disc().astype(np.uint8) * polyp), (60, 80))
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, disc())


def test_a_sixteen_bit_mask_is_not_lost(tmp_path: Path) -> None:
    for polyp in (1, 255, 65535):
        path = write(tmp_path / f"{polyp}.png", disc().astype(np.uint16) * polyp)
        assert np.array_equal(read_mask(path, (60, 80)), disc())


def test_a_smoothed_mask_is_cut_in_the_middle(tmp_path: Path) -> None:
    smooth = cv2.GaussianBlur(disc().astype(np.uint8) * 255, (5, 5), 0)
    eight_bits = read_mask(write(tmp_path / "m.png", smooth), (60, 80))
    assert np.array_equal(eight_bits, smooth > 127)
    sixteen_bits = read_mask(write(tmp_path / "n.png", smooth.astype(np.uint16) * 257), (60, 80))
    assert np.array_equal(sixteen_bits, eight_bits)


def test_a_jpeg_mask_keeps_its_shape(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jpg", disc().astype(np.uint8) * 255, cv2.IMWRITE_JPEG_QUALITY, 75)
    levels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert len(np.unique(levels)) > 2  # the reason for the threshold
    mask = read_mask(path, (60, 80))
    assert np.array_equal(mask, disc())
    assert (levels > 0).sum() > mask.sum()  # what a threshold at 0 would have taken


def test_black_masks_are_empty_and_no_mask_is_too(tmp_path: Path) -> None:
    black = np.zeros((60, 80), np.uint8)
    assert not read_mask(write(tmp_path / "m.png", black), (60, 80)).any()
    assert not read_mask(write(tmp_path / "m.jpg", black), (60, 80)).any()
    nothing = read_mask(None, (60, 80))
    assert nothing.shape == (60, 80)
    assert not nothing.any()


def test_a_white_mask_is_all_polyp(tmp_path: Path) -> None:
    white = np.full((60, 80), 255, np.uint8)
    assert read_mask(write(tmp_path / "m.png", white), (60, 80)).all()


@pytest.mark.parametrize("levels", [(0, 1, 2), (0, 30, 90), (200, 201, 255), (1, 1, 1)], ids=str)
def test_levels_of_no_mask_are_refused(tmp_path: Path, levels: tuple[int, int, int]) -> None:
    picture = np.zeros((60, 80), np.uint8) + levels[0]
    picture[10:20] = levels[1]
    picture[30:40] = levels[2]
    with pytest.raises(ManifestError, match=r"m\.png.*not a mask's.*export it"):
        read_mask(write(tmp_path / "m.png", picture), (60, 80))


def test_a_faint_jpeg_mask_is_refused_instead_of_read_as_empty(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="not a mask's"):
        read_mask(write(tmp_path / "m.jpg", disc().astype(np.uint8) * 90), (60, 80))


def test_another_size_names_both(tmp_path: Path) -> None:
    path = write(tmp_path / "m.png", disc().astype(np.uint8) * 255)
    with pytest.raises(ManifestError, match="mask is 80x60 but its image is 100x50"):
        read_mask(path, (50, 100))


def test_a_turned_phone_picture_stays_as_its_mask_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jpg", np.zeros((60, 80, 3), np.uint8))
    tag = bytes.fromhex(
        "ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000"
    )
    path.write_bytes(path.read_bytes()[:2] + tag + path.read_bytes()[2:])
    assert read_rgb(path).shape == (60, 80, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".tif"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_file_that_breaks_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (64, 64, 3), np.uint8)
    path = write(tmp_path / f"a{suffix}", noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ManifestError, match=rf"a\{suffix}: .*export it again"):
        read_rgb(path)


def test_missing_files_and_folders_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        read_rgb(tmp_path / "none.png")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_rgb(tmp_path)


def test_a_picture_that_claims_to_be_huge_is_refused_without_making_room_for_it(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((48, 64, 3), np.uint8))
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 30_000, 30_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    script = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from train.errors import ManifestError\n"
        "from train.pictures import read_rgb\n"
        "try:\n"
        "    read_rgb(Path(sys.argv[1]))\n"
        "except ManifestError as problem:\n"
        # Not getrusage: there a child's peak begins with its parent's.
        "    told = Path('/proc/self/status').read_text()\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+)', told)[1], problem)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kilobytes, problem = said.split(" ", 1)
    assert "is no picture that can be decoded" in problem
    assert int(kilobytes) < 1_000_000
