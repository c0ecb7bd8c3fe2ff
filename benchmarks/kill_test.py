"""Kill a training run in every way at every moment, let it go on, and compare it with the run that was left alone.

python benchmarks/kill_test.py                  # writes benchmarks/results/kills.json
python benchmarks/kill_test.py --kills 110 --seed 3 --no-record

Each run is a child process of this one, forked with everything imported, that receives SIGKILL

- *at a line*: just before one of the lines of the modules that write the run's folder, at a random visit to it;
- *half written*: when half of a checkpoint, of the best one, of a history line or of a sample sheet is in its file;
- *at a time*: at a random moment, again and again until the run comes to its end.

Then the run goes on to its end, and every file that it leaves is compared with that of the undisturbed run: history
and samples byte for byte, checkpoints number for number. SIGKILL ends a process, not the machine: what the operating
system holds for the disk is still written. That a power cut finds the old file or the new one rests on the order of
fsync and rename, which tests/test_checkpoint.py holds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import torch
from measure import machine, write

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, atomic, checkpoint, folder, history, record, sessions, train

MODEL = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=12, batch_size=8, ema=0.9, flip=True)
EVERY = {"log_every": 2, "save_every": 3, "sample_every": 4}
PIXELS = torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte()
WRITERS = {module.__file__ for module in (atomic, checkpoint, folder, history, record, sessions)}


def run(out: Path, trainer: Trainer, told: Callable[[int], object] = lambda step: None) -> None:
    for stats in train(trainer, Images("noise", PIXELS), out, best=measure, fast=False, **EVERY):
        told(stats.step)


def measure(trainer: Trainer) -> float:
    """Something that goes up and down: some looks are the best so far, and some are not."""
    return float(torch.sin(trainer.steps_done * trainer.opt_g.param_groups[0]["params"][0].detach().sum()))


def new() -> Trainer:
    return Trainer(MODEL, RUN, "cpu")


# --- ways to die; each is called in the child and arranges its end


def at_line(file: str, line: int, visit: int) -> Callable[[], None]:
    """Before the given visit to a line."""

    def arrange() -> None:
        seen = 0

        def look(frame, event, arg):
            nonlocal seen
            if event == "line" and frame.f_lineno == line:
                seen += 1
                if seen == visit:
                    die()
            return look

        sys.settrace(lambda frame, event, arg: look if frame.f_code.co_filename == file else None)

    return arrange


def half_checkpoint(number: int) -> Callable[[], None]:
    """With half of the n-th checkpoint in its temporary file."""

    def half(whole, path, *parts):
        content = b"".join(parts)
        path.with_name(f".{path.name}.{os.getpid()}.part").write_bytes(content[: len(content) // 2])

    return _instead(atomic, "write", number, half)


def half_line(number: int) -> Callable[[], None]:
    """With half of the n-th line of the history or the sessions in the file."""

    def half(whole, path, entry):
        text = json.dumps(entry)
        with path.open("a") as file:
            file.write(text[: len(text) // 2])

    return _instead(history, "append", number, half)


def half_picture(number: int) -> Callable[[], None]:
    """With half of the n-th sample sheet in its file."""

    def half(whole, pixels, path):
        whole(pixels, path)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return _instead(folder, "write_picture", number, half)


def _instead(module, name: str, number: int, act: Callable) -> Callable[[], None]:
    def arrange() -> None:
        whole, seen = getattr(module, name), 0

        def watched(*arguments):
            nonlocal seen
            seen += 1
            if seen == number:
                act(whole, *arguments)
                die()
            return whole(*arguments)

        setattr(module, name, watched)

    return arrange


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# --- what is killed, and what is compared


def child(out: Path, arrange: Callable[[], None], after: float | None = None) -> tuple[bool, int]:
    """Run in a child. Returns whether it was killed, and the last step that it had finished."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            arrange()
            run(out, new(), lambda step: os.write(writer, bytes([step])))
        finally:
            os._exit(0)  # nothing of the parent's is cleaned up here
    os.close(writer)
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    steps = os.read(reader, 1000)
    os.close(reader)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, max(steps, default=0)


def files(out: Path) -> dict[str, object]:
    """All that a run leaves and that does not tell the time."""
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    found.pop("sessions.jsonl", None)
    return {
        name: flat(checkpoint.load(path)) if path.suffix == ".ckpt" else path.read_bytes()
        for name, path in sorted(found.items())
    }


