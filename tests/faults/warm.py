"""A worker that has everything imported and runs each case in a fresh process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]

CHAIN = ("stream.cli", "stream.commands", "stream.job", "nets.engine", "tests.faults.streams.plain")
"""What `process` without networks imports."""

COMMAND = "stream.cli:main"

LIMIT_S = 120.0
"""A case that takes longer hangs: the slowest takes seconds on a busy machine."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended.

    Attributes:
        status: of its process; negative where a signal ended it.
        seconds: how long it took.
        timed_out: whether it had to be ended.
        after_signal_s: from the first signal that was sent to it until it ended.
        left: processes that outlived it, and had to be ended.
        lingered_s: how long those took that it left and that ended by themselves.
        resident_mb: the most memory it held.
        said: on standard error.
        printed: on standard output.
    """

    status: int
    seconds: float
    timed_out: bool
    after_signal_s: float | None
    left: list[str]
    lingered_s: float
    resident_mb: float
    said: str
    printed: str

    @property
    def complaints(self) -> list[str]:
        """Lines for the user by which the program gave up."""
        return [line for line in self.said.splitlines() if line.startswith("divergent-")]

    def faults(self) -> list[str]:
        """What no case may do, whatever it was given."""
        found = []
        if self.timed_out:
            found.append("hung")
        if self.status < 0 and not self.timed_out and self.after_signal_s is None:
            found.append(f"crashed by signal {-self.status}")
        if "Traceback" in self.said or "a fault of the program" in self.said:
            found.append("traceback or fault of the program")
        if "Exception ignored" in self.said:
            found.append("an exception at its end")
        if self.left:
            found.append(f"left processes: {self.left}")
        return found


class Worker:
    """Runs cases one after another; a context manager."""

    def __init__(self, modules: Sequence[str] = CHAIN) -> None:
        """Start it; it imports while whoever asked goes on.

        Args:
            modules: imported once, before the first case.
        """
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "OPENBLAS_NUM_THREADS": "1",  # threads do not survive the fork
            "OMP_NUM_THREADS": "1",
            "MALLOC_PERTURB_": "85",  # what nobody wrote is no picture
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warmed", *modules],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = False

    def run(
        self,
        folder: Path,
        *arguments: object,
        call: str = COMMAND,
        limit_s: float = LIMIT_S,
        signals: Sequence[tuple[float, int, str]] = (),
        limits: Mapping[str, int] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run one case and see it end.

        Args:
            folder: that it works in; its output goes to `stdout.txt` and `stderr.txt` there.
            arguments: words of a command, or arguments of another function.
            call: `module:function`.
            limit_s: after which it counts as hung.
            signals: to send: after how many seconds, which, and to "one" or its "group".
            limits: of resources, by the names of `resource.RLIMIT_*`.
            environment: variables to set.
        """
        words = [str(word) for word in arguments]
        request: dict[str, Any] = {
            "call": call,
            "arguments": [words] if call.endswith(":main") else words,
            "folder": str(folder),
            "limit_s": limit_s,
            "signals": list(signals),
            "limits": dict(limits or {}),
            "environment": dict(environment or {}),
        }
        if not self._ready:
            self._answer()
            self._ready = True
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        said, printed = (
            (folder / name).read_bytes().decode(errors="replace")
            if (folder / name).exists()
            else ""
            for name in ("stderr.txt", "stdout.txt")
        )
        return Ended(said=said, printed=printed, **answer)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker of the faults has died")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        self.close()
