"""`python -m tests.bench [chain|memory]...`: measures on this machine and prints; JSON with `--json`."""

import argparse
import json
import tempfile
from pathlib import Path

from tests.bench import chain


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="*", default=["chain", "memory"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--folder", type=Path, help="keep recordings there between runs")
    asked = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if "chain" in asked.what:
            results["chain"] = chain.measure(folder)
            print(chain.report(results["chain"]), flush=True)
        if "memory" in asked.what:
            results["memory"] = chain.memory(folder)
            print(results["memory"], flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
