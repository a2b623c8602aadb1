"""`make soak`: a live run of hours holds no more memory, files and threads, and gets no later.

    python -m tests.faults.soak paced --seconds 3600
    python -m tests.faults.soak fast --frames 200000

Paced is `synthetic:` at 30 frames a second. Fast is the same scene, recorded once and played in a
loop at 300: `synthetic:` itself draws fewer than 200. Both are recorded, clean and annotated, and
somebody looks at the preview. A line of figures is added to `--log` with every sample.
"""

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from stream.synth import write_video
from tests.faults.live.running import LiveRun, Looker, NotSoError
from tests.stream.publish.test_publisher import free_port

SIZE = (160, 128)
PACE, FAST = Fraction(30), Fraction(300)
LOOP_S = Fraction(5)

SAMPLES = 360
"""Of a run."""

WARM_UP = 0.1
"""Of the run: until then memory may grow."""

WAITING_BYTES = 4 * 2**20
"""For the recorder: the usual half a gigabyte fills and empties with what else the machine does."""

MAY_GROW_MB = 20.0
MAY_DRIFT_S = 0.003
"""By so much the median delay of the last quarter may be longer than that of the first."""

ENDED = (0, 128 + signal.SIGINT)

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Sample:
    """What a run holds at one moment, all its processes together.

    Attributes:
        seconds: since the first.
        resident_mb: what is shared counts once for each process.
        descriptors, threads: open now.
        cpu_s: of processor time since its start.
        roles: resident MB of each kind of process.
    """

    seconds: float
    resident_mb: float
    descriptors: int
    threads: int
    cpu_s: float
    roles: dict[str, float]


def sampled(run: LiveRun, began: float) -> Sample:
    """Look at all processes of a run."""
    resident: dict[str, float] = {}
    descriptors, threads, cpu_s = 0, 0, 0.0
    for process in run.tree():
        with suppress(psutil.NoSuchProcess):
            name = "main" if process.pid == run.process.pid else process.name()
            held = process.memory_info().rss / MEBIBYTE
            resident[name] = round(resident.get(name, 0.0) + held, 1)
            descriptors += process.num_fds()
            threads += process.num_threads()
            cpu_s += sum(process.cpu_times()[:2])
    total = round(sum(resident.values()), 1)
    passed = round(time.monotonic() - began, 1)
    return Sample(passed, total, descriptors, threads, round(cpu_s, 1), resident)


