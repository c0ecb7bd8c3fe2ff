"""Run the unit tests on every Python 3.11 to 3.13 of this machine, each in an environment under .venvs/."""

import os
import shutil
import subprocess
import sys
import time
from glob import glob
from pathlib import Path

from tools.fingerprint import ROOT
from tools.venv import clock

VERSIONS = ("3.11", "3.12", "3.13")


def find(version: str) -> str | None:
    """A Python of this version: on the PATH, or pyenv's."""
    pyenv = sorted(glob(str(Path.home() / f".pyenv/versions/{version}.*/bin/python")))
    for candidate in [shutil.which(f"python{version}"), *reversed(pyenv)]:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return candidate
    return None


def test(version: str) -> str:
    """Install and test with one Python; returns the closing line."""
    if not (python := find(version)):
        return "not installed"
    own = version == "{}.{}".format(*sys.version_info)
    folder = ".venv" if own else f".venvs/{version}"
    start = time.monotonic()
    print(f"\n=== Python {version}: {python}", flush=True)
    if subprocess.run([python, "-m", "tools.venv", folder], cwd=ROOT).returncode:
        return "installation failed"
    command = [ROOT / folder / "bin" / "python", "-m", "pytest", "-q", "tests", "--ignore=tests/browser"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    result = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    print(result.stdout[-3000:], flush=True)
    return f"{result.stdout.strip().splitlines()[-1].strip('= ')}  [{clock(time.monotonic() - start)}]"


def main() -> None:
    results = {version: test(version) for version in VERSIONS}
    print("\nPython   unit tests")
    for version, closing in results.items():
        print(f"{version:8} {closing}")
    sys.exit(any("failed" in closing or "error" in closing for closing in results.values()))


if __name__ == "__main__":
    main()
