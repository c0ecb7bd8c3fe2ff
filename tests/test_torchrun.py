"""The command line under a real `torchrun`: a process is killed, one is asked to stop, and the run goes on."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

from dcgan_lib import pretrained
from dcgan_lib.cli import main
from dcgan_lib.training import checkpoint

LIMIT = 120  # seconds: on a busy machine importing torch three times is most of it
SETTINGS = ["--image-size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--batch-size", "4", "--save-every", "20"]


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "photos").mkdir()
    for i in range(12):
        Image.new("RGB", (20, 18), (20 * i, 255 - 20 * i, 99)).save(tmp_path / "photos" / f"{i:02}.png")
    return ["train", str(tmp_path / "photos"), "--out", str(tmp_path / "run"), "--device", "cpu", *SETTINGS]


class Torchrun:
    """Two processes of one command, as a context that leaves none behind."""

    def __init__(self, command, steps):
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "dcgan_lib"]
        self.agent = subprocess.Popen(
            [*start, *command, "--steps", str(steps)], text=True, stderr=subprocess.PIPE, start_new_session=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        for pid in [*self.workers(), self.agent.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.agent.wait()
        self.agent.stderr.close()

    def workers(self):
        """By their number, the first one first: they are started in order."""
        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = (line.split() for line in table.splitlines())
        return sorted(int(pid) for pid, parent in pairs if int(parent) == self.agent.pid)

    def wait_for(self, something):
        end = time.monotonic() + LIMIT
        while not something():
            assert self.agent.poll() is None, self.agent.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.05)

    def said(self):
        return self.agent.communicate(timeout=LIMIT)[1]


@pytest.mark.slow
def test_a_killed_process_ends_the_run_clearly_and_it_goes_on(command, tmp_path):
    saved = tmp_path / "run" / "checkpoints"
    with Torchrun(command, steps=100_000) as run:
        run.wait_for((saved / "step-00000040.ckpt").exists)
        os.kill(run.workers()[1], signal.SIGKILL)
        said = run.said()
    kept = checkpoint.newest(saved)
    assert "error: process 0 of 2 has lost another one, which was killed or whose machine is gone" in said
    assert f"The same command goes on from {kept}" in said and run.agent.returncode == 1

    # the same command, and then one process of it is asked politely: both stop after the same step
    first = checkpoint.load(kept)["steps_done"]
    with Torchrun(command, steps=100_000) as run:
        run.wait_for(lambda: checkpoint.newest(saved) > kept)
        os.kill(run.workers()[1], signal.SIGTERM)
        said = run.said()
    last = checkpoint.load(checkpoint.newest(saved))["steps_done"]
    assert last > first and f"stopped after step {last:,}; saved" in said and "lost" not in said

    # and on with one process, to the end
    assert main([*command, "--steps", str(last + 3)]) == 0
    assert pretrained.load(tmp_path / "run" / "networks").G(torch.zeros(2, 8)).shape == (2, 3, 16, 16)
