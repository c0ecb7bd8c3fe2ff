"""Does training in bfloat16 make worse images than in float32? The same seeds in both, by the Fréchet distance.

    python benchmarks/precision.py             # two runs a seed; some five minutes of one quiet core each pair
    python benchmarks/precision.py --report    # what is recorded so far

Every finished run is one entry of `results/precision.json`, and runs that are recorded are not run again: stop it and
start it as you like. Each run draws `SAMPLES` faces from the averaged generator, in float32 and with batch-norm
statistics measured afresh, and compares them with as many drawn faces that were not trained on, in the features of the
attribute reader. Not an FID: other features, other scale.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import itertools
import json
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import measure
import torch
from scipy.stats import t as student

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import DrawnFaces
from dcgan_lib.data.images import Images
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.frechet import Moments, face_moments, frechet_distance
from dcgan_lib.training import Trainer, refresh_batch_norm, train

PRECISIONS = ("fp32", "bf16")
MODEL = DCGANConfig(image_size=32, nz=64, ngf=24, ndf=24)
RUN = TrainConfig(steps=1500, batch_size=64, lr_g=5e-4, lr_d=5e-4, ema=0.995)
FACES, SAMPLES = 20_000, 4000
MOMENTS = (500, 1000, 1500)  # steps at which a run is measured
SEEDS = tuple(range(8))


def distance(trainer: Trainer, real: Moments, n: int) -> float:
    """Of `n` samples of the trainer's generator, whose own weights and statistics stay as they are, to `real`."""
    G = copy.deepcopy(trainer.best_G)
    refresh_batch_norm(G, batches=8)
    with torch.no_grad():
        fakes = [G.eval()(z) for z in sample_z(n, trainer.model, seed=9).split(250)]
    return frechet_distance(face_moments(torch.cat(fakes)), real)


def run(precision: str, seed: int, faces: Images, real: Moments, cfg: TrainConfig, at: Sequence[int]) -> dict:
    """One run: its distances by step, and the time that it took."""
    trainer = Trainer(MODEL, dataclasses.replace(cfg, precision=precision, seed=seed), device="cpu")
    found, wall, cpu = {}, time.perf_counter(), time.process_time()
    for stats in train(trainer, faces):
        if stats.step in at:
            found[str(stats.step)] = round(distance(trainer, real, real.n), 4)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    times = {"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "wall_per_cpu": round(wall / cpu, 2)}
    return {"precision": precision, "seed": seed, "distance": found} | times


def compare(runs: Sequence[dict], step: int) -> dict:
    """Both precisions at one step: means, spread over seeds, and the difference within pairs of the same seed.

    The interval is Student's, at 95 %. `p_permutation` is exact: the share of all ways to swap the two of each pair
    whose mean difference is at least as large.
    """
    scores = {(r["precision"], r["seed"]): r["distance"][str(step)] for r in runs}
    seeds = sorted({s for _, s in scores if all((p, s) in scores for p in PRECISIONS)})
    row: dict = {"step": step, "seeds": len(seeds)}
    if len(seeds) < 2:
        return row
    for p in PRECISIONS:
        values = [scores[p, s] for s in seeds]
        row[p] = {"mean": round(statistics.mean(values), 4), "sd": round(statistics.stdev(values), 4)}
    gaps = [scores["bf16", s] - scores["fp32", s] for s in seeds]
    mean, half = statistics.mean(gaps), statistics.stdev(gaps) / len(gaps) ** 0.5
    half *= float(student.ppf(0.975, len(gaps) - 1))
    row["difference"] = {"mean": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}
    row["p_permutation"] = round(permutation_p(gaps), 4)
    return row


def permutation_p(gaps: Sequence[float]) -> float:
    """How often signs chosen at random give a mean at least as far from 0; all choices are tried."""
    seen = abs(sum(gaps)) - 1e-12
    sums = [abs(sum(s * g for s, g in zip(signs, gaps))) for signs in itertools.product((-1, 1), repeat=len(gaps))]
    return sum(value >= seen for value in sums) / len(sums)


def report(record: dict) -> str:
    rows = []
    for line in record["comparison"]:
        row = {"step": str(line["step"]), "seeds": line["seeds"]}
        if "difference" in line:
            row |= {p: "{mean:.2f} ± {sd:.2f}".format(**line[p]) for p in PRECISIONS}
            row |= {"bf16 - fp32": "{mean:+.2f} ({low:+.2f} to {high:+.2f})".format(**line["difference"])}
            row |= {"p": line["p_permutation"]}
        rows.append(row)
    floor = f"drawn faces against other drawn faces: {record['floor']:.3f}"
    return measure.table(rows, ("step", "seeds", *PRECISIONS, "bf16 - fp32", "p")) + "\n" + floor


def settings(cfg: TrainConfig, n_faces: int, samples: int) -> dict:
    fixed = {k: v for k, v in dataclasses.asdict(cfg).items() if k not in ("precision", "seed")}
    return {"model": dataclasses.asdict(MODEL), "train": fixed, "faces": n_faces, "samples": samples}


def main(args: argparse.Namespace) -> dict:
    torch.set_num_threads(args.threads)
    cfg = dataclasses.replace(RUN, steps=60, batch_size=16) if args.quick else RUN
    n_faces, samples, at = (300, 300, (30, 60)) if args.quick else (FACES, SAMPLES, MOMENTS)
    asked, path = settings(cfg, n_faces, samples), args.out / "precision.json"
    old = json.loads(path.read_text()) if path.exists() else {"settings": asked, "runs": []}
    recorded = old["settings"] | {"train": asked["train"] | old["settings"]["train"]}  # without fields that came later
    if recorded != asked:
        raise SystemExit(f"{path} holds runs of other settings: move it away, or give another folder with --out")
    faces, real = DrawnFaces(n_faces, MODEL.image_size, seed=0).images(), held_out(1, samples)
    floor = frechet_distance(held_out(2, samples), real)
    record = {"question": "does training in bfloat16 make worse images?", "settings": asked, "floor": round(floor, 4)}
    record |= {"comparison": [], "runs": old["runs"]}

    def finish() -> None:
        record["comparison"] = [compare(record["runs"], step) for step in at]
        measure.write("precision", record | {"machine": measure.machine()}, args.out)

    for seed, precision in [] if args.report else itertools.product(args.seeds, PRECISIONS):
        if any((r["precision"], r["seed"]) == (precision, seed) for r in record["runs"]):
            continue
        record["runs"].append(run(precision, seed, faces, real, cfg, at))
        finish()
        print(record["runs"][-1], flush=True)
    finish()
    print(report(record))
    return record


def held_out(seed: int, n: int) -> Moments:
    return face_moments(DrawnFaces(n, MODEL.image_size, seed=seed).images().batch(slice(None)))


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", 1)))
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: does it run?")
    parser.add_argument("--report", action="store_true", help="only what is recorded so far")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    return parser.parse_args(given)


if __name__ == "__main__":
    main(arguments())
