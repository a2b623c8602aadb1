"""How many pictures at once the host's memory allows, told before anything is allocated.

Linux promises memory that it does not have, and ends a program when it is used: so what an
ensemble needs is estimated first.
"""

from collections.abc import Callable

from nets.errors import EngineError

COPIES_OF_WEIGHTS = 3
"""As the graph's constants, packed for the kernels, and while they are packed. Measured with both
ensembles of configs/ensembles: 2.1 once that is done."""

BYTES_A_SAMPLE = 3_000
"""Of a picture: what is between the layers while it is answered. Measured: up to 1,400."""

MIB = 2**20


def pictures_at_once(
    name: str,
    weights: int,
    samples: int,
    most: int,
    available: int | None,
    notify: Callable[[str], None],
) -> int:
    """How many pictures can be answered side by side.

    Args:
        name: of the ensemble.
        weights: bytes of its weights as they are converted.
        samples: of the largest picture that a member is shown: rows times columns.
        most: how many are wanted.
        available: bytes that can still be had; None if nobody knows.
        notify: told when it is fewer than wanted.

    Returns:
        From 1 to `most`.

    Raises:
        EngineError: not even one.
    """
    if available is None:
        return most
    each = BYTES_A_SAMPLE * samples
    fit = (available - COPIES_OF_WEIGHTS * weights) // each
    if fit < 1:
        needed = COPIES_OF_WEIGHTS * weights + each
        raise EngineError(
            f"{name} needs about {needed // MIB} MiB of memory and {available // MIB} MiB are "
            "free: end other programs, or name fewer members"
        )
    if fit < most:
        notify(f"warning: memory allows {name} {fit} pictures at once instead of {most}: slower")
    return min(fit, most)
