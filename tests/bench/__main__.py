"""`python -m tests.bench WHAT...`: measures and prints; `--help` lists what."""

import argparse
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import chain, flicker, live, sightings, stages

DESCRIPTION = """Measure the chain on this machine, which should be idle:
chain: `process --weights fixed:` against PyAV decode → encode and other loops, in turn;
stages: core-seconds of each stage alone, and the chain with the compact ensemble beside them;
memory: resident memory after 500 and 2,000 frames; soak: after 1,000 and 100,000;
reconnect: 200 kills and restarts of a live sender; disconnected: a core's share while nobody sends;
gpu: the paper's ensemble on a GPU (`make gpu` runs the tests, too);
sightings: recall and false ones a minute on synthetic scenes, and what is seen in each --clip
(docs/sightings.md);
flicker: masks' change beyond the scene's motion, as they come and steadied, of each --clip too;
loader: augmented pictures a second that training is fed with;
engines: the CPU engine beside plain OpenVINO and ONNX Runtime, and what was tried beyond."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="*", default=["chain", "stages", "memory"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--clip", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--folder", type=Path, help="keep recordings there between runs")
    parser.add_argument("--weights", nargs="*", default=[], help="for engines")
    asked = parser.parse_args()
    results: dict[str, Any] = {"machine": platform.processor() or platform.machine()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measures = {
            "chain": lambda: chain.measure(chain.prepared(folder), folder),
            "stages": lambda: stages.measure(chain.prepared(folder), folder / "stages.mp4"),
            "memory": lambda: chain.memory(folder, (500, 2_000), (960, 540)),
            "soak": lambda: chain.memory(folder, (1_000, 100_000), (320, 240)),
            "reconnect": lambda: live.reconnect(folder),
            "disconnected": live.disconnected,
            "sightings": lambda: sightings.measure(asked.clip),
            "flicker": lambda: flicker.measure(asked.clip),
            "gpu": _gpu,
            "loader": lambda: _loader(folder),
            "engines": lambda: _engines(tuple(asked.weights), folder),
        }
        for what in asked.what:
            results[what] = measures[what]()
            print(json.dumps({what: results[what]}, indent=1), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _engines(weights: tuple[str, ...], folder: Path) -> dict[str, Any]:
    from tests.bench import engines  # imports PyTorch, which the others do without

    return engines.measure(weights, folder)


def _loader(folder: Path) -> dict[str, Any]:
    from tests.bench import loader  # imports PyTorch, which the others do without

    return loader.measure(folder)


def _gpu() -> dict[str, Any]:
    from tests.bench import gpu  # imports PyTorch, which the others do without

    return gpu.measure()


if __name__ == "__main__":
    main()
