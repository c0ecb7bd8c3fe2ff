"""A run whose folder cannot be written any more: what is in memory is kept elsewhere, or waited for."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from dcgan_lib.cli.common import say

WAIT = 30.0  # seconds between two tries where nothing can be written anywhere


def rescue(trainer, out: Path, given: str | None) -> Path:
    """Keep the state of this moment in `given` or, without or failing that, in the system's temporary folder.

    Where neither takes it, the process waits and tries again, its own folder too, until one does: the state is in
    its memory alone. Ctrl-C ends the waiting.

    Returns:
        The folder of the rescued run: its checkpoint and, if they could be copied, its history and best state.
    """
    from dcgan_lib.training.checkpoint import CannotWrite, save

    name = f"{out.resolve().name}-rescued"
    places = [Path(given).expanduser() / name] if given else []
    places += [Path(tempfile.gettempdir()) / name]
    while True:
        for place in [*places, out]:
            try:
                saved = save(trainer, place / "checkpoints")
            except CannotWrite as error:
                say(str(error))
                continue
            if place != out:
                _copy_the_rest(out, place)
            say(f"rescued: step {trainer.steps_done:,} is in {saved}")
            return place
        say(f"nothing could be written: the run waits in memory and tries again in {WAIT:.0f} s. Make room in {out}")
        time.sleep(WAIT)


def go_on_command(place: Path) -> str:
    """The command that goes on from the rescued folder: the last --out counts."""
    return shlex.join(["python", "-m", "dcgan_lib", *sys.argv[1:], "--out", str(place)])


def _copy_the_rest(out: Path, place: Path) -> None:
    for name in ("history.jsonl", "sessions.jsonl", "checkpoints/best.ckpt"):
        with suppress(OSError):  # the run goes on without
            shutil.copyfile(out / name, place / name)
