"""The cost of sharing a step: counted messages are those that a team sends, and estimates obey their own rules."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.plotting.engine import recorded
from dcgan_lib.plotting.scaling import plot_parts, plot_speedups
from dcgan_lib.scaling import H200_SERVERS, ONE_CABLE, efficiency, messages, parts, ring, seconds
from dcgan_lib.training import Trainer
from dcgan_lib.training.team import Team

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "scaling.py"
SMALL = DCGANConfig(image_size=16, nz=6, ngf=4, ndf=4)


class Echo(Team):
    """Two processes that hold the same, in one: what it is sent is counted."""

    def __init__(self):
        self.rank, self.size, self.device, self.sent = 0, 2, "cpu", []

    def sum_(self, tensor):
        self.sent.append(4 * tensor.numel())
        tensor *= 2

    def stack(self, tensor):
        self.sent.append(4 * tensor.numel())
        return torch.stack([tensor, tensor])


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("model", [SMALL, dataclasses.replace(SMALL, hidden_units=5)], ids=["plain", "hidden"])
def test_the_messages_on_paper_are_those_of_a_step(model, sync):
    team = Echo()
    Trainer(model, TrainConfig(batch_size=4, sync_batch_norm=sync), "cpu", team).step(torch.rand(2, 3, 16, 16))
    assert sorted(team.sent) == sorted(messages(model, sync).sizes)


def test_the_usual_networks_exchange_25_megabytes_in_28_messages():
    counted = messages(DCGANConfig())
    assert sum(counted.gradients) == 4 * (3_576_704 + 2_765_568)
    assert len(counted.sizes) == 2 + 2 * (4 + 3 * 3)


def test_a_ring_sends_what_is_added_piece_by_piece():
    """Each of n sends n - 1 pieces of a n-th to add up, and as many to hand the sums on."""
    n, size = 4, 100
    assert ring(n, size) == 2 * (n - 1) * size / n
    assert ring(1, size) == 0 and ring(1000, size) < 2 * size


def test_one_process_exchanges_nothing_and_its_step_is_captured():
    alone = parts(SMALL, 128)
    assert alone["gradients"] == alone["statistics"] == 0 and alone["launches"] == H200_SERVERS.fixed


def test_launches_are_hidden_behind_enough_arithmetic():
    little, much = parts(DCGANConfig(), 128, 2), parts(DCGANConfig(), 4096, 2)
    assert little["arithmetic"] + little["launches"] == pytest.approx(H200_SERVERS.launches)
    assert much["launches"] == H200_SERVERS.fixed


def test_without_waiting_half_the_batch_takes_half_the_time():
    free = dataclasses.replace(H200_SERVERS, fixed=0, launches=0, latency=0, further=0, inside=1e30, between=1e30)
    assert seconds(DCGANConfig(), 256, 2, free) == pytest.approx(seconds(DCGANConfig(), 128, 1, free))
    assert efficiency(DCGANConfig(), 256, 64, free) == pytest.approx(1)


def test_a_thin_cable_between_machines_costs_nothing_inside_one():
    assert seconds(DCGANConfig(), 1024, 8, ONE_CABLE) == seconds(DCGANConfig(), 1024, 8)
    assert seconds(DCGANConfig(), 1024, 16, ONE_CABLE) > 2 * seconds(DCGANConfig(), 1024, 16)


def test_a_batch_that_cannot_be_shared_has_no_time():
    with pytest.raises(ValueError, match=r"batch=100 cannot be shared equally by 8 GPUs: choose a multiple of 8"):
        seconds(SMALL, 100, 8)


def test_speedups_are_drawn_against_the_line_of_perfection():
    panels = {"shared": {"small": {1: 1.0, 2: 0.5}, "large": {1: 1.0, 2: 1.9}}, "grown": {"small": {1: 1.0, 2: 1.2}}}
    fig = plot_speedups(panels)
    assert [len(ax.lines) for ax in fig.axes] == [3, 2]
    assert [ax.get_title() for ax in fig.axes] == ["shared", "grown"]


def test_the_parts_of_a_step_are_drawn_in_a_row_as_shares_of_it():
    fig = plot_parts({"one": {"arithmetic": 1.0, "gradients": 3.0}, "two": {"arithmetic": 2.0, "gradients": 0.0}})
    widths = [bar.get_width() for bar in fig.axes[0].patches]
    assert widths == pytest.approx([0.25, 1, 0.75, 0])


# --- the benchmark


@pytest.mark.slow
def test_the_benchmark_runs_to_its_end():
    command = [sys.executable, str(BENCHMARK), "--quick", "--processes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "2 processes, batch norm synchronised" in done.stdout and "14,306,816" in done.stdout


def test_the_recorded_benchmark_has_what_the_page_shows():
    report = recorded("scaling")
    assert [len(case["rows"]) for case in report["cases"]] == [3, 3]
    assert {row["x"] for case in report["cases"] for row in case["rows"][:1]} == {1.0}
    assert report["machine"]["load_average_after"] and report["exchanges"]
    assert all(row["cpu_ms"] for case in report["cases"] for row in case["rows"])
