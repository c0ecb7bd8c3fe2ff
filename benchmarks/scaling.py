"""What do several processes gain? One process with all threads against several that share the batch, in turn.

    python benchmarks/scaling.py            # some five minutes on two cores; the machine should be quiet
    python benchmarks/scaling.py --quick    # seconds: does it run?
    torchrun --nproc-per-node=8 benchmarks/scaling.py    # on GPUs: one line for this number of processes
    torchrun --nproc-per-node=2 benchmarks/scaling.py --check    # do they make the update of one? In float64

The first form takes the processes of this machine, over gloo: as many as there are cores, one thread each, with
synchronised batch norm and without, against one process with as many threads. All are alive at once and wait while
another one works; each round times each of them once. `x` is the median over the rounds of the ratio to one process.
The second form is run by torchrun, with each number of processes in turn, and adds to `scaling_gpu.json`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import socket
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

import measure
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.scaling import messages
from dcgan_lib.threads import wait_politely
from dcgan_lib.training import Trainer
from dcgan_lib.training.team import ALONE, Alone, join

SIZES = (256, 4096, 65_536, 1_048_576, 11_062_272, 14_306_816)  # bytes; the last two: the gradients of D and G


class Case(NamedTuple):
    """One pair of networks."""

    image_size: int
    width: int  # ngf and ndf
    batch: int
    steps: int  # timed at once
    rounds: int


CASES = (Case(32, 32, 128, 4, 15), Case(64, 64, 128, 1, 7))
ON_GPUS = (Case(64, 64, 128, 200, 5), Case(64, 64, 1024, 50, 5), Case(128, 128, 1024, 20, 5))
QUICK = (Case(16, 4, 8, 1, 2),)


class Form(NamedTuple):
    """One way to share the work."""

    name: str
    processes: int
    threads: int  # of each process
    sync: bool = True


def forms(cores: int) -> list[Form]:
    return [
        Form(f"1 process, {cores} threads", 1, cores),
        Form(f"{cores} processes, batch norm synchronised", cores, 1),
        Form(f"{cores} processes, batch norm of each", cores, 1, sync=False),
    ]


def steps_of(case: Case, team: Alone, sync: bool) -> Callable[[], tuple[float, float]]:
    """A function that makes the case's steps and gives the milliseconds of one: on the clock, and of this processor."""
    model = DCGANConfig(image_size=case.image_size, ngf=case.width, ndf=case.width)
    cfg = TrainConfig(batch_size=case.batch, sync_batch_norm=sync)
    trainer = Trainer(model, cfg, team.device or "cpu", team)
    rng = torch.Generator().manual_seed(0)
    shape = (case.batch, model.nc, model.image_size, model.image_size)
    pixels = team.share(torch.randint(0, 256, shape, dtype=torch.uint8, generator=rng)).to(trainer.device)

    def timed() -> tuple[float, float]:
        team.wait()
        start, busy = time.perf_counter(), time.process_time()
        for _ in range(case.steps):
            trainer.advance(pixels)
        team.wait()  # on a GPU, this waits for the device too
        taken = time.perf_counter() - start, time.process_time() - busy
        return taken[0] / case.steps * 1e3, taken[1] / case.steps * 1e3

    timed()  # loads code, fills caches
    return timed


def exchanges(team: Alone, times: int = 20) -> list[dict]:
    """Milliseconds of the mean over all processes, by size: the median of some exchanges."""
    rows = []
    for size in SIZES:
        values, taken = torch.ones(size // 4, device=team.device or "cpu"), []
        for i in range(times + 2):
            team.wait()
            start = time.perf_counter()
            team.sum_(values)
            if values.is_cuda:
                torch.cuda.synchronize()
            taken += [time.perf_counter() - start] if i > 1 else []
            values.fill_(1)
        rows.append({"bytes": size, "ms": measure.rounded(statistics.median(taken) * 1e3)})
    return rows


# --- on this machine's cores


def serve(line: Connection, form: Form, rank: int, port: int, case: Case) -> None:
    """One process of one form: time when asked to."""
    torch.set_num_threads(form.threads)
    env = {"RANK": rank, "WORLD_SIZE": form.processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in env.items()})
    with join("cpu") as team:
        timed = steps_of(case, team, form.sync)
        line.send(None)
        while (asked := line.recv()) is not None:
            line.send(timed() if asked == "steps" else exchanges(team))


class Group:
    """The processes of one form, alive until `close`."""

    def __init__(self, form: Form, case: Case) -> None:
        context, self.lines, port = get_context("spawn"), [], _free_port()
        for rank in range(form.processes):
            ours, theirs = context.Pipe()
            context.Process(target=serve, args=(theirs, form, rank, port, case), daemon=True).start()
            self.lines.append(ours)
        self._answers()

    def ask(self, what: str) -> list:
        """The answers of all processes."""
        for line in self.lines:
            line.send(what)
        return self._answers()

    def close(self) -> None:
        for line in self.lines:
            line.send(None)

    def _answers(self) -> list:
        if not all(line.poll(600) for line in self.lines):
            raise TimeoutError("a process does not answer: is the machine out of memory?")
        return [line.recv() for line in self.lines]


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(case: Case, cores: int) -> tuple[dict, list[dict]]:
    """One case's rows, and how long its processes' exchanges take."""
    groups = {form: Group(form, case) for form in forms(cores)}
    taken = {form: [] for form in groups}
    for _ in range(case.rounds):
        for form, group in groups.items():
            answers = group.ask("steps")
            taken[form].append((answers[0][0], sum(cpu for _, cpu in answers)))
    several = next(group for form, group in groups.items() if form.processes > 1)
    exchanged = several.ask("exchanges")[0]
    for group in groups.values():
        group.close()
    return {**case._asdict(), "rows": rows(taken, case)}, exchanged


