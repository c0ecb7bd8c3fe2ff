"""Memory while many files are read, and the benchmark that measures it for 200,000."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import drawn_faces

BENCHMARK = Path(drawn_faces.__file__).with_name("data.py")

LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
from data import memory_mb
from dcgan_lib.data import load
for folder in sys.argv[2:]:
    images = load(folder, 64, progress=False)
    print(len(images), memory_mb()["peak_mb"])
"""


def folder_of(path, n):
    path.mkdir()
    Image.new("RGB", (80, 64), (200, 30, 20)).save(path / "0.png")
    for i in range(1, n):
        os.link(path / "0.png", path / f"{i}.png")
    return str(path)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    folders = [folder_of(tmp_path / str(n), n) for n in (500, 3000)]
    command = [sys.executable, "-c", LOAD, str(BENCHMARK.parent), *folders]
    environment = os.environ | {"DCGAN_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (few, before), (many, after) = (map(float, line.split()) for line in done.stdout.splitlines())
    assert (few, many) == (500, 3000)
    assert after - before < 10  # MB; the pixels of the 2,500 more are 31


@pytest.mark.slow
def test_the_benchmark_runs_to_its_end(tmp_path):
    command = [sys.executable, str(BENCHMARK), "--quick", "--out", str(tmp_path), "--tmp", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "data.json").read_text())
    assert all(row["levels_apart"] == 0 for row in report["device"]["rows"])
    assert {"folder", "decoding", "ways", "disk", "layout", "device"} < set(report)
    assert [path.name for path in tmp_path.iterdir()] == ["data.json"]  # nothing else is left


def test_the_speed_of_drawing_is_measured_for_each_size(tmp_path):
    report = drawn_faces.main(["--quick", "--out", str(tmp_path)])
    assert [(row["image_size"], row["nc"]) for row in report["results"]] == list(drawn_faces.KINDS)
    assert json.loads((tmp_path / "drawn_faces.json").read_text()) == report