def flat(value: object) -> object:
    """A checkpoint as something that `==` compares: each tensor as its shape, type and bytes."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), str(value.dtype), value.contiguous().numpy().tobytes()
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    return [flat(item) for item in value] if isinstance(value, list | tuple) else value


def visits(out: Path) -> Counter:
    """How often each line of the writers is visited in a run, beginning and going on."""
    seen: Counter = Counter()

    def look(frame, event, arg):
        if event == "line":
            seen[frame.f_code.co_filename, frame.f_lineno] += 1
        return look

    sys.settrace(lambda frame, event, arg: look if frame.f_code.co_filename in WRITERS else None)
    try:
        run(out, new())
    finally:
        sys.settrace(None)
    return seen


def lost(out: Path, reached: int) -> int:
    """Steps that a killed run has to make again. A file that cannot be read counts as none."""
    kept = 0
    for path in (out / "checkpoints").glob("step-*.ckpt"):
        kept = max(kept, checkpoint.load(path)["steps_done"])
    return reached - kept


class Tally:
    """Counts what was killed and compares what became of it."""

    def __init__(self, expected: dict[str, object]) -> None:
        self.expected, self.kills, self.failures, self.most_lost, self.swept = expected, Counter(), [], 0, 0

    def killed(self, how: str, out: Path, reached: int) -> None:
        self.kills[how] += 1
        missing = lost(out, reached)
        self.most_lost = max(self.most_lost, missing)
        self.swept += len(list(out.glob("checkpoints/.*.part")))
        if missing >= EVERY["save_every"]:
            self.failures.append(f"{how}: {missing} steps lost at step {reached}")

    def ended(self, how: str, out: Path) -> None:
        got = files(out)
        different = [name for name in got.keys() | self.expected.keys() if got.get(name) != self.expected.get(name)]
        if different:
            self.failures.append(f"{how}: {', '.join(sorted(different))} differ")


def kill_all(kills: int, seed: int, base: Path) -> dict:
    """Kill so many times, and report."""
    rng, began = random.Random(seed), time.perf_counter()
    lines = visits(base / "whole")
    start = time.perf_counter()
    run(base / "again", new())
    usual = time.perf_counter() - start
    tally = Tally(files(base / "whole"))
    tally.ended("the same run, once more", base / "again")

    ways = [(f"half a checkpoint, the {n}th", "half written", half_checkpoint(n)) for n in range(1, 8)]
    ways += [(f"half a line, the {n}th", "half written", half_line(n)) for n in range(1, 14)]
    ways += [(f"half a sample sheet, the {n}th", "half written", half_picture(n)) for n in range(1, 5)]
    chosen = rng.sample(sorted(lines), min(len(lines), max(0, (kills - len(ways)) * 3 // 4)))
    for file, line in chosen:
        visit = rng.randint(1, lines[file, line])
        ways.append((f"{Path(file).name}:{line}, visit {visit}", "at a line", at_line(file, line, visit)))
    for number, (what, how, arrange) in enumerate(ways):
        out = base / f"way-{number}"
        was_killed, reached = child(out, arrange)
        if not was_killed:
            tally.failures.append(f"{what}: was not killed")
            continue
        tally.killed(how, out, reached)
        run(out, new())
        tally.ended(what, out)

    number = 0
    while sum(tally.kills.values()) < kills:
        out, number, was_killed = base / f"time-{number}", number + 1, True
        while was_killed:
            was_killed, reached = child(out, lambda: None, rng.uniform(0, usual))
            if was_killed:
                tally.killed("at a time", out, reached)
        tally.ended(f"killed at times, run {number}", out)
    return {
        "kills": sum(tally.kills.values()),
        "by": dict(tally.kills),
        "lines_of_the_writers": len(lines),
        "failures": tally.failures,
        "most_steps_lost": tally.most_lost,
        "steps_between_saves": EVERY["save_every"],
        "temporary_files_left": tally.swept,
        "seconds": round(time.perf_counter() - began, 1),
        "seed": seed,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, metavar="N", help="at least so many [500]")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--no-record", action="store_true", help="print the result, and do not write it down")
    args = parser.parse_args()
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # SIGKILL does not ask where the files lie
    with tempfile.TemporaryDirectory(dir=memory) as base:
        result = kill_all(args.kills, args.seed, Path(base))
    print(json.dumps(result, indent=1))
    if not args.no_record:
        write("kills", result | {"machine": machine()})
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
