"""What to say when a batch does not fit into memory."""

from collections.abc import Callable

import torch

SIGNS = ("out of memory", "can't allocate memory", "not enough memory")
"""What PyTorch's allocators say, on CUDA and on the CPU."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory did not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def largest_that_fits(attempt: Callable[[int], None], batch: int) -> int:
    """Halve a batch until it fits.

    Args:
        attempt: does the work of a batch of this size, and raises if memory does not suffice.
        batch: the size that did not fit.

    Returns:
        The largest halving of it that fits; 0 if not even one sample does.
    """
    while batch > 1:
        batch //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            attempt(batch)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            return batch
    return 0
