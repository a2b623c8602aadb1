"""The GPU under the clock: the paper's ensemble as `bench` measures it, and engine variants."""

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nets.bundle import Bundle
from nets.errors import DivergentError
from nets.preprocessing import Prepared

PAPER = "random:configs/ensembles/paper.yaml"
"""The paper's ensemble; random weights cost what trained ones do."""

SECONDS = 110.0
"""To measure; making the engines ready comes on top."""

VARIANT_SECONDS = 4.0
SIZES = (1, 16)
VARIANTS: dict[str, dict[str, Any]] = {
    "as it runs": {},
    "without graphs": {"graphs": False},
    "members in turn": {"side_by_side": False},
    "NCHW": {"channels_last": False},
    "fp16": {"precision": "f16"},
    "bf16": {"precision": "bf16"},
    "ReLU apart": {"joined": False},
    "single precision": {"precision": "f32"},
    "compiled": {"compiled": True},
}
"""What differs from the engine as it runs; the dearest to make ready comes last."""


def measure(
    weights: str = PAPER,
    seconds: float = SECONDS,
    until: float = float("inf"),
    keep: Callable[[dict[str, Any]], object] = lambda found: None,
) -> dict[str, Any]:
    """Measure everything on the first CUDA device.

    Args:
        weights: as `nets.engine.named_bundle`.
        seconds: about how long `bench` measures.
        until: `time.monotonic()` after which no further variant begins.
        keep: given what there is after each part.

    Raises:
        DivergentError: what a user can mend, such as a machine without a GPU.
    """
    from nets.engine import named_bundle
    from nets.engine.cuda import Cuda
    from stream.bench.run import Asked
    from stream.bench.run import measure as bench

    Cuda()  # refuses a machine without a device before anything is made
    found = bench(Asked((weights,), "cuda", seconds=seconds), _say, keep)
    bundle = named_bundle([weights])
    assert bundle is not None
    found["variants"] = _variants(bundle, until)
    return found


def _variants(bundle: Bundle, until: float) -> dict[str, Any]:
    """Batches of each size by each variant; why there is none where it failed."""
    found: dict[str, Any] = {}
    for name, options in VARIANTS.items():
        if time.monotonic() >= until:
            found[name] = {"left_out": "no time was left"}
            continue
        _say(f"variant: {name}")
        try:
            found[name] = _variant(bundle, dict(options))
        except (DivergentError, RuntimeError) as problem:
            found[name] = {"left_out": str(problem).splitlines()[0]}
    return found


def _variant(bundle: Bundle, options: dict[str, Any]) -> dict[str, Any]:
    from nets.engine.cuda import Cuda, CudaEngine
    from stream.bench.ensemble import batch_by_batch

    precision = options.pop("precision", "auto")
    began = time.monotonic()
    with CudaEngine(bundle, Cuda(**options), precision=precision, batches=SIZES) as engine:
        ready_s = time.monotonic() - began
        times = batch_by_batch(engine, _frames(engine.prepare), SIZES, VARIANT_SECONDS)
        return {
            "arithmetic": engine.arithmetic,
            "ready_s": ready_s,
            **{f"batch_{size}": taken.as_dict() for size, taken in times.items()},
        }


def _frames(prepare: Callable[..., Prepared]) -> list[Prepared]:
    """Frames at 1080p with texture, as the engine wants them."""
    import numpy as np

    from nets.picture import LAYOUTS, Colour, Matrix, Picture

    dice, layout = np.random.default_rng(0), LAYOUTS["yuv420p"]
    shapes = layout.plane_shapes(1080, 1920)
    pictures = [
        Picture(
            tuple(dice.integers(90, 160, shape, dtype=np.uint8) for shape in shapes),
            layout,
            Colour(Matrix.BT709),
        )
        for _ in range(4)
    ]
    return [prepare(picture, picture.whole) for picture in pictures]


