"""Synthetic videos and data sets on disk."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from stream.errors import OutputExistsError, SettingsError, SinkError
from stream.source.synthetic import SyntheticScene
from stream.synth import write_dataset, write_video

CLIP = {"seed": 4, "seconds": Fraction(12, 25), "size": (320, 240), "layout": "octagon-right"}


def decode(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="gray"), frame)
            for frame in container.decode(stream)
        ]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    out = tmp_path_factory.mktemp("clip") / "scene.mp4"
    told = []
    masks = write_video(out, fps=Fraction(30000, 1001), progress=lambda *n: told.append(n), **CLIP)
    return out, masks, told


def test_video_and_masks_have_the_same_exact_times(clip):
    out, masks, told = clip
    assert masks.name == "scene.masks.mp4"
    expected = [index * Fraction(1001, 30000) for index in range(15)]
    assert [seconds for seconds, *_ in decode(out)] == expected
    assert [seconds for seconds, *_ in decode(masks)] == expected
    assert told == [(index + 1, 15) for index in range(15)]


def test_masks_are_lossless_truth(tmp_path):
    out = tmp_path / "late.mp4"
    masks = write_video(out, **{**CLIP, "seed": 7, "seconds": Fraction(3), "fps": Fraction(10)})
    scene = SyntheticScene(7, (320, 240), Fraction(10), layout="octagon-right")
    frames = decode(masks)
    assert any(truth.any() for _, truth, _ in frames)
    for index in (0, 16, 29):
        truth = frames[index][1]
        assert set(np.unique(truth)) <= {0, 255}
        np.testing.assert_array_equal(truth > 0, scene.render(index).mask)


def test_video_is_tagged_with_its_colours(clip):
    frame = decode(clip[0])[0][2]
    assert frame.format.name == "yuv420p"
    assert int(frame.colorspace) == 6
    assert int(frame.color_range) == 1


def test_nothing_but_the_two_files_is_left(clip):
    names = sorted(path.name for path in clip[0].parent.iterdir())
    assert names == ["scene.masks.mp4", "scene.mp4"]


def test_existing_video_is_replaced_only_when_asked(tmp_path):
    out = tmp_path / "scene.mp4"
    out.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"scene\.mp4 is there already"):
        write_video(out, **CLIP)
    assert out.read_text() == "mine"
    write_video(out, overwrite=True, **CLIP)
    assert len(decode(out)) == 12


def test_interrupted_video_leaves_nothing_behind(tmp_path):
    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "scene.mp4", progress=stop, **CLIP)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("scene.avi", {}, r"name it \.mp4"),
        ("scene.mp4", {"size": (321, 240)}, r"H\.264 needs even sides"),
        ("scene.mp4", {"layout": "round"}, "layout 'round' is unknown"),
    ],
)
def test_impossible_video_is_refused(tmp_path, name, change, complaint):
    with pytest.raises(SettingsError, match=complaint):
        write_video(tmp_path / name, **{**CLIP, **change})
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "set"
    write_dataset(out, 10, seed=40, size=(160, 128))
    return out


def test_every_picture_has_a_binary_mask_of_its_size(dataset):
    images, masks = sorted(dataset.glob("images/*")), sorted(dataset.glob("masks/*"))
    assert [path.name for path in images] == [f"{n:04d}.jpg" for n in range(10)]
    assert [path.name for path in masks] == [f"{n:04d}.png" for n in range(10)]
    for image, mask in zip(images, masks, strict=True):
        truth = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
        assert cv2.imread(str(image)).shape == (128, 160, 3)
        assert truth.shape == (128, 160)
        assert set(np.unique(truth)) <= {0, 255}


def test_dataset_has_pictures_with_and_without_polyps(dataset):
    masks = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in dataset.glob("masks/*")]
    assert 0.4 < np.mean([mask.any() for mask in masks]) < 0.95


def test_dataset_depends_on_its_seed_alone(dataset, tmp_path):
    write_dataset(tmp_path / "again", 2, seed=41, size=(160, 128))
    for folder, suffix in (("images", "jpg"), ("masks", "png")):
        again = (tmp_path / "again" / folder / f"0000.{suffix}").read_bytes()
        assert again == (dataset / folder / f"0001.{suffix}").read_bytes()


def test_existing_dataset_is_replaced_only_when_asked(tmp_path):
    out = tmp_path / "set"
    write_dataset(out, 2, seed=40, size=(96, 80))
    with pytest.raises(OutputExistsError):
        write_dataset(out, 1, seed=40, size=(96, 80))
    write_dataset(out, 1, seed=40, size=(96, 80), overwrite=True)
    assert len(list(out.glob("*/*"))) == 2
    (out / "notes.txt").write_text("keep me")
    with pytest.raises(SinkError, match="holds more than a data set"):
        write_dataset(out, 1, seed=40, size=(96, 80), overwrite=True)


def test_unwritable_folder_gives_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="cannot be written"):
        write_dataset(tmp_path / "file" / "set", 1, seed=40, size=(96, 80))
