"""Execute every chapter into the execution cache, several at a time, and show which cell each one is at.

Jupyter Book would execute them too, one after another and in silence; it then finds them here.
"""

import asyncio
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools.fingerprint import CACHE, ROOT, forget_stale_outputs

CELL_TIMEOUT = 600  # seconds
NUDGE = 2  # seconds between two looks for a message that was overslept: see `nudge`
HEARTBEAT = 20  # seconds between two lines when nobody watches a terminal


def minutes(notebook: nbformat.NotebookNode) -> float:
    """What the chapter's set-up cell says it takes; 0 where it says nothing."""
    found = (re.search(r"cpu_minutes=([\d.]+)", cell.source) for cell in notebook.cells)
    return max((float(match[1]) for match in found if match), default=0.0)


class Progress:
    """Where each running notebook is, written as one moving line in a terminal and as a line now and then elsewhere."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.at: dict[str, str] = {}
        self.terminal = sys.stdout.isatty()
        self.done = threading.Event()

    def clock(self) -> str:
        seconds = int(time.monotonic() - self.start)
        return f"{seconds // 60:2d}:{seconds % 60:02d}"

    def say(self, text: str) -> None:
        print(f"{chr(13)}\x1b[K{text}" if self.terminal else text, flush=True)

    def watch(self) -> None:
        while not self.done.wait(0.5 if self.terminal else HEARTBEAT):
            line = f"  {self.clock()}  " + ", ".join(f"{name} {cell}" for name, cell in sorted(self.at.items()))
            if self.terminal:
                print(f"\r\x1b[K{line[:110]}", end="", flush=True)
            else:
                print(line, flush=True)


async def nudge(client: NotebookClient) -> None:
    """Look now and then whether an answer of the kernel lies unnoticed.

    While nbclient waits for a cell, it also sends what widgets display: past asyncio, on the socket that it listens to.
    ZeroMQ tells of new messages once, and to whoever touches the socket next; so that sending can swallow the sign that
    the cell's own answer has come, and nbclient would wait until the cell times out. A poll looks afresh.
    """
    while client.kc is not None:
        for channel in (client.kc.shell_channel, client.kc.iopub_channel):
            await channel.socket.poll(1)  # milliseconds
        await asyncio.sleep(NUDGE)


def execute(path: Path, notebook: nbformat.NotebookNode, progress: Progress) -> float:
    """Run one notebook in place, in its own folder. Returns the seconds it took."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def at_cell(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if cell_index in code:
            progress.at[path.stem] = f"{code.index(cell_index) + 1}/{len(code)}"

    nudging: list[asyncio.Task] = []

    async def begin(notebook: nbformat.NotebookNode) -> None:
        nudging.append(asyncio.ensure_future(nudge(client)))

    start = time.monotonic()
    progress.at[path.stem] = "starting"
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        on_notebook_start=begin,
        on_cell_start=at_cell,
        record_timing=False,  # it would go into the cells, and the cache would not know them again
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    finally:
        for task in nudging:
            task.cancel()
        progress.at.pop(path.stem, None)
    return time.monotonic() - start


def execute_all(paths: list[Path], jobs: int) -> list[str]:
    """Execute those that the cache does not hold. Returns what went wrong, one text per failed notebook."""
    cache = get_cache(str(CACHE))
    todo: dict[Path, nbformat.NotebookNode] = {}
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
            print(f"  {path.stem}: unchanged", flush=True)
        except KeyError:
            todo[path] = notebook
    if not todo:
        return []

    # Each kernel gets its share of the cores: two kernels with two threads each would be slower than two with one.
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // min(jobs, len(todo))))
    progress, failures = Progress(), []
    threading.Thread(target=progress.watch, daemon=True).start()
    with ThreadPoolExecutor(jobs) as pool:
        slowest_first = sorted(todo, key=lambda path: -minutes(todo[path]))
        running = {pool.submit(execute, path, todo[path], progress): path for path in slowest_first}
        for future in as_completed(running):
            path = running[future]
            try:
                seconds = future.result()
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                progress.say(f"  {path.stem}: FAILED")
                failures.append(f"{path.relative_to(ROOT)} failed:\n{error}")
                continue
            bundle = CacheBundleIn(todo[path], str(path), data={"execution_seconds": seconds})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            progress.say(f"  {path.stem}: executed in {seconds:.0f} s")
    progress.done.set()
    return failures


def main() -> None:
    os.environ.pop("MPLBACKEND", None)  # a back end chosen for scripts would keep every figure out of the outputs
    jobs = int(os.environ.get("DCGAN_JOBS", min(4, os.cpu_count() or 1)))
    if forget_stale_outputs():
        print("  no outputs of this library, data and requirements are stored yet", flush=True)
    failures = execute_all(sorted((ROOT / "book").glob("*.ipynb")), jobs)
    if failures:
        raise SystemExit("\n\n".join(failures))


if __name__ == "__main__":
    main()
