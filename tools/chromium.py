"""Find a Chromium for the browser tests, or install one.

python -m tools.chromium      prints where it is
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium: `$CHROMIUM`, the system's, or the one that playwright installed."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        path = p.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> list[str]:
    """Try the system's own package as root, then playwright's download. Returns what was tried and how it ended."""
    tried = []
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        packages = ["chromium", "fonts-dejavu-core"]
        attempts.insert(0, ["apt-get", "install", "-y", "--no-install-recommends", *packages])
        attempts.insert(0, ["apt-get", "update"])
    for command in attempts:
        print("  " + " ".join(command), flush=True)
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        tried.append(f"{' '.join(command)}: exit status {result.returncode}\n{result.stderr[-600:]}")
        if find():
            break
    return tried


def ensure() -> str:
    """The path of a Chromium, installed now if need be.

    Raises:
        SystemExit: there is none and none could be installed; the message says what was tried and what to do.
    """
    if path := find():
        return path
    print("The browser tests need a Chromium and there is none: installing one", flush=True)
    tried = install()
    if path := find():
        return path
    raise SystemExit(
        "error: no Chromium was found ($CHROMIUM, " + ", ".join(NAMES) + ", playwright's own) and none could be "
        "installed. What was tried:\n\n" + "\n".join(tried) + "\nInstall one yourself (Debian, Ubuntu: sudo apt-get "
        "install chromium fonts-dejavu-core; elsewhere: .venv/bin/playwright install --with-deps chromium), or say "
        "where one is: CHROMIUM=/path/to/chrome make test"
    )


if __name__ == "__main__":
    print(ensure())
