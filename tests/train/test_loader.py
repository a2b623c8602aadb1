"""Batches: their order, their shares, and what happens when a sample cannot be read."""

import pytest
import torch

from nets.preprocessing import Preprocessing
from train.dataset import Samples
from train.errors import ManifestError, TrainingError
from train.loader import Batches, read_batches, training_loader, validation_loader
from train.manifest import Sample

CONTRACT = Preprocessing(height=32, width=32)


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    batches, again = Batches(20, 4, seed=1), Batches(20, 4, seed=1)
    batches.epoch = again.epoch = 2
    assert list(batches) == list(again)
    first = list(batches)
    batches.epoch = 3
    assert list(batches) != first
    assert sorted(index for batch in batches for index in batch) == list(range(20))


def test_a_last_batch_that_is_not_full_is_left_out_unless_it_is_the_only_one() -> None:
    assert [len(batch) for batch in Batches(10, 4, seed=0)] == [4, 4]
    assert [len(batch) for batch in Batches(3, 4, seed=0)] == [3]


def test_devices_share_the_batches_of_a_single_one() -> None:
    alone = list(Batches(20, 4, seed=9))
    shares = [list(Batches(20, 4, seed=9, rank=rank, world=2)) for rank in range(2)]
    assert [first + second for first, second in zip(*shares, strict=True)] == alone


@pytest.mark.parametrize(("count", "size"), [(20, 5), (3, 4)])
def test_batches_that_cannot_be_shared_evenly_are_refused(count: int, size: int) -> None:
    with pytest.raises(TrainingError, match="multiple of 2"):
        Batches(count, size, seed=0, world=2)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_sample_in_the_middle_of_an_epoch_is_one_clear_line(
    samples: list[Sample], workers: int
) -> None:
    dataset = Samples(samples, CONTRACT, "modern", 0, cache_bytes=0)
    loader = training_loader(dataset, Batches(6, 2, seed=0), workers)
    samples[3].image.write_bytes(b"")
    with pytest.raises(ManifestError, match="no picture that can be decoded") as caught:
        list(read_batches(loader))
    assert "\n" not in str(caught.value)


def test_workers_change_no_sample_in_any_epoch(samples: list[Sample]) -> None:
    def epochs(workers: int) -> list[torch.Tensor]:
        dataset = Samples(samples, CONTRACT, "modern", 0)
        batches = Batches(6, 2, seed=0)
        loader = training_loader(dataset, batches, workers)
        parts = []
        for epoch in (5, 6):
            dataset.epoch = batches.epoch = epoch
            parts += [part for batch in read_batches(loader) for part in batch]
        return parts

    pairs = list(zip(epochs(0), epochs(2), strict=True))
    assert len(pairs) == 12
    assert all(torch.equal(alone, shared) for alone, shared in pairs)


def test_validation_goes_through_every_sample_in_order(samples: list[Sample]) -> None:
    dataset = Samples(samples, CONTRACT, "none", 0)
    ((images, masks),) = read_batches(validation_loader(dataset, 0))
    assert all(torch.equal(images[index], dataset[index][0]) for index in range(6))
    assert len(masks) == 6
