"""How long does a trained generator take to draw one image, and a grid of 64? As trained, and folded.

python benchmarks/inference.py            # some two minutes
python benchmarks/inference.py --quick    # seconds: does it run?
"""

from __future__ import annotations

import argparse
import copy
import os
from collections.abc import Sequence
from pathlib import Path

import measure
import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.fold import fold
from dcgan_lib.latent import sample_z
from dcgan_lib.models import Generator
from dcgan_lib.training import refresh_batch_norm

EAGER = "as trained, evaluation mode"
BATCHES = (1, 64)


def forms(model: DCGANConfig, device: torch.device) -> dict[str, nn.Module]:
    """The same generator four times. Its batch norms have statistics of their own, as after training."""
    torch.manual_seed(0)
    G = Generator(model).to(device)
    refresh_batch_norm(G, batches=2, n=64)
    return {
        EAGER: G.eval(),
        "channels last": copy.deepcopy(G).to(memory_format=torch.channels_last),
        "folded": fold(G),
        "folded, bf16": fold(G, torch.bfloat16),
    }


@torch.inference_mode()
def run(
    model: DCGANConfig,
    n: int,
    threads: int,
    seconds: float,
    calls: int,
    device: torch.device,
    peak_seconds: float = 1.0,
) -> dict:
    """Measure every form on `n` images."""
    torch.set_num_threads(threads)
    with torch.inference_mode(False):
        found = forms(model, device)
    z = sample_z(n, model, seed=1).to(device)
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    times = measure.interleaved({name: lambda G=G: G(z) for name, G in found.items()}, seconds, (3, 100), calls, wait)
    exact, flops, rows = found[EAGER](z), 2 * n * cost(model).forward()[0], []
    peaks = {dtype: measure.peak(dtype, device, peak_seconds) for dtype in (torch.float32, torch.bfloat16)}
    for name, G in found.items():
        ms = times[name].median()
        floor = flops / peaks[torch.bfloat16 if "bf16" in name else torch.float32] * 1e3
        rows.append(
            {"form": name, **times[name].row(), "x": measure.rounded(times[name].times_faster_than(times[EAGER]))}
            | {"images_per_s": measure.rounded(n / ms * 1e3), "of_the_floor": measure.rounded(floor / ms)}
            | {"levels_off": measure.rounded(levels_off(G(z), exact))}
        )
    network = {"image_size": model.image_size, "width": model.ngf, "images": n, "threads": threads}
    return network | {"load_average": round(os.getloadavg()[0], 1), "rows": rows}


def levels_off(images: Tensor, exact: Tensor) -> float:
    """The largest difference of a pixel, in levels of 256."""
    return float((images.float() - exact).abs().max()) * 127.5


def show(found: dict) -> str:
    head = "{image_size}x{image_size}, width {width}, {images} image(s), {threads} thread(s)".format(**found)
    return f"\n{head}; load {found['load_average']}\n" + measure.table(found["rows"])


def main(given: Sequence[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--threads", type=int, default=min(os.cpu_count() or 1, 8), help="the most; one is measured too"
    )
    parser.add_argument("--quick", action="store_true", help="tiny networks for seconds: does it run?")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    args = parser.parse_args(given)
    cpu, report = torch.device("cpu"), {"question": "how long does a trained generator take to draw?"}
    report |= {"machine": measure.machine(), "cases": []}
    networks = (
        [DCGANConfig(image_size=16, ngf=4)] if args.quick else [DCGANConfig(), DCGANConfig(image_size=32, ngf=32)]
    )
    for model in networks:
        for threads in dict.fromkeys((args.threads, 1)):
            for n in BATCHES:
                seconds, peak = (0.1, 0.01) if args.quick else (8.0, 1.0)
                report["cases"].append(run(model, n, threads, seconds, 10 if n == 1 else 1, cpu, peak))
                print(show(report["cases"][-1]), flush=True)
    measure.write("inference", report, args.out)
    return report


if __name__ == "__main__":
    main()
