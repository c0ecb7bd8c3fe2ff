"""Where a device's time goes: the kernels that ran, sorted by what they are for."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

CLASSES = {  # the first class with one of its words in the kernel's name
    "batch norm": ("bn_", "batch_norm", "batchnorm", "welford"),
    "average": ("lerp",),
    "Adam": ("adam", "multi_tensor"),
    "layout": ("nchwtonhwc", "nhwctonchw", "nhwcaddpadding", "transpose_readwrite", "permute", "reorder"),
    "copies": ("memcpy", "memset", "copy", "fill", "aten::to", "contiguous", "clone", "flip"),
    "convolution": (
        "conv", "wgrad", "dgrad", "fprop", "gemm", "gemv", "cutlass", "cublas", "xmma", "cudnn", "nvjet", "splitk",
        "sm80_", "sm90_", "sm100_", "::mm", "addmm",
    ),
    "random": ("distribution", "philox", "rand", "normal_"),
    "indexing": ("index", "gather", "scatter"),
    "sums": ("reduce", "sum", "mean"),
    "elementwise": ("elementwise", "leaky", "relu", "tanh", "softplus", "sigmoid", "mul", "add", "sub", "div", "where"),
}  # fmt: skip


def kernel_class(name: str) -> str:
    """What a kernel (or, on a processor, an operation) is for, by its name."""
    name = name.lower()
    return next((kind for kind, words in CLASSES.items() if any(word in name for word in words)), "other")


def where_time_goes(call: Callable[[], object], device: torch.device, calls: int = 10) -> dict:
    """Run `call` under the profiler: microseconds of a call by class of kernel, and the ten longest kernels."""
    on_gpu = device.type == "cuda"
    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if on_gpu else [])
    with profile(activities=kinds) as seen:
        for _ in range(calls):
            call()
        if on_gpu:
            torch.cuda.synchronize()
    spent, names, launched = {}, {}, 0
    for event in seen.key_averages():
        if on_gpu and (event.device_type.name != "CUDA" or getattr(event, "is_user_annotation", False)):
            continue  # the operation that asked for the kernel, or a name around several: their time is the kernels'
        time = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        if time:
            kind = kernel_class(event.key)
            spent[kind] = spent.get(kind, 0.0) + time / calls
            names[event.key] = names.get(event.key, 0.0) + time / calls
            launched += event.count
    longest = sorted(names, key=names.get, reverse=True)[:10]
    return {
        "us_by_class": {k: round(v, 1) for k, v in sorted(spent.items(), key=lambda item: -item[1])},
        "us_in_all": round(sum(spent.values()), 1),
        "kernels_a_call": round(launched / calls),
        "longest_us": {name[:120]: round(names[name], 1) for name in longest},
    }