def goals(found: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What was to be reached, how much, what was measured, and whether it was."""
    batches = {it["batch"]: it for it in found["batches"]}
    best = max(found["batches"], key=lambda it: it["pictures_per_second"])
    rate = best["pictures_per_second"]
    alone = next(it for it in found["paced"] if it["fps"] == 60 and it["rooms"] == 1)
    rooms = next(it for it in found["paced"] if it["rooms"] > 1)
    share = found["flat_out"]["share"]
    rows = [
        ("batch 1, p99", "≤ 5 ms", batches[1]["p99_ms"], "ms", batches[1]["p99_ms"] <= 5),
        (f"best batch ({best['batch']})", "≥ 500 frames/s", rate, "frames/s", rate >= 500),
        ("engine and overlay, 1080p60, p99", "≤ 16.7 ms", alone["p99_ms"], "ms",
         alone["p99_ms"] <= 16.7),
        (f"{rooms['rooms']} rooms of 1080p60, oldest mask", "≤ 33 ms", rooms["max_ms"], "ms",
         rooms["max_ms"] <= 33),
        ("offline 1080p, of `fixed:`", "≥ 0.95", share, "", share >= 0.95),
    ]  # fmt: skip
    authors = found.get("authors")
    if authors:
        times = rate * authors[f"{authors['baseline']}_ms"] / 1e3
        rows.append(("throughput, of the authors' way", "≥ 15", times, "", times >= 15))
    return [(what, aim, f"{value:.3g} {unit}".strip(), met) for what, aim, value, unit, met in rows]


def markdown(found: dict[str, Any], date: str) -> str:
    """The page for `docs/benchmarks`."""
    machine, engine, rates = found["machine"], found["engine"], found["rates"]
    libraries = ", ".join(
        f"{name} {machine[name]}" for name in ("python", "torch", "cuda", "av") if name in machine
    )
    facts = (
        f"`make gpu`, {date}: {machine['gpu']} ({machine['gpu_memory_gib']} GiB), "
        f"{machine['processor']} with {machine['cores']} cores; {libraries}. "
        f"{engine['weights']} on {engine['runs_on']}. In the same run the device multiplied "
        f"matrices at {rates['flop_per_second'] / 1e12:.0f} TFLOP/s in {rates['arithmetic']} and "
        f"copied at {rates['bytes_per_second'] / 1e12:.2f} TB/s, read and written."
    )
    percentiles = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
    parts = [
        f"# {machine['gpu']}",
        facts,
        "## To reach",
        _table(
            ("", "aim", "measured", "reached"),
            [(*row[:3], "yes" if row[3] else "no") for row in goals(found)],
        ),
        "## The ensemble, flat out",
        _table(
            ("batch", "p50 ms", "p95 ms", "p99 ms", "max ms", "frames/s", "of matrix rate",
             "of copy rate"),
            [
                (
                    str(it["batch"]),
                    *(f"{it[name]:.2f}" for name in percentiles),
                    f"{it['pictures_per_second']:.0f}",
                    *(f"{it[name]:.0%}" if name in it else "–" for name in
                      ("share_of_matrix_rate", "share_of_copy_bandwidth")),
                )
                for it in found["batches"]
            ],
        ),
        "## Frames that arrive by the clock, from arrival to a drawn mask",
        _table(
            ("frames/s", "rooms", "p50 ms", "p95 ms", "p99 ms", "max ms", "shown", "skipped"),
            [
                (
                    f"{it['fps']:g}",
                    str(it["rooms"]),
                    *(f"{it[name]:.2f}" for name in percentiles),
                    str(it["shown"]),
                    str(it["skipped"]),
                )
                for it in found["paced"]
            ],
        ),
        "## Variants of the engine",
        _table(
            ("", "arithmetic", "ready after s", *(f"batch {n}, p50 / p99 ms" for n in SIZES)),
            [_variant_row(name, it) for name, it in found["variants"].items()],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _variant_row(name: str, variant: dict[str, Any]) -> tuple[str, ...]:
    if "left_out" in variant:
        return (name, variant["left_out"], "–", *("–" for _ in SIZES))
    times = (variant.get(f"batch_{size}") for size in SIZES)
    shown = (f"{it['p50_ms']:.2f} / {it['p99_ms']:.2f}" if it else "–" for it in times)
    return (name, variant["arithmetic"], f"{variant['ready_s']:.0f}", *shown)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def page_name(gpu: str) -> str:
    """The page's file for a device."""
    return re.sub(r"[^a-z0-9]+", "-", gpu.lower()).strip("-") + ".md"


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Measure, write the page and the figures, and say where."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__)
    parser.add_argument("--weights", default=PAPER)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument(
        "--within", type=float, default=420.0, help="begin no variant after so long"
    )
    parser.add_argument("--folder", type=Path, default=Path("docs/benchmarks"))
    asked = parser.parse_args()
    until = time.monotonic() + asked.within
    asked.folder.mkdir(parents=True, exist_ok=True)

    def keep(found: dict[str, Any]) -> Path:
        """Write all that there is: whoever ends this early has that much."""
        page = asked.folder / page_name(found["machine"]["gpu"])
        page.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        return page

    try:
        found = measure(asked.weights, asked.seconds, until, keep)
    except DivergentError as problem:
        print(problem)
        return 1
    page = keep(found)
    page.write_text(markdown(found, time.strftime("%Y-%m-%d")), encoding="utf-8")
    print(f"written: {page}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
