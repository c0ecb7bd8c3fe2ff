"""Does the collapse alarm ring when it should, and only then?

    python benchmarks/collapse_alarm.py            # those runs that are not recorded yet: all take 16 minutes of a core
    python benchmarks/collapse_alarm.py --judge    # no training: the recorded looks, with the bounds of today

Healthy runs of drawn faces and of Fashion-MNIST (from $DCGAN_DATA), and runs that are made to fail. Every 50 steps the
64 fixed samples are looked at. The bounds in `dcgan_lib.training.watch` were chosen on the runs called "set"; the
rates to believe are those of the runs called "check", whose seeds were not used before. Looks of one run resemble
each other, so the rate a run says more than the rate a look. Each rate has its 95 % upper bound (Clopper and
Pearson 1934, one-sided).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import measure
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import load
from dcgan_lib.training import Trainer, history, train, watch
from dcgan_lib.training.film import Film, sample
from dcgan_lib.training.watch import Alarms, Look, Watch

CHECKPOINTS = Path(__file__).resolve().parents[1] / "data" / "checkpoints"
MODEL = DCGANConfig(image_size=32, nz=32, ngf=16, ndf=16)
BATCH, EVERY = 32, 50
DATA = {"faces": (3, 4000), "fashion_mnist": (1, 8000)}  # channels, images
SEEDS = {1: "set"} | dict.fromkeys(range(2, 8), "check")
SHORT = 4  # from this seed on, healthy runs only, and 600 steps of each: the beginning is what a false alarm likes
RATES = {  # name: (lr_g, lr_d, steps, whether it is healthy)
    "usual": (5e-4, 5e-4, 600, True),
    "paper": (2e-4, 2e-4, 900, True),
    "fast": (1e-3, 5e-4, 900, True),
    "fast G": (5e-3, 1e-4, 500, False),
    "strong D": (2e-5, 2e-3, 500, False),
}
FILMS = {"healthy": True, "no-detach": True, "gains": True, "collapse": False, "strong-d": False}


def follow(name: str, data: str, seed: int) -> dict:
    """Train one run and look at it: a row `[step, variety, lead]` for each look."""
    (lr_g, lr_d, steps, healthy), (nc, n) = RATES[name], DATA[data]
    steps = min(steps, 600) if seed >= SHORT else steps
    images = load(data, image_size=32, nc=nc, n=n)
    cfg = TrainConfig(steps=steps, batch_size=BATCH, lr_g=lr_g, lr_d=lr_d, seed=seed)
    trainer, eye, rows = Trainer(replace(MODEL, nc=nc), cfg, "cpu"), Watch(images), []
    for stats in train(trainer, images):
        if stats.step % EVERY == 0:
            look = eye.look(stats.step, sample(trainer.G, trainer.fixed_z), float(stats.d_real), float(stats.d_fake))
            rows.append([look.step, look.variety, look.lead])
    run = {"name": name, "data": data, "seed": seed, "use": SEEDS[seed], "healthy": healthy}
    return run | ({"few": few(trainer, eye)} if name == "usual" else {}) | {"looks": rows}


def few(trainer: Trainer, eye: Watch) -> dict[str, float]:
    """The variety of a trained G's 64 samples if they showed only so many different images."""
    fakes, out = sample(trainer.G, trainer.fixed_z), {}
    rng = torch.Generator().manual_seed(0)
    for modes in (1, 2, 4, 8, 16, 32, 64):
        repeated = fakes[torch.arange(64) % modes]
        noise = 0.02 * torch.randn(repeated.shape, generator=rng)  # no G draws exactly the same twice
        out[str(modes)] = eye.look(10**6, repeated + noise).variety
    return out


def films() -> list[dict]:
    """The recorded runs that are shipped with the library: 8 or 16 samples each, looked at where they were kept."""
    faces, runs = load("faces", image_size=32, nc=3, n=4000), []
    for name, healthy in FILMS.items():
        film = Film.load(f"failures/{name}")
        eye, numbers = Watch(faces, film.n), {entry["step"]: entry for entry in film.entries}
        looks = [(step, images, numbers.get(step, {})) for step, images in film.images.items()]
        looks = [eye.look(step, images, entry.get("d_real"), entry.get("d_fake")) for step, images, entry in looks]
        rows = [[look.step, look.variety, look.lead] for look in looks]
        runs.append({"name": f"film {name}", "data": "faces", "use": "set", "healthy": healthy, "looks": rows})
    return runs


def long_runs() -> list[dict]:
    """The lead alone, over the histories of the two long healthy runs that are shipped, each 500th step."""
    runs = []
    for name in ("faces64", "fashion32"):
        _, entries = history.read(CHECKPOINTS / name / "history.jsonl")
        rows = [[e["step"], None, round(e["d_real"] - e["d_fake"], 4)] for e in entries if e["step"] % 500 == 0]
        runs.append({"name": f"history {name}", "data": name, "use": "set", "healthy": True, "looks": rows})
    return runs


