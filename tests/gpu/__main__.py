"""`python -m tests.gpu`: the GPU's tests, then its benchmark, inside ten minutes.

Needs nothing but Python at first: on a machine that has torch and little else, `--wheels` names a
folder of the other packages (docs/gpu.md).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_S = 580.0
TESTS_S = 240.0
"""Of those, at most: a test that hangs leaves time to measure."""

RESERVE_S = 120.0
"""Before the end, from which on no further variant begins."""

PROBE = "import torch; raise SystemExit(0 if torch.cuda.is_available() else 3)"


def main() -> int:
    """Run both; the status is that of the first that failed, and 0 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--wheels", type=Path, help="packages to install aside first")
    parser.add_argument("--folder", type=Path, default=Path("docs/benchmarks"))
    asked = parser.parse_args()
    until = time.monotonic() + LIMIT_S
    probed = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=False)
    if probed.returncode:
        why = "no CUDA device" if probed.returncode == 3 else "no torch that can be imported"
        print(f"skipped: {why} here, so neither the GPU's tests nor its benchmark were run")
        return 0
    with tempfile.TemporaryDirectory(prefix="divergent-gpu-") as temporary:
        environment = dict(os.environ)
        environment.setdefault("DIVERGENT_CACHE", f"{temporary}/cache")
        if asked.wheels is not None:
            site = f"{temporary}/site"
            wheels = sorted(str(wheel) for wheel in asked.wheels.glob("*.whl"))
            offline = ["--no-index", "--no-deps", "--no-compile", "--target", site]
            install = [sys.executable, "-m", "pip", "install", "-q", *offline, *wheels]
            subprocess.run(install, check=True)
            paths = (site, environment.get("PYTHONPATH", ""))
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        tests = _run(["-m", "pytest", "tests/gpu", "-m", "gpu"], environment, TESTS_S)
        left = until - time.monotonic()
        options = ["--folder", str(asked.folder), "--within", f"{left - RESERVE_S:.0f}"]
        bench = _run(["-m", "tests.bench.gpu", *options], environment, left)
    return tests or bench


def _run(command: list[str], environment: dict[str, str], limit_s: float) -> int:
    try:
        return subprocess.run(
            [sys.executable, *command], env=environment, timeout=limit_s, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"ended after {limit_s:.0f} s: {' '.join(command)}")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