def rows(taken: dict[Form, list[tuple[float, float]]], case: Case) -> list[dict]:
    """A row for each form, against the first one."""
    first = next(iter(taken.values()))
    model = DCGANConfig(image_size=case.image_size, ngf=case.width, ndf=case.width)
    found = []
    for form, times in taken.items():
        (wall, cpu), several = map(statistics.median, zip(*times)), form.processes > 1
        sizes = messages(model, form.sync).sizes if several else ()
        found.append({
            "form": form.name, "processes": form.processes, "threads": form.threads, "wall_ms": measure.rounded(wall),
            "wall_min_ms": measure.rounded(min(times)[0]), "cpu_ms": measure.rounded(cpu),
            "images_per_s": measure.rounded(case.batch / wall * 1e3),
            "x": measure.rounded(statistics.median(a[0] / b[0] for a, b in zip(first, times))), "messages": len(sizes),
        })  # fmt: skip
    return found


# --- on GPUs, by torchrun


def one_line(team: Alone, cases: tuple[Case, ...], write: bool) -> None:
    """Measure with this number of processes and add it to the report of the others."""
    line = {"processes": team.size, "rows": []}
    for case in cases:
        for sync in (True, False) if team.size > 1 else (True,):
            timed = steps_of(case, team, sync)
            wall = statistics.median(timed()[0] for _ in range(case.rounds))
            row = {**case._asdict(), "sync": sync, "wall_ms": measure.rounded(wall)}
            line["rows"].append(row | {"images_per_s": measure.rounded(case.batch / wall * 1e3)})
    line["exchanges"] = exchanges(team) if team.size > 1 else []
    if not team.leads:
        return
    print(measure.table(line["rows"]))
    if not write:
        return
    path = measure.RESULTS / "scaling_gpu.json"
    report = json.loads(path.read_text()) if path.exists() else {"question": "what do several GPUs gain?", "lines": []}
    others = [other for other in report["lines"] if other["processes"] != team.size]
    report |= {"machine": measure.machine(team.device or "cuda"), "lines": [*others, line]}
    report["lines"].sort(key=lambda line: line["processes"])
    print(f"{measure.write(path.stem, report)}: {team.size} processes")


def check(team: Alone, steps: int = 5) -> None:
    """The largest difference from one process after some steps, relative to the largest number: weights and buffers."""
    torch.set_default_dtype(torch.float64)
    model, cfg = DCGANConfig(image_size=32, ngf=16, ndf=16), TrainConfig(batch_size=8 * team.size)
    kinds = ((team, True), (ALONE, True), (team, False)) if team.size > 1 else ()
    states = []
    for members, sync in kinds:
        settings = dataclasses.replace(cfg, sync_batch_norm=sync)
        trainer = Trainer(model, settings, team.device, members)
        rng = torch.Generator().manual_seed(0)
        for _ in range(steps):
            real = torch.rand(cfg.batch_size, model.nc, 32, 32, generator=rng) * 2 - 1
            trainer.step(members.share(real).to(trainer.device))
        values = [v for net in (trainer.G, trainer.D) for v in net.state_dict().values()]
        states.append(torch.cat([v.flatten().double() for v in values]))
    if team.leads and states:
        far = [((state - states[1]).abs().max() / states[1].abs().max()).item() for state in (states[0], states[2])]
        print(f"{team.size} processes on {team.device}: {far[0]:.1e} from one process, {far[1]:.1e} unsynchronised")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="does it run? Nothing is written")
    parser.add_argument("--check", action="store_true", help="with torchrun: compare with one process in float64")
    parser.add_argument("--processes", type=int, default=min(len(os.sched_getaffinity(0)), 8), metavar="N")
    args = parser.parse_args()
    wait_politely()  # the processes below are started after this, and import torch anew
    if "TORCHELASTIC_RUN_ID" in os.environ:
        with join() as team:
            if args.check:
                return check(team)
            one_line(team, QUICK if args.quick else ON_GPUS, write=not args.quick)
        return
    report = {"question": "what do several processes gain?", "machine": measure.machine(), "cases": []}
    for case in QUICK if args.quick else CASES:
        found, report["exchanges"] = run(case, args.processes)
        report["cases"].append(found)
        print(f"{case.image_size} x {case.image_size}, width {case.width}, batch {case.batch}")
        print(measure.table(found["rows"]), flush=True)
    print(measure.table(report["exchanges"]))
    report["machine"]["load_average_after"] = [round(load, 1) for load in os.getloadavg()]
    if not args.quick:
        print(measure.write("scaling", report))


if __name__ == "__main__":
    main()
