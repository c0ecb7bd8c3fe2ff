"""Make the virtual environment, or bring it up to date with requirements.txt.

It runs before anything is installed: standard library only, and no syntax that a Python too old cannot read, so that
such a Python can say so.

python3 -m tools.venv              .venv
python3 -m tools.venv .venvs/3.12  another place, with the Python that runs this
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        hand_over()
    folder = ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv")
    python, stamp = folder / "bin" / "python", folder / "requirements.sha256"
    wanted = hashlib.sha256((ROOT / "requirements.txt").read_bytes() + sys.version.encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return

    start = time.monotonic()
    print(f"Installing requirements.txt into {folder.relative_to(ROOT)} (about 6 GB, some minutes) ...", flush=True)
    make(folder)
    install(python, folder / "install.log")
    stamp.write_text(wanted)
    print(f"Installed in {clock(time.monotonic() - start)}.", flush=True)


def hand_over() -> None:
    """This Python is too old: run again with a newer one, if there is one."""
    for minor in (13, 12, 11, 14):
        newer = shutil.which(f"python3.{minor}")
        if newer and subprocess.run([newer, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0:
            os.execv(newer, [newer, "-m", "tools.venv"] + sys.argv[1:])
    sys.exit(
        f"error: Python 3.11 or newer is needed; this is {sys.version.split()[0]}, and no python3.11 to "
        "python3.14 is on the PATH.\n"
        "Install one (apt-get install python3.11 python3.11-venv, brew install python@3.12, python.org)."
    )


def make(folder: Path) -> None:
    """An empty environment with this Python; one of another Python is replaced."""
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear" if not same_python(folder) else "--upgrade", str(folder)],
        capture_output=True,
        text=True,
    )
    if result.returncode:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        sys.exit(
            f"error: {sys.executable} cannot make a virtual environment:\n{result.stdout}{result.stderr}\n"
            f"On Debian and Ubuntu: apt-get install python{version}-venv"
        )


def same_python(folder: Path) -> bool:
    """Whether an environment is there and was made by a Python of this version."""
    settings = folder / "pyvenv.cfg"
    return settings.exists() and f"version = {sys.version.split()[0]}" in settings.read_text()


def install(python: Path, log: Path) -> None:
    """pip install, its own words in `log` and one line that moves on the screen."""
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
    command += ["--disable-pip-version-check", "-r", "requirements.txt"]
    start, shown, terminal = time.monotonic(), -60.0, sys.stdout.isatty()
    with open(log, "w") as file:
        pip = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in pip.stdout:
            file.write(line)
            elapsed = time.monotonic() - start
            speaks = re.match(r"Collecting|Downloading|Using cached|Installing|Building", line)
            if speaks and (terminal or elapsed - shown > 10):
                shown = elapsed
                text = f"  {clock(elapsed)}  {line.strip()[:90]}"
                print(f"\r\x1b[K{text}" if terminal else text, end="" if terminal else "\n", flush=True)
        pip.wait()
    if terminal:
        print("\r\x1b[K", end="")
    if pip.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-20:])
        sys.exit(f"{tail}\nerror: pip install failed (exit status {pip.returncode}); the whole log is {log}")


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


if __name__ == "__main__":
    main()
