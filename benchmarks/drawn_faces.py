"""How many drawn faces a second? On the processor one thread draws.

python benchmarks/drawn_faces.py
python benchmarks/drawn_faces.py --device cuda
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import measure
import torch

from dcgan_lib.data.faces import attributes, draw

SEED = 0
KINDS = ((32, 3), (32, 1), (64, 3), (64, 1), (128, 3))  # image_size, nc


def main(argv: Sequence[str] | None = None) -> dict:
    """Measure, print a table, write `drawn_faces.json`, or `drawn_faces_<device>.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few faces, once: does it run?")
    parser.add_argument("--device", default="cpu", help="where to draw [cpu]")
    parser.add_argument("--out", type=Path, default=measure.RESULTS, metavar="FOLDER", help="of the result")
    args = parser.parse_args(argv)
    device = torch.device(args.device)
    n = 64 if args.quick else 2048 if device.type == "cpu" else 16_384
    known = attributes(SEED, range(n), device)
    forms = {kind: lambda k=kind: draw(known, *k) for kind in KINDS}
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    times = measure.interleaved(forms, 0 if args.quick else 30, (1, 1) if args.quick else (5, 25), wait=wait)
    rows = [
        {"image_size": size, "nc": nc, "images_per_s": round(n / times[size, nc].median() * 1e3)}
        | {"cpu_us": measure.rounded(times[size, nc].row()["cpu_ms"] / n * 1e3)}  # of the processor, each face
        for size, nc in KINDS
    ]
    print(measure.table(rows))
    machine = measure.machine(device) | ({"threads": 1} if device.type == "cpu" else {})
    report = {"question": "how fast are faces drawn?", "n": n, "seed": SEED, "machine": machine, "results": rows}
    where = "drawn_faces" if device.type == "cpu" else f"drawn_faces_{device.type}"
    print(f"\n{measure.write(where, report, args.out)}")
    return report


if __name__ == "__main__":
    main()
