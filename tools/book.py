"""Build the book: execute every chapter, then make the static site with warnings as errors.

python -m tools.book          build into _build/html
python -m tools.book serve    show what was built on http://localhost:8000
"""

import functools
import http.server
import os
import subprocess
import sys
import time
from pathlib import Path

from tools.fingerprint import ROOT
from tools.venv import clock

SITE = ROOT / "_build" / "html"


def build() -> None:
    start = time.monotonic()
    print("Executing the chapters", flush=True)
    run([sys.executable, "-m", "tools.execute"])
    executed = time.monotonic()

    print("Building the site", flush=True)
    run([str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "-W", "-n", "--keep-going"])
    made = time.monotonic()
    print(
        f"\nThe book is in {SITE.relative_to(ROOT)}/index.html; `make serve` shows it.\n"
        f"It took {clock(made - start)} ({clock(executed - start)} to execute, {clock(made - executed)} to build).",
        flush=True,
    )


def run(command: list[str]) -> None:
    """Run in the project's folder; on failure end with the command's own exit status, as it has said why."""
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}).returncode
    if status:
        sys.exit(status)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Plain files, with the types that browsers insist on, and no chatter."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *args: object) -> None:
        pass


def serve(site: Path = SITE, port: int = int(os.environ.get("PORT", "8000"))) -> None:
    if not (site / "index.html").exists():
        sys.exit(f"error: there is no {site}/index.html; run `make book` first")
    handler = functools.partial(Handler, directory=str(site))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        sys.exit(f"error: port {port} cannot be used ({error.strerror}); try  make serve PORT={port + 1}")
    print(f"The book is at http://localhost:{port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else build()
