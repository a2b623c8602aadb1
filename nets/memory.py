"""How much of the host's memory can still be had."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
"""Where Linux tells of the machine's memory and of this container's share of it."""


def available_bytes(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """Bytes that a process can take before something is ended for want of memory.

    Args:
        meminfo: Linux's account of the machine's memory.
        cgroup: folder of the control group, version 2.

    Returns:
        The machine's or the container's, whichever is less; None where nothing tells.
    """
    found = [value for value in (_of_machine(meminfo), _of_container(cgroup)) if value is not None]
    return min(found, default=None)


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None


def _of_container(cgroup: Path) -> int | None:
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        statistics = (cgroup / "memory.stat").read_text(encoding="ascii").split()
        cached = int(statistics[statistics.index("inactive_file") + 1])
        return max(0, int(limit) - used + cached)  # what is cached of files gives way
    except (OSError, ValueError):  # no such file, or the limit is "max"
        return None
