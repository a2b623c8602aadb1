"""`python -m tests.audit`: looks up known weaknesses of the locked dependencies, where it can.

pip-audit calls it a success when its service knows none of the packages, as behind a mirror that
serves files alone. So what counts here is how many were looked up.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
AUDIT = ("pip-audit", "-r", "requirements.lock", "--no-deps", "--disable-pip", "-f", "json")
LIMIT_S = 180


def main() -> int:
    """Tell what is known; the status is 1 where there is a weakness, and 0 where nobody knows."""
    uvx = shutil.which("uvx", path=str(Path(sys.executable).parent)) or shutil.which("uvx")
    if uvx is None:
        print("dependencies: not audited, there is no uvx here")
        return 0
    try:
        ended = subprocess.run(
            [uvx, *AUDIT, "--progress-spinner", "off"],
            cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        dependencies = json.loads(ended.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError, TypeError):
        print("dependencies: not audited, the service that knows weaknesses cannot be reached")
        return 0
    line, status = verdict(dependencies)
    print(line)
    return status


def verdict(dependencies: list[dict[str, Any]]) -> tuple[str, int]:
    """What to say of pip-audit's answer, and the status."""
    audited = [one for one in dependencies if "vulns" in one]
    weak = [one for one in audited if one["vulns"]]
    if weak:
        named = "; ".join(
            f"{one['name']} {one['version']}: {', '.join(known['id'] for known in one['vulns'])}"
            for one in weak
        )
        return f"dependencies: known weaknesses in {named}", 1
    if not audited:
        return f"dependencies: none of {len(dependencies)} could be looked up: not audited", 0
    return f"dependencies: {len(audited)} of {len(dependencies)} looked up, no weakness known", 0


if __name__ == "__main__":
    raise SystemExit(main())
