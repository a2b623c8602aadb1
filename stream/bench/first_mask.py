"""How long a fresh process takes to its first map, and how much memory the engine alone needs."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from stream.errors import SinkError

HEIGHT, WIDTH = 1080, 1920
GREY = 120


def first_mask(weights: Sequence[str], device: str, precision: str) -> dict[str, Any]:
    """Start a process that opens an engine and answers one picture.

    Returns:
        `seconds` from its start to the answer, and what it had of `memory` by then.

    Raises:
        SinkError: it failed.
    """
    began = time.monotonic()
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", __name__, device, precision, *weights],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        last = (ended.stderr.strip() or "no reason given").splitlines()[-1]
        raise SinkError(f"a fresh process came to no mask: {last}")
    told: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return {"seconds": told["at"] - began, "memory_mib": told["memory_mib"]}


def _answer(device: str, precision: str, weights: Sequence[str]) -> dict[str, Any]:
    import numpy as np

    from nets.engine import open_engine
    from nets.picture import LAYOUTS, Colour, Picture

    layout = LAYOUTS["yuv420p"]
    planes = (np.full(shape, GREY, np.uint8) for shape in layout.plane_shapes(HEIGHT, WIDTH))
    picture = Picture(tuple(planes), layout, Colour.untagged(HEIGHT))
    with open_engine(weights, device=device, precision=precision) as engine:
        engine.predict([engine.prepare(picture, picture.whole)])
        at = time.monotonic()

        from stream.bench.machine import memory

        return {"at": at, "memory_mib": memory(engine.device)}


if __name__ == "__main__":
    print(json.dumps(_answer(sys.argv[1], sys.argv[2], sys.argv[3:])))
