"""One run's folder: what lies in it, what it says of itself, how it is read back and listed."""

import dataclasses
import os
import platform
import subprocess
import sys

import pytest
import torch
from PIL import Image

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import EndlessFaces
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, history, sessions, train
from dcgan_lib.training.folder import fingerprint, sheet

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=6, batch_size=8)
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def run(out, images=NOISE, stop=None, **changes):
    trainer = Trainer(TINY, dataclasses.replace(RUN, **changes), "cpu")
    for stats in train(trainer, images, out, log_every=2, save_every=3, sample_every=3):
        if stats.step == stop:
            break
    return trainer


# --- what lies in a run's folder


def test_a_run_s_folder_holds_what_its_description_says(tmp_path):
    run(tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"history.jsonl", "sessions.jsonl"} <= names
    assert {f"samples/step-0000000{i}.png" for i in (1, 3, 6)} <= names
    assert "checkpoints/step-00000006.ckpt" in names


def test_each_start_writes_when_where_how_and_from_which_step(tmp_path):
    run(tmp_path, stop=4)
    run(tmp_path)
    starts = [line for line in history.read_lines(tmp_path / "sessions.jsonl") if "start" in line]
    assert [line["from_step"] for line in starts] == [0, 4]
    assert starts[0]["steps"] == 6 and starts[0]["host"] == platform.node() and starts[0]["pid"] == os.getpid()
    assert "pytest" in starts[0]["command"] and starts[0]["versions"]["torch"] == torch.__version__
    assert starts[0]["settings"] == {"log_every": 2, "save_every": 3, "sample_every": 3}


def test_each_end_says_how_it_ended_and_how_fast_it_was(tmp_path):
    run(tmp_path, stop=4)
    run(tmp_path)
    ends = [line for line in history.read_lines(tmp_path / "sessions.jsonl") if "end" in line]
    assert [(line["outcome"], line["step"]) for line in ends] == [("stopped", 4), ("done", 6)]
    for line, steps in zip(ends, (4, 2), strict=True):
        assert line["images_per_s"] == pytest.approx(steps * 8 / line["seconds"], rel=0.2)


def test_a_failure_is_written_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "step", lambda self, real: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path)
    last = history.read_lines(tmp_path / "sessions.jsonl")[-1]
    assert last["outcome"] == "failed" and last["why"] == "ZeroDivisionError: integer division or modulo by zero"


def test_a_sign_of_life_is_written_now_and_then(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "PACE_SECONDS", 0)
    run(tmp_path)
    signs = [
        line
        for line in history.read_lines(tmp_path / "sessions.jsonl")
        if line.keys() == {"step", "seconds", "images_per_s"}
    ]
    assert [line["step"] for line in signs] == [1, 2, 3, 4, 6]


def test_the_history_of_a_resumed_run_is_byte_for_byte_that_of_one_that_was_not_stopped(tmp_path):
    run(tmp_path / "whole")
    run(tmp_path / "parts", stop=3)
    run(tmp_path / "parts")
    assert (tmp_path / "parts/history.jsonl").read_bytes() == (tmp_path / "whole/history.jsonl").read_bytes()


def test_other_images_than_those_it_began_with_are_told(tmp_path):
    run(tmp_path, stop=4)
    changed = Images("noise", NOISE.pixels.flip(0))
    with pytest.warns(UserWarning, match="not the images that the run began with"):
        run(tmp_path, changed)


def test_a_fingerprint_tells_sets_apart_and_stays(tmp_path):
    assert fingerprint(NOISE) == fingerprint(Images("other name", NOISE.pixels.clone()))
    assert (
        len({fingerprint(NOISE), fingerprint(NOISE.subset(slice(49))), fingerprint(Images("n", 255 - NOISE.pixels))})
        == 3
    )


def test_a_run_on_faces_without_end_has_a_fingerprint_and_looks(tmp_path):
    faces = EndlessFaces(image_size=16, nc=1, seed=3)
    run(tmp_path, faces)
    head = history.read(tmp_path / "history.jsonl")[0]
    assert head["data"]["fingerprint"] == fingerprint(faces) != fingerprint(EndlessFaces(16, 1, seed=4))
    assert all(look["variety"] < 1 for look in history.looks(tmp_path / "history.jsonl"))


def test_a_sheet_shows_every_sample_once(tmp_path):
    run(tmp_path)
    with Image.open(tmp_path / "samples" / "step-00000003.png") as picture:
        assert picture.size == (8 * 18, 8 * 18)
    images = torch.linspace(-1, 1, 3).view(3, 1, 1, 1).expand(3, 1, 16, 16)
    pixels = sheet(images, nrow=2)
    assert pixels.shape == (3, 36, 36)
    assert [int(pixels[0, y, x]) for y, x in ((9, 9), (9, 27), (27, 9), (27, 27))] == [0, 128, 255, 0]


# --- whether a process still trains


def start(**changes):
    return {"host": platform.node(), "pid": os.getpid(), **changes}


def test_a_process_that_is_gone_is_not_alive():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert sessions.alive(start(), 5)
    assert not sessions.alive(start(pid=gone.pid), 5)
    assert not sessions.alive(start(), 2 * sessions.SILENT_SECONDS)


def test_a_process_elsewhere_is_alive_as_long_as_it_gives_signs():
    assert sessions.alive(start(host="far", pid=1), 60)
    assert not sessions.alive(start(host="far", pid=1), sessions.FAR_SECONDS + 1)
