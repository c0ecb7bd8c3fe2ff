"""Everything that is to be known of the engine on a GPU, in one command and less than eight minutes.

    python benchmarks/gpu.py                        # writes results/gpu.json
    python benchmarks/gpu.py --only steps profile   # some parts; the others stay as they were recorded
    python benchmarks/gpu.py --device cpu --quick   # does it run?

Parts: `checks` (captured steps against plain ones, faces against the processor's), `steps` (each trick on top of the
one before, at several sizes), `shipped` (the usual recipe with its two decoding workers, against the fast step),
`profile` (where the time goes), `faces` (drawn a second), `drawing` (by a trained generator), `endless` (trained on
faces as they are drawn) and `celeba` (25 epochs of 202,599 images). A part that fails is recorded with its error, the
others go on, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parents[1])
)  # a borrowed machine, on which the library is not installed

import gpu_checks
import inference
import kernels
import measure
import torch
from reference_recipe import WORKERS, Reference, endless_photos, make_photos
from torch import Tensor
from variants import WholeBackward, default_layout

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.cost import cost
from dcgan_lib.data.faces import EndlessFaces, attributes, draw
from dcgan_lib.data.images import Images
from dcgan_lib.peaks import copy_peak
from dcgan_lib.training import Trainer, engine, train

CELEBA, EPOCHS = 202_599, 25
REFERENCE = "reference, fed from memory"


@dataclass(frozen=True)
class Bench:
    """The device, and how much is measured on it."""

    device: torch.device
    quick: bool

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, many: float) -> float:
        return 0.05 if self.quick else many

    def networks(self) -> list[tuple[DCGANConfig, int]]:
        """The sizes measured, with their batches; the first is the one that most is said of."""
        if self.quick:
            return [(DCGANConfig(image_size=16, ngf=4, ndf=4), 4)]
        wide = DCGANConfig(ngf=128, ndf=128)
        small = DCGANConfig(image_size=32, ngf=32, ndf=32)
        return [(model, batch) for model in (DCGANConfig(), wide, small) for batch in (128, 512)]


def feeder(model: DCGANConfig, batch: int, device: torch.device, n: int = 16_384) -> Callable[[], Tensor]:
    """Batches of pixels from images that lie on the device, gathered there."""
    n = max(2 * batch, n if device.type == "cuda" else 0)
    pixels = torch.randint(0, 256, (n, model.nc, model.image_size, model.image_size), device=device, dtype=torch.uint8)

    def rows() -> Iterator[Tensor]:
        while True:
            yield from torch.randperm(n, device=device).split(batch)[: n // batch]

    order = rows()
    return lambda: pixels[next(order)]


# --- the parts -------------------------------------------------------------------------------------------------


def peaks(bench: Bench) -> dict:
    """The ceilings: products in float32, with the shorter TF32 factors that convolutions use, in bfloat16; copies."""
    seconds = bench.seconds(1.0)
    found = {"fp32": measure.peak(torch.float32, bench.device, seconds)}
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    found["tf32"] = measure.peak(torch.float32, bench.device, seconds)
    torch.set_float32_matmul_precision(before)
    found["bf16"] = measure.peak(torch.bfloat16, bench.device, seconds)
    found = {name: measure.rounded(value / 1e12) for name, value in found.items()}
    return {"tflops": found, "copy_gb_per_s": round(copy_peak(bench.device, seconds=seconds) / 1e9)}


def ways(bench: Bench, model: DCGANConfig, batch: int) -> dict[str, tuple[str, Callable[[], object]]]:
    """Name: the precision whose peak bounds it, and the step."""
    cfg, pixels = TrainConfig(batch_size=batch), feeder(model, batch, bench.device)
    reference = Reference(model, cfg, bench.device)
    real = pixels().cpu().float().div_(127.5).sub_(1)  # decoded beforehand, and sent to the device in each step

    def trainer(precision: str, kind: type[Trainer] = Trainer) -> Trainer:
        return kind(model, replace(cfg, precision=precision), bench.device)

    def plain(t: Trainer) -> Callable[[], object]:
        return lambda: t.advance(pixels())

    def fast(t: Trainer) -> Callable[[], object]:
        advance = engine.prepare(t)
        return lambda: advance(pixels())

    return {
        REFERENCE: ("tf32", lambda: reference.step(real)),
        "images on the device, nothing read back, fused Adam": (
            "tf32",
            plain(default_layout(trainer("fp32", WholeBackward))),
        ),
        "+ D frozen in G's turn": ("tf32", plain(default_layout(trainer("fp32")))),
        "+ channels last: the plain step": ("tf32", plain(trainer("fp32"))),
        "+ bf16": ("bf16", plain(trainer("bf16"))),
        "+ one graph: fast, bf16": ("bf16", fast(trainer("bf16"))),
        "fast, fp32": ("tf32", fast(trainer("fp32"))),
    }


def steps(bench: Bench, record: dict) -> list[dict]:
    """Every way at every size, in turn."""
    found = []
    for model, batch in bench.networks():
        forms, counted = ways(bench, model, batch), cost(model)
        calls = 1 if bench.quick else 20
        times = measure.interleaved(
            {name: call for name, (_, call) in forms.items()}, bench.seconds(9), (2, 15), calls, bench.wait, warm=1
        )
        rows = []
        for name, (precision, _) in forms.items():
            ms = times[name].median()
            floor = counted.floor(batch, record["peaks"]["tflops"][precision] * 1e12) * 1e3
            rows.append({"form": name, **times[name].row(), "x": times[name].times_faster_than(times[REFERENCE])})
            rows[-1] |= {"images_per_s": batch / ms * 1e3, "floor_ms": floor, "of_the_floor": floor / ms}
            rows[-1] = {k: measure.rounded(v) if isinstance(v, float) else v for k, v in rows[-1].items()}
        found.append({"image_size": model.image_size, "width": model.ngf, "batch": batch, "rows": rows})
        print("\n{image_size}x{image_size}, width {width}, batch {batch}".format(**found[-1]))
        print(measure.table(rows), flush=True)
    return found


def shipped(bench: Bench, record: dict) -> dict:
    """The reference as it is usually run, two workers decoding JPEG files, against the fast step on resident images."""
    model, batch = bench.networks()[0]
    cfg = TrainConfig(batch_size=batch, precision="bf16")
    reference, pixels = Reference(model, cfg, bench.device), feeder(model, batch, bench.device)
    advance = engine.prepare(Trainer(model, cfg, bench.device))
    with tempfile.TemporaryDirectory() as folder:
        make_photos(Path(folder), 2 * batch if bench.quick else 4096)
        photos = endless_photos(Path(folder), model.image_size, batch)
        rates: dict[str, list[float]] = {"shipped": [], "fast": []}
        for _ in range(1 if bench.quick else 3):
            for _ in range(1 if bench.quick else 10):  # what the workers had ready before the clock starts
                reference.step(next(photos))
            rates["shipped"].append(rate(bench, lambda: reference.step(next(photos)), batch, bench.seconds(6)))
            rates["fast"].append(rate(bench, lambda: advance(pixels()), batch, bench.seconds(2)))
        photos.close()
    middle = {name: sorted(found)[len(found) // 2] for name, found in rates.items()}
    ratio = middle["fast"] / middle["shipped"]
    return {"workers": WORKERS, "batch": batch, "x": measure.rounded(ratio)} | {
        f"{name}_images_per_s": round(value) for name, value in middle.items()
    }


def rate(bench: Bench, step: Callable[[], object], batch: int, seconds: float) -> float:
    """Images a second over so many seconds."""
    for _ in range(5):
        step()
    bench.wait()
    start, done = time.perf_counter(), 0
    while time.perf_counter() < start + seconds:
        for _ in range(2):
            step()
        bench.wait()
        done += 2
    return done * batch / (time.perf_counter() - start)


def profile(bench: Bench, record: dict) -> list[dict]:
    """Where the time of a step goes, plain and fast, in bfloat16."""
    found = []
    model, batch = bench.networks()[0]
    for name in ("+ bf16", "+ one graph: fast, bf16"):
        _, call = ways(bench, model, batch)[name]
        for _ in range(10):
            call()
        spent = kernels.where_time_goes(call, bench.device, calls=2 if bench.quick else 20)
        found.append({"form": name, "batch": batch, **spent})
        print(f"\n{name}: {spent['kernels_a_call']} kernels a step, {spent['us_in_all']:,.0f} microseconds")
        print(measure.table([{"class": k, "us": v} for k, v in spent["us_by_class"].items()]), flush=True)
    return found


def faces(bench: Bench, record: dict) -> list[dict]:
    """Drawn faces a second, on the device."""
    rows = []
    for size in (32,) if bench.quick else (32, 64, 128):
        n = 8 if bench.quick else 8192
        known = attributes(0, range(n), device=bench.device)
        speed = rate(bench, lambda k=known, s=size: draw(k, s), n, bench.seconds(2))
        rows.append({"image_size": size, "images_per_s": round(speed)})
    print(measure.table(rows), flush=True)
    return rows


def drawing(bench: Bench, record: dict) -> list[dict]:
    """A trained generator's image and grid of 64: see inference.py."""
    model, _ = bench.networks()[0]
    found = []
    for n in inference.BATCHES:
        found.append(
            inference.run(model, n, torch.get_num_threads(), bench.seconds(3), 1, bench.device, bench.seconds(1))
        )
        print(inference.show(found[-1]), flush=True)
    return found


