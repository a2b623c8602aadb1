"""The pre-warmed worker's own side: imports once, then forks a fresh process for every case.

    python -m tests.faults.warmed MODULE...

Reads one request a line and answers with one, both JSON; see `warm.Worker`. The forked process
leaves the loop and ends as any program does, its interpreter's own ending included.
"""

import ctypes
import faulthandler
import gc
import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.002
STACKS_BEFORE_END_S = 3.0
"""So long before a case counts as hung it shows where all its threads are."""

STOOD_STILL_S = 0.5
"""A longer time between two looks is one in which the machine slept, or gave all to others: a case
neither hangs nor is late for it."""

LINGER_S = 20.0
"""What processes that a case left may take to end by themselves."""


def main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or every case would look through, and so copy, all that is imported
    request = serve()
    if request is None:
        os._exit(0)
    become(request)


def serve() -> dict[str, Any] | None:
    """Answer requests; returns one in the process that is to be the case, else None."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    answers = os.fdopen(os.dup(1), "w")
    print(json.dumps({"ready": os.getpid()}), file=answers, flush=True)
    while line := sys.stdin.readline():
        request = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            answers.close()
            return request
        print(json.dumps(watch(child, request, started)), file=answers, flush=True)
    return None


def become(request: dict[str, Any]) -> None:
    """Be the case: its own session, folder, output and limits; then its function."""
    os.setsid()
    os.chdir(request["folder"])
    for number, name in enumerate(("/dev/null", "stdout.txt", "stderr.txt")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(name, flags, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.update(request["environment"])
    faulthandler.enable()
    faulthandler.dump_traceback_later(max(1.0, request["limit_s"] - STACKS_BEFORE_END_S))
    for name, most in request["limits"].items():
        if name.endswith("+"):  # so much more than it has now
            pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
            held = pages * resource.getpagesize()
        else:
            held = 0
        kind = getattr(resource, f"RLIMIT_{name.rstrip('+')}")
        resource.setrlimit(kind, (held + most, held + most))
    module, _, function = request["call"].partition(":")
    getattr(importlib.import_module(module), function)(*request["arguments"])


def watch(child: int, request: dict[str, Any], started: float) -> dict[str, Any]:
    """See a case end, by itself or at its limit, and whatever it leaves."""
    signals = sorted(request["signals"])
    timed_out, sent = False, None
    now, looked_at = 0.0, started
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        moment = time.monotonic()
        now += min(moment - looked_at, STOOD_STILL_S)
        looked_at = moment
        if pid:
            break
        if signals and now >= signals[0][0]:
            _, number, whom = signals.pop(0)
            sent = now if sent is None else sent
            _send(child, number, whom)
        if now > request["limit_s"] and not timed_out:
            timed_out = True
            _send(child, signal.SIGKILL, "group")
        time.sleep(POLL_S)
    left, lingered_s = _left(child)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": now,
        "timed_out": timed_out,
        "after_signal_s": None if sent is None else now - sent,
        "left": left,
        "lingered_s": lingered_s,
        "resident_mb": usage.ru_maxrss / 1024,
    }


def _send(child: int, number: int, whom: str) -> None:
    try:
        if whom == "group":
            os.killpg(child, number)
        else:
            os.kill(child, number)
    except ProcessLookupError:
        pass  # the group is not there yet, or all is over


def _left(child: int) -> tuple[list[str], float]:
    """Names of processes that outlive the case, and how long others took to end."""
    started = time.monotonic()
    while True:
        while _reaped():
            pass
        alive = _children()
        waited = time.monotonic() - started
        if not alive:
            return [], waited
        if waited > LINGER_S:
            break
        time.sleep(POLL_S)
    names = [_name(pid) for pid in alive]
    for pid in alive:
        _send(pid, signal.SIGKILL, "one")
    return names, waited


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] > 0
    except ChildProcessError:
        return False


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    return [int(pid) for pid in listed.split()]


def _name(pid: int) -> str:
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes()
        return said.replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return str(pid)


if __name__ == "__main__":
    main()
