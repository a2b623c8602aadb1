"""Samples: the same for the same seed, epoch and index, whatever came before."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from nets.preprocessing import Preprocessing
from train.dataset import Samples, normalise
from train.errors import ManifestError
from train.evaluate import load_prepared
from train.manifest import Sample
from train.view import find_view_in

CONTRACT = Preprocessing(height=64, width=48)
RECIPES = ("paper-text", "paper-code", "modern")


def same(first, second) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_sample_is_a_function_of_seed_epoch_and_index(recipe, samples: list[Sample]) -> None:
    one = Samples(samples, CONTRACT, recipe, seed=4)
    other = Samples(samples, CONTRACT, recipe, seed=4, cache_bytes=0)
    one.epoch = other.epoch = 3
    forward = [one[index] for index in range(len(samples))]
    backward = [other[index] for index in reversed(range(len(samples)))][::-1]
    assert all(same(a, b) for a, b in zip(forward, backward, strict=True))


@pytest.mark.parametrize("recipe", RECIPES)
def test_another_epoch_or_seed_makes_another_sample(recipe, samples: list[Sample]) -> None:
    dataset = Samples(samples, CONTRACT, recipe, seed=4)
    first = dataset[1]
    dataset.epoch = 1
    assert not same(first, dataset[1])
    assert not same(first, Samples(samples, CONTRACT, recipe, seed=5)[1])


def test_an_item_has_the_networks_size_and_two_classes(samples: list[Sample]) -> None:
    for recipe in ("none", *RECIPES):
        for image, mask in (Samples(samples, CONTRACT, recipe, 0)[index] for index in range(4)):
            assert (image.shape, image.dtype) == ((64, 48, 3), torch.uint8)
            assert (mask.shape, mask.dtype) == ((64, 48), torch.uint8)
            assert set(mask.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize("resize", ["area", "bilinear", "nearest"])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("extent", ["view", "frame"])
def test_validation_sees_exactly_what_an_engine_is_shown(
    resize, order, extent, samples, framed, green_engine
) -> None:
    contract = replace(CONTRACT, resize=resize, order=order, extent=extent)
    engine = green_engine(contract)
    dataset = Samples([framed, *samples[:2]], contract, "none", 0)
    for index, sample in enumerate(dataset.samples):
        image, mask = dataset[index]
        _, truth, prepared = load_prepared(sample, engine, find_view_in)
        assert np.array_equal(image.numpy(), prepared.inputs[0])
        seen = truth[(prepared.view if extent == "view" else prepared.frame).slices()]
        small = cv2.resize(seen.astype(np.uint8), (48, 64), interpolation=cv2.INTER_NEAREST)
        assert np.array_equal(mask.numpy(), small)


def test_validation_looks_into_the_view_and_training_at_the_whole_frame(framed: Sample) -> None:
    def panel(recipe, extent: str) -> float:
        image, _ = Samples([framed], replace(CONTRACT, extent=extent), recipe, 0)[0]
        return (image.amax(2) < 5).float().mean().item()

    whole = 1 - (200 * 210) / (240 * 320)
    assert panel("none", "frame") == pytest.approx(whole, abs=0.02)
    assert panel("none", "view") < 0.02
    for recipe in ("paper-text", "paper-code"):  # a cut of `modern` may leave the panel out
        assert panel(recipe, "view") > 0.1


def test_decoding_ahead_changes_nothing_and_then_needs_no_files(
    samples: list[Sample], tmp_path: Path
) -> None:
    lazy = Samples(samples, CONTRACT, "modern", 0)
    ahead = Samples(samples, CONTRACT, "modern", 0)
    ahead.decode_all()
    items = [lazy[index] for index in range(len(samples))]
    for sample in samples:
        sample.image.unlink()
    assert all(same(item, ahead[index]) for index, item in enumerate(items))


def test_the_cache_keeps_no_more_than_it_may(samples: list[Sample]) -> None:
    dataset = Samples(samples, CONTRACT, "none", 0, cache_bytes=2 * 64 * 48 * 4)
    dataset.decode_all()
    for sample in samples:
        sample.image.unlink()
    kept = [index for index in range(len(samples)) if not isinstance(dataset[index], Exception)]
    assert len(kept) == 2


def test_the_cache_knows_a_picture_by_its_content(samples: list[Sample], tmp_path: Path) -> None:
    first, second = samples[:2]
    copy = replace(first, image=tmp_path / "copy.png")
    copy.image.write_bytes(first.image.read_bytes())
    other = replace(first, mask=None)  # the same picture with another mask is another sample
    dataset = Samples([first, copy, other, second], CONTRACT, "none", 0)
    dataset.decode_all()
    copy.image.unlink()
    assert same(dataset[0], dataset[1])
    assert dataset[0][1].any()
    assert not dataset[2][1].any()
    assert not torch.equal(dataset[0][0], dataset[3][0])


def test_a_picture_that_has_changed_since_the_manifest_was_made_is_named(
    samples: list[Sample],
) -> None:
    samples[1].image.write_bytes(samples[0].image.read_bytes())
    samples[1].mask.write_bytes(samples[0].mask.read_bytes())
    item = Samples(samples, CONTRACT, "none", 0)[1]
    assert isinstance(item, ManifestError)
    assert f"{samples[1].image}: has changed since the manifest was made" in str(item)


def test_what_cannot_be_read_is_given_as_the_error_it_is(samples: list[Sample]) -> None:
    samples[2].image.write_bytes(b"no picture")
    dataset = Samples(samples, CONTRACT, "none", 0)
    item = dataset[2]
    assert isinstance(item, ManifestError)
    assert str(samples[2].image) in str(item)
    with pytest.raises(ManifestError):
        dataset.decode_all()


def test_normalising_is_the_contracts_affine() -> None:
    contract = Preprocessing(mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.125))
    images = torch.full((1, 2, 4, 3), 51, dtype=torch.uint8)
    normalised = normalise(images, contract)
    assert normalised.shape == (1, 3, 2, 4)
    assert normalised.is_contiguous(memory_format=torch.channels_last)
    values = normalised[0, :, 0, 0]
    assert values.tolist() == pytest.approx([(0.2 - 0.1) / 0.5, 0.0, (0.2 - 0.3) / 0.125], abs=1e-6)
    raw = normalise(images, Preprocessing(unit_range=False, mean=(0, 0, 0), std=(1, 1, 1)))
    assert raw.unique().tolist() == [51.0]
