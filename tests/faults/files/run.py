"""Damaged files: one clear line, or the answer of the whole file; never another without a word."""

import json
import random
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.faults.files import originals
from tests.faults.files.answer import ANSWER
from tests.faults.files.text import change_text
from tests.faults.result import Result, over
from tests.faults.streams import damage
from tests.faults.warm import Ended, Worker

HERE = "tests.faults.files.answer"
NETWORKS = (
    "train",  # before OpenCV, to which it tells how large pictures may be
    HERE,
    "torch",
    "segmentation_models_pytorch",
    "safetensors.torch",
    "nets.engine.eager",
    "nets.checkpoint",
    "train.dataset",
    "train.run_state",
    "train.settings",
    "stream.live.settings",
)

BYTES = (
    *(damage.flip_bits,) * 4,
    *(damage.damage_header,) * 3,
    *(damage.damage_numbers,) * 2,
    *(damage.truncate,) * 2,
    damage.overwrite,
    damage.cut_out,
    damage.insert,
    damage.swap,
)

NOISE = re.compile(r"libpng |\[ ?(WARN|ERROR):")
"""What OpenCV's libraries say by themselves of a damaged picture."""

Verdict = Callable[[Any, Any, Path], list[str]]


def damage_bytes(path: Path, rng: random.Random) -> str:
    """Damage a file in one way."""
    content = bytearray(path.read_bytes())
    done = rng.choice(BYTES)(content, rng)
    path.write_bytes(content)
    return f"{path.name}: {done}"


def damage_text(path: Path, rng: random.Random) -> str:
    """Damage a file of text, as text most times."""
    if rng.random() < 0.3:
        return damage_bytes(path, rng)
    text, done = change_text(path.read_text(encoding="utf-8"), rng)
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    return f"{path.name}: {done}"


