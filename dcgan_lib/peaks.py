"""What this machine can do at best, measured: matrix products and copies. The ceilings that a speed is compared with.

A data sheet's peak is that of a chip on its own. These are of the machine as it is: its clock under load, its memory,
its libraries, the threads that torch has, and whoever else is at work on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (8192, 1024, 512), (512, 4096, 8192))
"""(m, k, n) of the products that a processor is tried with: of a DCGAN's sizes and of a size that suits it."""
GPU_SHAPES = ((4096, 4096, 4096), (8192, 8192, 8192), (8192, 4096, 4096))


def matrix_peak(
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    shapes: Sequence[tuple[int, int, int]] | None = None,
    seconds: float = 1.0,
) -> float:
    """Floating-point operations a second of the fastest matrix product that was tried.

    Args:
        dtype: of the factors; in float32 on a GPU, whatever `torch.backends` allows for (TF32 or not).
        shapes: (m, k, n) of `(m, k) @ (k, n)`.
        seconds: for all shapes together.
    """
    device = torch.device(device)
    shapes = shapes or (GPU_SHAPES if device.type == "cuda" else SHAPES)
    best = 0.0
    for m, k, n in shapes:
        a = torch.randn(m, k, device=device).to(dtype)
        b = torch.randn(n, k, device=device).to(dtype).t()  # stored as a linear layer's weight is
        out = torch.empty(m, n, device=device, dtype=dtype)
        best = max(
            best, 2 * m * k * n / _fastest(lambda a=a, b=b, o=out: torch.mm(a, b, out=o), device, seconds / len(shapes))
        )
    return best


def copy_peak(device: torch.device | str = "cpu", mebibytes: int = 256, seconds: float = 0.5) -> float:
    """Bytes a second that memory reads and writes together while a tensor too large for the caches is copied."""
    device = torch.device(device)
    source = torch.ones(mebibytes * 2**18, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() * 4 / _fastest(lambda: target.copy_(source), device, seconds)


def _fastest(work: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Seconds of the fastest of as many calls as fit, two at the least, after one that is not counted."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    work()
    wait()
    best, end, calls = float("inf"), time.perf_counter() + seconds, 0
    while calls < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        wait()
        best, calls = min(best, time.perf_counter() - start), calls + 1
    return best


def bf16_instructions() -> str:
    """Which instructions the processor has for products of bfloat16: "amx_bf16", "avx512_bf16" or "none"."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text() if info.exists() else ""
    return next((name for name in ("amx_bf16", "avx512_bf16") if name in flags), "none")
