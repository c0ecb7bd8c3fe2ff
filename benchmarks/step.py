"""How fast is a training step on this processor? Each trick on top of the one before, against the usual recipe.

    python benchmarks/step.py            # some eight minutes; the machine should be quiet
    python benchmarks/step.py --quick    # seconds: does it run?

All forms make the same update (in bfloat16 with another rounding). They are timed in turn, one step of each a round;
`x` is the median over the rounds of the reference's time over the form's in the same round, `of the floor` the part of
the time that the step's multiply-adds take at the peak of matrix products, measured here in the same minute.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import measure
import torch
from reference_recipe import Reference
from variants import WholeBackward, default_layout

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.cost import Cost, cost
from dcgan_lib.peaks import copy_peak
from dcgan_lib.training import Trainer, tuning

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
REFERENCE = "reference"
WHOLE = ("+ channels last: the plain step", "fast", "plain, bf16", "fast, bf16")  # measured in every case


class Case(NamedTuple):
    """One pair of networks on one number of threads."""

    image_size: int
    width: int  # ngf and ndf
    batch: int
    threads: int
    seconds: float  # to measure for
    every: bool = True  # every trick, or only the whole ways


class Form(NamedTuple):
    """One way to make the step."""

    name: str
    precision: str
    call: Callable[[], object]
    plan: dict[str, str] | None = None  # of a tuned trainer


def cases(threads: int) -> list[Case]:
    """Those of the page of results: with all threads, then with one. At paper width one thread has a smaller batch."""
    together = [
        Case(64, 64, 128, threads, 75),
        Case(32, 32, 128, threads, 20),
        Case(64, 128, 128, threads, 120, every=False),
    ]
    alone = [Case(64, 64, 128, 1, 90), Case(32, 32, 128, 1, 20), Case(64, 128, 32, 1, 45, every=False)]
    return together + alone if threads > 1 else alone


QUICK = [Case(16, 4, 4, 1, 0.2), Case(16, 8, 4, 1, 0.2, every=False)]


def forms(case: Case) -> list[Form]:
    """The ways, from the usual recipe to the fastest, which is tuned for this case's sizes and threads."""
    model = DCGANConfig(image_size=case.image_size, ngf=case.width, ndf=case.width)
    cfg = TrainConfig(batch_size=case.batch)
    shape = (case.batch, model.nc, case.image_size, case.image_size)
    pixels = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0)).byte()
    real = pixels.float().div_(127.5).sub_(1)
    reference = Reference(model, cfg)

    def ours(name: str, precision: str = "fp32", kind: type[Trainer] = Trainer, plan=None, layout=lambda t: t) -> Form:
        trainer = layout(kind(model, dataclasses.replace(cfg, precision=precision), "cpu"))
        if plan is not None:
            tuning.apply(trainer, plan)
        return Form(name, precision, lambda: trainer.advance(pixels), plan)

    tuned = {precision: tune(model, cfg, precision) for precision in DTYPES}
    deepest = {"G.blocks.1.0": "product", f"D.blocks.{model.depth - 1}.0": "product"}
    found = [
        Form(REFERENCE, "fp32", lambda: reference.step(real)),
        ours("logits, no reading back", kind=WholeBackward, layout=default_layout),
        ours("+ D frozen in G's turn", layout=default_layout),
        ours("+ channels last: the plain step"),
        ours("+ deepest layers as products", plan=deepest),
        ours("fast", plan=tuned["fp32"]),
        ours("plain, bf16", "bf16"),
        ours("+ deepest layers as products, bf16", "bf16", plan=deepest),
        ours("fast, bf16", "bf16", plan=tuned["bf16"]),
    ]
    return [form for form in found if case.every or form.name in (REFERENCE, *WHOLE)]


def tune(model: DCGANConfig, cfg: TrainConfig, precision: str) -> dict[str, str]:
    """The plan that training on this machine would take."""
    return tuning.tune(Trainer(model, dataclasses.replace(cfg, precision=precision), "cpu"))


def run(case: Case, peak_seconds: float) -> dict:
    """Measure one case: a row for each form, with the peaks of this very minute."""
    torch.set_num_threads(case.threads)
    found = forms(case)
    peaks = {name: measure.peak(dtype, seconds=peak_seconds) for name, dtype in DTYPES.items()}
    times = measure.interleaved({form.name: form.call for form in found}, case.seconds)
    again = {name: measure.peak(dtype, seconds=peak_seconds) for name, dtype in DTYPES.items()}
    peaks = {name: max(peak, again[name]) for name, peak in peaks.items()}
    counted = cost(DCGANConfig(image_size=case.image_size, ngf=case.width, ndf=case.width))
    rows = [row(form, times, counted, case.batch, peaks[form.precision]) for form in found]
    return {
        **{name: getattr(case, name) for name in ("image_size", "width", "batch", "threads")},
        "rounds": len(times[REFERENCE].wall),
        "peak_gflops": {name: round(peak / 1e9) for name, peak in peaks.items()},
        "copy_gb_per_s": round(copy_peak(seconds=peak_seconds) / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "rows": rows,
    }


def row(form: Form, times: dict[str, measure.Times], counted: Cost, batch: int, peak: float) -> dict:
    mine, reference = times[form.name], times[REFERENCE]
    floor = counted.floor(batch, peak) * 1e3
    found = {"form": form.name, "precision": form.precision, **mine.row()}
    found |= {
        "x": measure.rounded(mine.times_faster_than(reference)),
        "x_cpu": measure.rounded(reference.row()["cpu_ms"] / mine.row()["cpu_ms"]),
        "images_per_s": measure.rounded(batch / mine.median() * 1e3),
        "gflops": measure.rounded(counted.flops(batch) / mine.median() / 1e6),  # of useful work: the minimal step's
        "floor_ms": measure.rounded(floor),
        "of_the_floor": measure.rounded(floor / mine.median()),
    }
    return found | ({"plan": form.plan} if form.plan is not None else {})


def show(found: dict) -> str:
    head = "{image_size}x{image_size}, width {width}, batch {batch}, {threads} thread(s), {rounds} rounds".format(
        **found
    )
    peaks = ", ".join(f"{name} {peak:,} GFLOP/s" for name, peak in found["peak_gflops"].items())
    lines = [{k: v for k, v in r.items() if k not in ("plan", "wall_min_ms", "precision")} for r in found["rows"]]
    return f"\n{head}; peaks of matrix products: {peaks}; load {found['load_average']}\n" + measure.table(lines)


def main(given: Sequence[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--threads", type=int, default=min(os.cpu_count() or 1, 8), help="the most; one is measured too"
    )
    parser.add_argument("--quick", action="store_true", help="tiny networks for seconds: does it run?")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    args = parser.parse_args(given)
    chosen = QUICK if args.quick else cases(args.threads)
    report = {"question": "how fast is a training step on a processor?", "machine": measure.machine(), "cases": []}
    report["machine"]["threads"] = args.threads
    for case in chosen:
        report["cases"].append(run(case, 0.02 if args.quick else 2.0))
        print(show(report["cases"][-1]), flush=True)
        measure.write("step", report, args.out)
    return report


if __name__ == "__main__":
    main()