def endless(bench: Bench, record: dict) -> dict:
    """Training on faces that are drawn when it is their turn, on the device: no face comes twice."""
    model, batch = bench.networks()[0]
    cfg = TrainConfig(steps=20 if bench.quick else 2000, batch_size=batch, precision="bf16")
    return trained(bench, Trainer(model, cfg, bench.device), EndlessFaces(model.image_size, model.nc), most=40)


def celeba(bench: Bench, record: dict) -> dict:
    """25 epochs over as many images as CelebA has, as `train` makes them; stopped, and said so, after 100 seconds."""
    model, batch = bench.networks()[0]
    n, epochs = (10 * batch, 2) if bench.quick else (CELEBA, EPOCHS)
    pixels = torch.randint(0, 256, (n, 3, model.image_size, model.image_size), dtype=torch.uint8)
    cfg = TrainConfig(steps=epochs * (n // batch), batch_size=batch, precision="bf16")
    found = trained(bench, Trainer(model, cfg, bench.device), Images("as many as CelebA", pixels), most=100)
    return {"images": n, "epochs": epochs} | found


def trained(bench: Bench, trainer: Trainer, images: Images | EndlessFaces, most: float) -> dict:
    """A run from its first step, moving the images and recording the graph included."""
    start, first, done, cfg = time.perf_counter(), 0.0, 0, trainer.cfg
    for stats in train(trainer, images):
        done = stats.step
        if not first:
            bench.wait()
            first = time.perf_counter() - start
        if done % 100 == 0 and time.perf_counter() - start > most:
            break
    bench.wait()
    seconds = time.perf_counter() - start
    return {
        "batch": cfg.batch_size,
        "precision": cfg.precision,
        "steps": cfg.steps,
        "steps_done": done,
        "seconds": round(seconds, 1),
        "seconds_to_the_first_step": round(first, 1),
        "seconds_for_all": round(seconds * cfg.steps / done, 1),  # an estimate where `steps_done` is less than `steps`
        "images_per_s": round(done * cfg.batch_size / seconds),
    }


PARTS = {
    "checks": lambda bench, record: gpu_checks.run(bench.device, bench.quick),
    "steps": steps,
    "shipped": shipped,
    "profile": profile,
    "faces": faces,
    "drawing": drawing,
    "endless": endless,
    "celeba": celeba,
}


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="tiny networks for seconds: does it run?")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    args = parser.parse_args(given)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit("no GPU here: run this where there is one, or try it out with --device cpu --quick")
    bench, path = Bench(torch.device(args.device), args.quick), args.out / "gpu.json"
    torch.backends.cudnn.benchmark = True  # as the usual example has it, and the engine
    record = json.loads(path.read_text()) if path.exists() else {}
    record |= {
        "question": "how fast is the engine on a GPU, and is it right?",
        "machine": measure.machine(bench.device),
    }
    record |= {"peaks": peaks(bench), "seconds": record.get("seconds", {})}
    print(record["machine"], record["peaks"], sep="\n", flush=True)
    failed = []
    for name in args.only:
        start = time.perf_counter()
        try:
            record[name] = PARTS[name](bench, record)
        except Exception:  # the parts do not depend on each other, and a GPU's minutes are dear
            failed.append(name)
            record[name] = {"error": traceback.format_exc()}
            traceback.print_exc()
        record["seconds"][name] = round(time.perf_counter() - start, 1)
        print(f"\n== {name}: {record['seconds'][name]} s", flush=True)
        if isinstance(record[name], dict) and "error" not in record[name]:
            print(json.dumps(record[name], indent=1), flush=True)
        measure.write("gpu", record, args.out)
    failed += [f"checks: {name}" for name in gpu_checks.wrong(record.get("checks"))]
    print(f"failed: {', '.join(failed)}" if failed else "all parts done, all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
