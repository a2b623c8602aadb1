"""What a case of damaged files does in its own process: one clear line, or an answer to compare."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ANSWER = "answer.json"


def told(answer: Callable[[], Any]) -> None:
    """Write an answer down, or say in one line why there is none, as the commands do."""
    from nets.errors import DivergentError

    try:
        said = answer()
    except DivergentError as problem:
        print(f"divergent: {problem}", file=sys.stderr, flush=True)
        os._exit(1)  # the libraries' own ending is long, talks, and is not on trial
    Path(ANSWER).write_text(json.dumps(said, default=str), encoding="utf-8")
    os._exit(0)


def masks(*weights: str) -> None:
    """Digest of what an ensemble says of a picture, by the reference engine."""
    import numpy as np

    from nets.bundle import read_weights
    from nets.engine import open_engine
    from nets.picture import Rect
    from nets.preprocessing import Prepared

    def answer() -> dict[str, str | float]:
        with open_engine(weights, device="eager") as engine:
            rng = np.random.default_rng(1)
            whole = Rect(0, 0, 64, 64)
            pictures = [
                rng.integers(0, 256, (each.height, each.width, 3), dtype=np.uint8)
                for each in engine.contracts
            ]
            maps = engine.predict([Prepared(tuple(pictures), whole, whole)])
            return {
                "maps": hashlib.sha256(maps.tobytes()).hexdigest(),
                "contracts": repr(engine.contracts),
                "grid": repr(engine.grid),
                "threshold": engine.threshold,
                "fingerprint": read_weights([Path(name) for name in weights]).fingerprint(),
            }

    told(answer)


def samples(manifest: str) -> None:
    """What a training would be given: every picture and mask of a manifest."""
    from nets.errors import DivergentError
    from nets.preprocessing import Preprocessing
    from train.dataset import Samples
    from train.manifest import read_manifest

    def answer() -> list[list[str]]:
        listed = read_manifest(Path(manifest))
        given = Samples(listed, Preprocessing(height=64, width=64), "none", seed=0)
        seen = []
        for place, sample in enumerate(listed):
            item = given[place]
            if isinstance(item, DivergentError):
                raise item
            image, mask = item
            digest = hashlib.sha256(image.numpy().tobytes() + mask.numpy().tobytes()).hexdigest()
            seen.append([sample.image.name, sample.split, digest])
        return seen

    told(answer)


def state(path: str) -> None:
    """Digest of a training's state."""
    import torch

    from train.run_state import read_state

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return hashlib.sha256(value.numpy().tobytes()).hexdigest() + str(value.dtype)
        if isinstance(value, dict):
            return [[str(key), plain(part)] for key, part in value.items()]
        if isinstance(value, list):
            return [plain(part) for part in value]
        return value

    told(lambda: plain(read_state(Path(path))))


def settings(kind: str, path: str) -> None:
    """Settings that a command would take from a file."""
    from stream.live.settings import LiveSettings
    from stream.settings import ProcessSettings, merged, plain
    from train.settings import read_plan

    def answer() -> Any:
        if kind == "plan":
            return repr(read_plan(Path(path)))
        return plain(merged(LiveSettings if kind == "live" else ProcessSettings, Path(path), {}))

    told(answer)
