"""Live capture over a long day, in short: senders that come and go, and nobody who sends."""

import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from stream.capture import Asked, Capture, CaptureOptions
from stream.frame import Frame
from stream.health import Event
from stream.loopback.prepared import write_prepared
from tests.stream.live.moving import moving_pictures

ROOT = Path(__file__).resolve().parents[2]

SILENT_S = 0.5
"""After which a sender counts as gone: short, so that every restart is a reconnection."""

SHOWN_S = 0.3
"""How long pictures flow between two kills."""

PATIENCE_S = 60.0

SETTLED = 20
"""Restarts after which memory should have settled; growth is counted from there."""


class Watch:
    """A capture of which only the latest frame and segment are kept."""

    def __init__(self, url: str, asked: Asked) -> None:
        self.segment = 0
        self.arrived = threading.Event()
        self.latest: Frame | None = None
        self.capture = Capture(
            url,
            CaptureOptions(asked),
            name="bench",
            on_frame=self._take,
            on_packet=None,
            on_event=self._hear,
        )

    def _take(self, frame: Frame) -> None:
        self.latest = frame
        self.arrived.set()

    def _hear(self, event: Event) -> None:
        self.segment = event.segment

    def await_frame(self) -> float:
        """Monotonic seconds at which the next frame arrives."""
        self.arrived.clear()
        if not self.arrived.wait(PATIENCE_S):
            raise RuntimeError(f"no picture for {PATIENCE_S:g} s: {self.capture.state}")
        assert self.latest is not None
        return self.latest.arrived_at


def start_sender(path: Path, url: str) -> "tuple[subprocess.Popen[str], float]":
    """A sender, and when its first keyframe left."""
    words = [sys.executable, "-m", "stream.loopback.sender", str(path), url]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process, time.monotonic()


def free_url() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"udp://127.0.0.1:{probe.getsockname()[1]}"


def held() -> dict[str, int]:
    """What this process and its readers hold: resident bytes, descriptors, threads."""
    main = psutil.Process()
    readers = [child for child in main.children() if "spawn_main" in " ".join(child.cmdline())]
    processes = [main, *readers]
    return {
        "resident_kib": sum(process.memory_info().rss for process in processes) >> 10,
        "descriptors": sum(process.num_fds() for process in processes),
        "threads": sum(process.num_threads() for process in processes),
    }


def reconnect(folder: Path, restarts: int = 200) -> dict[str, Any]:
    """A sender that is killed and started again, so many times."""
    path, url = folder / "prepared.ts", free_url()
    if not path.exists():
        write_prepared(path, moving_pictures((640, 360), 100))
    watch = Watch(url, Asked(open_s=10.0, silent_s=SILENT_S))
    watch.capture.start()
    waits, holds = [], []
    try:
        for _ in range(restarts + 1):
            sender, began = start_sender(path, url)
            try:
                waits.append(watch.await_frame() - began)
                time.sleep(SHOWN_S)
                holds.append(held())
            finally:
                sender.kill()
                sender.wait()
                sender.stdout.close()  # type: ignore[union-attr]
            time.sleep(SILENT_S)
        drops = dict(watch.capture.drops)
    finally:
        watch.capture.close()
    again, settled = waits[1:], holds[min(SETTLED, len(holds) - 1)]
    return {
        "restarts": restarts,
        "segments": watch.segment,
        "live_again_s": {
            "p50": round(statistics.median(again), 3),
            "max": round(max(again), 3),
        },
        "held_settled": settled,
        "held_at_the_end": holds[-1],
        "drops": drops,
    }


def disconnected(seconds: float = 60.0) -> dict[str, Any]:
    """Share of a core while nobody sends, this process and its reader together."""
    watch = Watch(free_url(), Asked())
    watch.capture.start()
    try:
        time.sleep(5.0)  # until the reader is there
        main = psutil.Process()
        processes = [main, *main.children()]
        before = sum(sum(process.cpu_times()[:2]) for process in processes)
        time.sleep(seconds)
        used = sum(sum(process.cpu_times()[:2]) for process in processes) - before
        state = str(watch.capture.state)
    finally:
        watch.capture.close()
    return {"seconds": seconds, "share_of_a_core": round(used / seconds, 4), "state": state}
