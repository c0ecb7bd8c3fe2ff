"""How many threads a training uses on the processor, and how they wait for each other.

Two defaults cost dearly. In a container torch starts a thread for each core of the whole machine, of which the
container may use two. And threads that wait for each other spin, which on a busy machine takes the core from the very
thread they are waiting for: a step of 0.1 s can take 0.8 s.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def wait_politely() -> None:
    """Let waiting threads sleep. Call it before torch is imported: OpenMP reads the setting when it is loaded."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def cores(cgroup: Path = CGROUP) -> int:
    """The cores that this process may use: by its affinity, and by the quota of its container."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not tell
        allowed = os.cpu_count() or 1
    return max(1, int(min(allowed, _quota(cgroup))))


def settle(wanted: int | None = None) -> int:
    """Set torch's threads to `wanted`, or to no more than there are cores; returns the number.

    The number does not follow the load of the moment: it decides the order of sums, and so the last bits of a run,
    which a resumed run must share.

    Raises:
        ValueError: fewer than one thread.
    """
    import torch

    if wanted is not None and wanted < 1:
        raise ValueError(f"threads={wanted}: give a number of at least 1, such as {cores()}, the cores available here")
    # torch's own default leaves out a core's second hardware thread, which shares the arithmetic units of the first
    torch.set_num_threads(wanted or min(torch.get_num_threads(), cores()))
    return torch.get_num_threads()


def _quota(cgroup: Path) -> float:
    """Cores' worth of time that the container may use; infinite without a limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = ((cgroup / f"cpu/cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
        except OSError:
            return math.inf
    return math.inf if quota in ("max", "-1") else int(quota) / int(period)
