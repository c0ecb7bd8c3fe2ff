"""onnxruntime-web and what it needs, fetched for the benchmark of the page; nothing else in the project uses them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent.parent / "_build" / "benchmarks"
WEB = "onnxruntime-web@1.30.0"  # from npm: what runs in the page
EXPORT = ("onnx==1.23.2", "onnxscript==0.7.2", "onnx_ir==1.1.0", "ml_dtypes==0.6.0")  # what torch.onnx.export calls
FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def web_files(folder: Path = FOLDER) -> dict[str, bytes]:
    """The three files of onnxruntime-web that a page needs, by name; fetched once.

    Raises:
        SystemExit: npm is missing, or has failed.
    """
    archive = folder / (WEB.replace("@", "-") + ".tgz")
    if not archive.exists():
        if not shutil.which("npm"):
            raise SystemExit(f"error: npm is needed to fetch {WEB}: install Node.js, or give  --without onnxruntime")
        folder.mkdir(parents=True, exist_ok=True)
        _run(["npm", "pack", "--silent", WEB], folder)
    with tarfile.open(archive) as files:
        return {name: files.extractfile(f"package/dist/{name}").read() for name in FILES}


def exported(net: nn.Module, z: torch.Tensor, path: Path, folder: Path = FOLDER) -> bytes:
    """`net` as ONNX, by torch's own exporter.

    Raises:
        SystemExit: the exporter's packages could not be installed.
    """
    packages = folder / "python"
    if not (packages / "onnxscript").exists():
        _run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(packages), *EXPORT], Path()
        )
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    torch.onnx.export(
        net,
        (z,),
        path,
        input_names=["z"],
        output_names=["image"],
        dynamic_shapes=({0: torch.export.Dim("n")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    return path.read_bytes()


def _run(command: list[str], folder: Path) -> None:
    print("  " + " ".join(command), flush=True)
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = done.stderr.strip()[-600:]
        raise SystemExit(f"error: {' '.join(command)} failed; give  --without onnxruntime  to do without it\n{said}")
