"""How many drawn faces a second? One thread draws; the best of several repeats, in wall and in processor time.

python benchmarks/drawn_faces.py
"""

import datetime
import json
import os
import platform
import time
from pathlib import Path

import torch

from dcgan_lib.data.faces import attributes, draw

RESULT = Path(__file__).parent / "results" / "drawn_faces.json"
N, REPEATS, SEED = 2048, 5, 0


def measure(image_size: int, nc: int) -> dict[str, float]:
    """Faces a second by the clock, and microseconds of processor time a face; the best of the repeats."""
    known = attributes(SEED, range(N))
    draw(known, image_size, nc)  # the first call also loads code and memory
    times = []
    for _ in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        draw(known, image_size, nc)
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    wall, processor = (min(column) / N for column in zip(*times))
    return {"image_size": image_size, "nc": nc, "images_per_s": round(1 / wall), "cpu_us": round(processor * 1e6, 1)}


def processor_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


rows = [measure(size, nc) for size, nc in ((32, 3), (32, 1), (64, 3), (64, 1), (128, 3))]
for row in rows:
    print("{image_size:4} px, nc={nc}: {images_per_s:6} images/s, {cpu_us:6} us of processor time each".format(**row))
report = {
    "question": "how fast are faces drawn?",
    "n": N,
    "repeats": REPEATS,
    "seed": SEED,
    "threads": 1,
    "cores": os.cpu_count(),
    "load_average": round(os.getloadavg()[0], 1),  # above `cores`, the machine was shared: trust cpu_us
    "device": processor_name(),
    "torch": torch.__version__,
    "python": platform.python_version(),
    "date": datetime.date.today().isoformat(),
    "results": rows,
}
RESULT.parent.mkdir(exist_ok=True)
RESULT.write_text(json.dumps(report, indent=2) + "\n")
