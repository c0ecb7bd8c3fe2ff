"""Everything that must hold, in four stages; each runs even if one before it failed, and a table closes.

python -m tools.check                 all stages
python -m tools.check unit notebooks  only these
"""

import os
import re
import subprocess
import sys
import time

from tools import chromium
from tools.fingerprint import ROOT
from tools.venv import clock

PYTEST = [sys.executable, "-m", "pytest", "-q"]
NBVAL = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600", "--nbval-kernel-startup-timeout=120"]
STAGES = {
    "unit": [*PYTEST, "tests", "--ignore=tests/browser", "--durations=5"],
    # --dist loadfile keeps one notebook's cells in one process
    "notebooks": [*PYTEST, *NBVAL, "-n", "2", "--dist", "loadfile", "book"],
    "book": [sys.executable, "-m", "tools.book"],
    "browser": [*PYTEST, "tests/browser", "--durations=5"],
}


def run(stage: str) -> tuple[bool, str]:
    """Run a stage with its output in sight. Returns whether it passed, and its closing line."""
    print(f"\n=== {stage}: {' '.join(STAGES[stage]).replace(sys.executable, 'python')}", flush=True)
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if stage != "book":  # which shares the cores among the chapters by itself
        env["OMP_NUM_THREADS"] = "1"
    start, last = time.monotonic(), ""
    with subprocess.Popen(STAGES[stage], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        while chunk := os.read(process.stdout.fileno(), 4096):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            last = (last + chunk.decode(errors="replace"))[-2000:]
    summary = [line for line in last.splitlines() if re.search(r"\d+ (passed|failed|error)|^It took", line)]
    closing = summary[-1].strip("= ") if summary else f"exit status {process.returncode}"
    return process.returncode == 0, f"{closing}  [{clock(time.monotonic() - start)}]"


def main() -> None:
    stages = sys.argv[1:] or list(STAGES)
    if "browser" in stages:
        os.environ["CHROMIUM"] = chromium.ensure()
    start = time.monotonic()
    results = {stage: run(stage) for stage in stages}
    print("\n=== all stages", flush=True)
    for stage, (passed, closing) in results.items():
        print(f"{'ok    ' if passed else 'FAILED'}  {stage:10} {closing}", flush=True)
    print(f"It took {clock(time.monotonic() - start)} after installation.", flush=True)
    sys.exit(0 if all(passed for passed, _ in results.values()) else 1)


if __name__ == "__main__":
    main()