def judge(run: dict) -> list[Look]:
    """The looks of a run with the alarms that today's bounds give."""
    alarms = Alarms()
    return [alarms.judge(*row) for row in run["looks"]]


def rates(runs: Sequence[dict]) -> dict:
    """False alarms among healthy runs and detections among failing ones, for each alarm and for either."""
    out = {}
    for name, which in (("alike", {"alike"}), ("won", {"won"}), ("either", {"alike", "won"})):
        # what a film or a history did not keep cannot ring, and does not count as silence
        judged = {True: [], False: []}
        for run in runs:
            looks = [look for look in judge(run) if look.step >= watch.WARM_UP]
            looks = [k for k in looks if {"alike": k.variety, "won": k.lead, "either": k.variety}[name] is not None]
            if looks:
                judged[run["healthy"]].append(looks)
        false = [sum(bool(which & set(look.begun)) for look in looks) for looks in judged[True]]
        told = [[look.step for look in looks if which & set(look.begun)] for looks in judged[False]]
        out[name] = {
            "healthy_looks": sum(map(len, judged[True])),
            "false_alarms": sum(false),
            "rate_a_look_at_most": upper(sum(false), sum(map(len, judged[True]))),
            "healthy_runs": len(false),
            "false_runs": sum(map(bool, false)),
            "rate_a_run_at_most": upper(sum(map(bool, false)), len(false)),
            "failing_runs": len(told),
            "found": sum(map(bool, told)),
            "found_at_step": [steps[0] if steps else None for steps in told],
        }
    return out


def extremes(runs: Sequence[dict]) -> dict[str, float]:
    """How near the bounds healthy and failing runs came, from `WARM_UP` on."""
    rows = [(run["healthy"], *row[1:]) for run in runs for row in run["looks"] if row[0] >= watch.WARM_UP]
    return {
        "lowest_healthy_variety": min(v for healthy, v, _ in rows if healthy and v is not None),
        "highest_healthy_lead": max(lead for healthy, _, lead in rows if healthy and lead is not None),
        "highest_failing_variety": max(v for healthy, v, _ in rows if not healthy and v is not None),
    }


def upper(k: int, n: int) -> float:
    """The rate at which `k` or fewer of `n` would be seen once in twenty."""
    from scipy.stats import beta

    return 1.0 if k == n else round(float(beta.ppf(0.95, k + 1, n - k)), 4)


def summary(runs: Sequence[dict]) -> dict:
    bounds = {name: getattr(watch, name) for name in ("WARM_UP", "ALIKE", "VARIED", "WON")}
    uses = {use: [run for run in runs if run["use"] == use] for use in ("set", "check")}
    return {"bounds": bounds} | {use: rates(some) | extremes(some) for use, some in uses.items()}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", action="store_true", help="train nothing: judge the recorded looks again")
    parser.add_argument("--out", type=Path, default=measure.RESULTS, metavar="FOLDER", help="of collapse_alarm.json")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    path = args.out / "collapse_alarm.json"
    report = json.loads(path.read_text()) if path.exists() else {"cpu_seconds": 0, "runs": films() + long_runs()}
    known = {(run["name"], run["data"], run.get("seed")) for run in report["runs"]}
    plan = [(name, data, seed) for seed in SEEDS for data in DATA for name in RATES if seed < SHORT or RATES[name][3]]
    for one in [] if args.judge else [one for one in plan if one not in known]:
        start = time.process_time()
        report["runs"].append(follow(*one))
        seconds = time.process_time() - start
        print(*one, report["runs"][-1]["looks"][-1], f"{seconds:.0f} s", flush=True)
        report |= {"machine": measure.machine(), "cpu_seconds": round(report["cpu_seconds"] + seconds)}
        write(report, args.out)
    print(write(report, args.out))


def write(report: dict, out: Path) -> str:
    """Judge all runs, and write the report; returns what came out, for people."""
    setting = {"image_size": 32, "nz": 32, "ngf": 16, "ndf": 16, "batch_size": BATCH, "every": EVERY, "samples": 64}
    setting["lr_g, lr_d, steps, healthy"] = RATES
    head = {
        "question": "does the collapse alarm ring when it should, and only then?",
        "results": summary(report["runs"]),
    }
    head |= {"machine": report.get("machine"), "cpu_seconds": report["cpu_seconds"], "setting": setting}
    measure.write("collapse_alarm", head | {"runs": report["runs"]}, out)
    return json.dumps(head["results"], indent=1)


if __name__ == "__main__":
    main()
