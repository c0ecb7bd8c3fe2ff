"""How much memory there is, and arrays that may be larger than it."""

from __future__ import annotations

import mmap
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ASSUMED = 8 * 2**30  # bytes, where the platform does not tell
LIMITS = (  # of a container, by the two versions of Linux's control groups
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory() -> int:
    """Bytes of memory that this process may hope for: the machine's, or its container's where that is less."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        machine = ASSUMED
    stated = [path.read_text().strip() for path in LIMITS if path.is_file()]
    return min([machine, *(int(text) for text in stated if text.isdigit())])  # "max" is no limit


def map_npy(path: str | os.PathLike) -> np.memmap:
    """A `.npy` file as an array that lies on the disk; what is touched is held in memory as long as there is room.

    Up to half of the memory, writing into the array changes this process's copy alone. A system that counts its
    promises refuses such a map of a file larger than its memory: there the array cannot be written to at all, and
    the system is told that reads will be scattered. It would otherwise read many times what was asked for
    (`disk` in benchmarks/results/data.json).
    """
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.nbytes <= memory() // 2:
        return np.load(path, mmap_mode="c", allow_pickle=False)
    if hasattr(mmap, "MADV_RANDOM"):
        array._mmap.madvise(mmap.MADV_RANDOM)
    return array


def as_tensor(array: np.ndarray) -> Tensor:
    """The same memory as a tensor."""
    if array.flags.writeable:
        return torch.from_numpy(array)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array)