def soak(
    folder: Path,
    source: Sequence[str],
    frames: int,
    pace: Fraction,
    log: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Run until so many frames are shown; what it held, and how late it was.

    Args:
        folder: to work in.
        source: words that name it.
        frames: how many.
        pace: of the source.
        log: told of every sample.
    """
    port = free_port()
    (folder / "queue").write_text(str(WAITING_BYTES))
    samples: list[Sample] = []
    with Looker(port) as looker, LiveRun(folder, *source, "--preview", port, "--no-report") as run:
        run.wait(lambda: run.shown() > 100 and bool(run.processes()["preview"]), "pictures")
        began = time.monotonic()
        while (shown := run.shown()) < frames:
            if run.process.poll() is not None:
                raise NotSoError(f"the run ended: {run.said[-300:]}")
            samples.append(sampled(run, began))
            newest = run.notes()[-2000:]
            delay = 1000 * np.median(newest["shown"] - newest["arrived"])
            log(asdict(samples[-1]) | {"frames": shown, "delay_ms": round(float(delay), 2)})
            time.sleep(float(frames / pace / SAMPLES))
        status = run.end(120.0)
        figures = _figures(run, samples, status)
    figures["left"] = run.left
    figures["pictures in the preview"] = looker.pictures
    figures["problems"] = list(_problems(figures))
    return figures


def _figures(run: LiveRun, samples: Sequence[Sample], status: int) -> dict[str, Any]:
    warm = samples[int(WARM_UP * len(samples)) :]
    quarter = max(1, len(warm) // 4)
    notes = run.notes()
    delays = notes["shown"] - notes["arrived"]
    kept = len(notes) - int(WARM_UP * len(notes))
    first, last = delays[-kept : -kept * 3 // 4], delays[-kept // 4 :]
    room = run.latest["rooms"][0]
    recorder = room["recorder"]
    (file,) = run.record.glob("*.annotated.mp4")
    with av.open(str(file)) as container:
        pictures = sum(1 for packet in container.demux(video=0) if packet.size)
    return {
        "seconds": samples[-1].seconds,
        "status": status,
        "captured": room["captured"],
        "shown": room["shown"],
        "dropped": room["dropped"],
        "recorder captured": recorder["captured"],
        "recorded": recorder["recorded"],
        "lost": recorder["lost"],
        "pictures in the file": pictures,
        "resident MB, warm": warm[0].resident_mb,
        "resident MB, most": max(one.resident_mb for one in warm),
        "resident MB, last quarter": _middle(warm[-quarter:], "resident_mb"),
        "roles, warm": warm[0].roles,
        "roles, at the end": warm[-1].roles,
        "descriptors": [_middle(part, "descriptors") for part in (warm[:quarter], warm[-quarter:])],
        "threads": [_middle(part, "threads") for part in (warm[:quarter], warm[-quarter:])],
        "share of a core": round(
            (samples[-1].cpu_s - samples[0].cpu_s) / (samples[-1].seconds or 1), 3
        ),
        "delay, first quarter, ms": _spread(first),
        "delay, last quarter, ms": _spread(last),
        "mask delay, ms": {key: round(1000 * each, 1) for key, each in room["latency"].items()},
    }


def _middle(samples: Sequence[Sample], name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in samples))


def _spread(delays: Any) -> dict[str, float]:
    names, found = ("p50", "p95", "p99", "max"), np.percentile(1000 * delays, (50, 95, 99, 100))
    return {name: round(float(one), 2) for name, one in zip(names, found, strict=True)}


def _problems(figures: dict[str, Any]) -> Sequence[str]:
    found = []
    if figures["status"] not in ENDED:
        found.append(f"it ended with status {figures['status']}")
    if figures["left"]:
        found.append(f"it left {figures['left']}")
    if figures["captured"] != figures["shown"] + sum(figures["dropped"].values()):
        found.append("captured is not shown and dropped")
    if figures["recorder captured"] != figures["recorded"] + sum(figures["lost"].values()):
        found.append("captured is not recorded and lost")
    if figures["pictures in the file"] != figures["recorded"]:
        found.append("not all that is recorded is in the file")
    if figures["resident MB, most"] - figures["resident MB, warm"] > MAY_GROW_MB:
        found.append("memory grows")
    for what in ("descriptors", "threads"):
        if figures[what][1] > figures[what][0]:
            found.append(f"{what} become more")
    drift = figures["delay, last quarter, ms"]["p50"] - figures["delay, first quarter, ms"]["p50"]
    if drift > 1000 * MAY_DRIFT_S:
        found.append(f"it gets later by {drift:.1f} ms")
    return found


def source_of(what: str, folder: Path) -> list[str]:
    """Words that name what is shown."""
    if what == "paced":
        return [f"synthetic:?seed=7&seconds=inf&fps={PACE}&size={SIZE[0]}x{SIZE[1]}"]
    path = folder / "loop.mp4"
    write_video(path, seconds=LOOP_S, fps=FAST, size=SIZE)
    return [str(path), "--realtime", "--loop"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("what", choices=("paced", "fast"))
    parser.add_argument("--seconds", type=float, default=3600.0, help="of the paced run")
    parser.add_argument("--frames", type=int, default=200_000, help="of the fast run")
    parser.add_argument("--log", type=Path, help="file that gets a line for each sample")
    asked = parser.parse_args()

    def log(values: dict[str, Any]) -> None:
        if asked.log is not None:
            with asked.log.open("a", encoding="utf-8") as file:
                print(json.dumps(values), file=file)

    pace = PACE if asked.what == "paced" else FAST
    frames = round(asked.seconds * PACE) if asked.what == "paced" else asked.frames
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = Path(temporary)
        figures = soak(folder, source_of(asked.what, folder), frames, pace, log)
    print(json.dumps({asked.what: figures}, indent=1), flush=True)
    return int(bool(figures["problems"]))


if __name__ == "__main__":
    sys.exit(main())
