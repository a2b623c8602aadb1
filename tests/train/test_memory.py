"""What fits when a batch does not."""

import pytest
import torch

from train.memory import is_out_of_memory, largest_that_fits


@pytest.mark.parametrize(("room", "fits"), [(7, 4), (4, 4), (1, 1), (0, 0)])
def test_a_batch_is_halved_until_it_fits(room: int, fits: int) -> None:
    def attempt(batch: int) -> None:
        if batch > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    assert largest_that_fits(attempt, 16) == fits


def test_other_errors_are_not_taken_for_it() -> None:
    def attempt(batch: int) -> None:
        raise RuntimeError("shapes do not agree")

    with pytest.raises(RuntimeError, match="shapes"):
        largest_that_fits(attempt, 2)


def test_an_allocation_no_machine_has_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(ValueError("out of memory"))
