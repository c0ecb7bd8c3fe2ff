"""Which layers use the processor well? Each layer of the default pair by itself, forward and both gradients.

python benchmarks/layers.py            # a minute
python benchmarks/layers.py --quick    # seconds: does it run?
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import measure
import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import Layer, cost
from dcgan_lib.forms import other_form
from dcgan_lib.models import Discriminator, Generator
from dcgan_lib.peaks import copy_peak

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def layers(network: nn.Module, example: Tensor) -> list[tuple[nn.Module, torch.Size]]:
    """The linear layers in the order of the pass, each with the shape of its input."""
    found: list[tuple[nn.Module, torch.Size]] = []
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    hooks = [
        module.register_forward_hook(lambda module, inputs, output: found.append((module, inputs[0].shape)))
        for module in network.modules()
        if isinstance(module, kinds)
    ]
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    return found


def there_and_back(layer: nn.Module, shape: torch.Size, dtype: torch.dtype) -> Callable[[], object]:
    """A call that makes the layer's three passes on noise."""
    x = torch.randn(shape).to(dtype)
    if x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    x.requires_grad_()
    layer = layer.to(dtype)
    grad = torch.ones_like(layer(x))
    return lambda: torch.autograd.grad(layer(x), (x, layer.weight), grad)


def run(model: DCGANConfig, batch: int, precision: str, seconds: float, peak_seconds: float) -> dict:
    """Every layer in its usual form and, where there is one, as a matrix product."""
    dtype, size = DTYPES[precision], 4 if precision == "fp32" else 2
    known, calls = {}, {}
    counted = cost(model)
    z, x = torch.randn(batch, model.nz), torch.randn(batch, model.nc, model.image_size, model.image_size)
    for network, rows, example in ((Generator, counted.G, z), (Discriminator, counted.D, x)):
        module = network(model).to(memory_format=torch.channels_last)
        for (layer, shape), row in zip(layers(module, example), rows, strict=True):
            known[row.name, "usual"] = row
            calls[row.name, "usual"] = there_and_back(layer, shape, dtype)
            if (product := other_form(layer)) is not None:
                known[row.name, "product"] = row
                calls[row.name, "product"] = there_and_back(product, shape, dtype)
    times = measure.interleaved(calls, seconds, (3, 30))
    return {
        "image_size": model.image_size,
        "width": model.ngf,
        "batch": batch,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "peak_gflops": round(measure.peak(dtype, seconds=peak_seconds) / 1e9),
        "copy_gb_per_s": round(copy_peak(seconds=peak_seconds) / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "rows": [result(known[key], key[1], times[key], batch, size) for key in calls],
    }


def result(layer: Layer, form: str, times: measure.Times, batch: int, size: int) -> dict:
    flops = 3 * 2 * layer.macs * batch  # forward, gradient of the weights, gradient of the input
    return {
        "layer": layer.name,
        "form": form,
        "wall_ms": measure.rounded(times.median()),
        "gflops": measure.rounded(flops / times.median() / 1e6),
        "flops_per_byte": measure.rounded(layer.intensity(batch, size)),
    }


def main(given: Sequence[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=min(os.cpu_count() or 1, 8))
    parser.add_argument("--quick", action="store_true", help="tiny networks for seconds: does it run?")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    args = parser.parse_args(given)
    torch.set_num_threads(args.threads)
    report = {"question": "which layers use the processor well?", "machine": measure.machine(), "cases": []}
    model, batch = (DCGANConfig(image_size=16, ngf=4, ndf=4), 4) if args.quick else (DCGANConfig(), 128)
    for precision in DTYPES:
        seconds, peak = (0.05, 0.01) if args.quick else (20, 1.0)
        case = run(model, batch, precision, seconds, peak)
        report["cases"].append(case)
        print(
            "\n{image_size}x{image_size}, width {width}, batch {batch}, {precision}; load {load_average}".format(**case)
        )
        print(f"peak {case['peak_gflops']:,} GFLOP/s\n{measure.table(case['rows'])}", flush=True)
    measure.write("layers", report, args.out)
    return report


if __name__ == "__main__":
    main()