def checkpoints(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Checkpoints, and states of trainings."""
    whole = _kept(folder)
    originals.write_member(whole / "one.safetensors", 1)
    originals.write_state(whole / "state.safetensors")

    def prepare(place: Path, rng: random.Random) -> tuple[str, str, list[str]]:
        call = rng.choice(("masks", "masks", "state"))
        name = "state.safetensors" if call == "state" else "one.safetensors"
        return damage_bytes(place / name, rng), call, [name]

    return _over(whole, numbers, prepare, same, workers)


def bundles(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Bundles: their description most times, a member or the card at others."""
    whole = _kept(folder)
    originals.write_bundle(whole / "bundle")
    for member in whole.glob("*.safetensors"):
        member.unlink()

    def prepare(place: Path, rng: random.Random) -> tuple[str, str, list[str]]:
        kind = rng.choices(("bundle.yaml", "README.md", "m2.safetensors"), (70, 10, 20))[0]
        change = damage_bytes if kind.endswith(".safetensors") else damage_text
        return change(place / "bundle" / kind, rng), "masks", ["bundle"]

    return _over(whole, numbers, prepare, same, workers)


def manifests(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Manifests, and the pictures and masks that they list."""
    whole = _kept(folder)
    originals.write_manifest(whole / "m.csv")

    def prepare(place: Path, rng: random.Random) -> tuple[str, str, list[str]]:
        if rng.random() < 0.8:
            return damage_text(place / "m.csv", rng), "samples", ["m.csv"]
        return damage_bytes(place / f"{rng.randrange(6)}.png", rng), "samples", ["m.csv"]

    return _over(whole, numbers, prepare, listed, workers)


def yamls(folder: Path, numbers: Sequence[int], workers: Sequence[Worker]) -> Result:
    """Settings of `process` and `live`, plans and recipes of trainings."""
    whole = _kept(folder)
    originals.write_settings(whole)
    files = {
        "process": ["stream/offline.yaml"],
        "live": ["stream/live.yaml"],
        "plan": sorted(str(path.relative_to(whole)) for path in whole.glob("ensembles/*.yaml")),
    }

    def prepare(place: Path, rng: random.Random) -> tuple[str, str, list[str]]:
        kind = rng.choice(tuple(files))
        name = rng.choice(files[kind])
        damaged = place / name
        if kind == "plan" and rng.random() < 0.4:
            damaged = place / "train" / "modern.yaml"
            name = "ensembles/compact.yaml"
        return damage_text(damaged, rng), "settings", [kind, name]

    return _over(whole, numbers, prepare, obeyed, workers)


def same(answer: Any, whole: Any, place: Path) -> list[str]:
    """An answer is the whole file's."""
    return [] if answer == whole else [f"another answer without a word: {str(answer)[:300]}"]


def listed(answer: Any, whole: Any, place: Path) -> list[str]:
    """Every picture with its mask is one of the whole manifest's."""
    known = {(name, digest) for name, _, digest in whole}
    strange = [name for name, _, digest in answer if (name, digest) not in known]
    return [f"{name} comes with another picture or mask" for name in strange]


def obeyed(answer: Any, whole: Any, place: Path) -> list[str]:
    """Settings are what the file says, as YAML is read by someone else."""
    if isinstance(answer, str):
        return []  # a plan, whose values were read as they are
    kind = "live" if "latency_limit" in answer or "sync" in answer else "offline"
    said = yaml.safe_load((place / "stream" / f"{kind}.yaml").read_text(encoding="utf-8")) or {}
    return [
        f"{key}: {value!r} became {answer.get(key)!r}"
        for key, value in said.items()
        if not _alike(value, answer.get(key))
    ]


def _alike(said: Any, taken: Any) -> bool:
    if isinstance(said, dict) and isinstance(taken, dict):
        return all(_alike(value, taken.get(key)) for key, value in said.items())
    if isinstance(taken, list):
        return [str(one) for one in taken] == [
            str(one) for one in (said if isinstance(said, list) else [said])
        ]
    if isinstance(said, str) and isinstance(taken, int | float):
        return said.strip()[0].isdigit()  # a bit rate or a size with its unit
    return said == taken or str(said) == str(taken)


def _kept(folder: Path) -> Path:
    whole = folder / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir(parents=True)
    return whole


def _over(
    whole: Path,
    numbers: Sequence[int],
    prepare: Callable[[Path, random.Random], tuple[str, str, list[str]]],
    verdict: Verdict,
    workers: Sequence[Worker],
) -> Result:
    """Damage a copy of the whole files for each number, and hold the answer against theirs."""
    kind = whole.parent.name
    answers: dict[tuple[str, ...], Any] = {}

    def ask(worker: Worker, place: Path, call: str, words: list[str]) -> tuple[Ended, Any]:
        ended = worker.run(place, *words, call=f"{HERE}:{call}")
        answer = place / ANSWER
        return ended, json.loads(answer.read_text("utf-8")) if answer.exists() else None

    def one(worker: Worker, number: int, result: Result) -> list[str]:
        rng = random.Random(f"{kind} {number}")
        place = whole.parent / f"{kind}{number}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place)
        done, call, words = prepare(place, rng)
        if (call, *words) not in answers:
            ended, answers[(call, *words)] = ask(worker, whole, call, words)
            assert ended.status == 0, ended.said
        ended, answer = ask(worker, place, call, words)
        problems = ended.faults()
        if not problems and ended.status:
            lines = [line for line in ended.said.splitlines() if not NOISE.match(line)]
            if ended.status != 1 or len(lines) != 1 or not lines[0].startswith("divergent: "):
                problems.append(f"status {ended.status} and {len(lines)} lines")
        elif not problems:
            problems += verdict(answer, answers[(call, *words)], place)
        result.most("slowest, s", ended.seconds)
        result.most("most memory, MB", ended.resident_mb)
        result.count("refused" if ended.status else "the same")
        if (place / "exploded").exists():
            problems.append("something in it was run")
        if not problems:
            shutil.rmtree(place)
        return [f"{done}: {problem} {ended.said[-300:]}" for problem in problems]

    return over(numbers, one, workers)
