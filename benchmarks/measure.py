"""What every benchmark needs: interleaved rounds, medians, the machine's record, results written whole."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from dcgan_lib.peaks import GPU_SHAPES, SHAPES, bf16_instructions, matrix_peak

RESULTS = Path(__file__).parent / "results"


@dataclass
class Times:
    """Milliseconds of every round of one form."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # processor time of all threads

    def median(self) -> float:
        return statistics.median(self.wall)

    def row(self) -> dict[str, float]:
        """Medians over the rounds, and the fastest one."""
        wall, cpu = self.median(), statistics.median(self.cpu)
        return {"wall_ms": rounded(wall), "wall_min_ms": rounded(min(self.wall)), "cpu_ms": rounded(cpu)}

    def times_faster_than(self, other: Times) -> float:
        """The median of the ratios within each round: what slowed a whole round is in both."""
        return statistics.median(theirs / ours for ours, theirs in zip(self.wall, other.wall))


def interleaved(
    forms: Mapping[str, Callable[[], object]],
    seconds: float,
    rounds: tuple[int, int] = (3, 25),
    calls: int = 1,
    wait: Callable[[], object] = lambda: None,
    warm: int = 1,
) -> dict[str, Times]:
    """Time every form once a round, in turn, so that what slows the machine for a while slows all of them.

    Args:
        forms: by name, what to call.
        seconds: another round is begun until then.
        rounds: but at least, and at most, so many.
        calls: calls in one timing.
        wait: called before the clock is read: on a GPU, `torch.cuda.synchronize`.
        warm: untimed rounds at first; they also load code, choose kernels and fill the caches.
    """
    times = {name: Times() for name in forms}
    least, most = rounds
    end = time.perf_counter() + seconds
    for turn in range(-warm, most):
        if turn >= least and time.perf_counter() > end:
            break
        for name, form in forms.items():
            wait()
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls):
                form()
            wait()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 0:
                times[name].wall.append(wall / calls * 1e3)
                times[name].cpu.append(cpu / calls * 1e3)
    return times


def machine(device: torch.device | str = "cpu") -> dict[str, object]:
    """What a reader of a figure must know of where it was measured."""
    device = torch.device(device)
    record = {
        "date": datetime.date.today().isoformat(),
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_average": [round(load, 1) for load in os.getloadavg()],  # above `cores`, the machine was shared
        "bf16_instructions": bf16_instructions(),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        record |= {
            "gpu": properties.name,
            "gpu_memory_gib": round(properties.total_memory / 2**30, 1),
            "gpu_processors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return record


def peak(dtype: torch.dtype, device: torch.device | str = "cpu", seconds: float = 1.0) -> float:
    """Operations a second of the fastest matrix product; for less than a tenth of a second, of one that is small."""
    shapes = GPU_SHAPES if torch.device(device).type == "cuda" else SHAPES
    return matrix_peak(dtype, device, shapes if seconds >= 0.1 else ((256, 256, 256),), seconds)


def processor_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


def write(name: str, report: Mapping[str, object], folder: Path = RESULTS) -> Path:
    """`results/<name>.json`, replaced in one step: a benchmark that is stopped leaves the old one."""
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{name}.json", folder / f"{name}.json.part"
    part.write_text(json.dumps(report, indent=1) + "\n")
    os.replace(part, path)
    return path


def table(rows: Sequence[Mapping[str, object]], columns: Iterable[str] | None = None) -> str:
    """Rows as text: columns in the order of the first row, words at the left, numbers at the right."""
    if not rows:
        return "(no rows)"
    columns = list(columns or rows[0])
    cells = [columns] + [[_text(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    words = [all(isinstance(row.get(name), str) for row in rows) for name in columns]
    lines = []
    for line in cells:
        aligned = [c.ljust(w) if is_word else c.rjust(w) for c, w, is_word in zip(line, widths, words)]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def rounded(value: float) -> float:
    """To four digits: more would be noise."""
    return float(f"{value:.4g}")
