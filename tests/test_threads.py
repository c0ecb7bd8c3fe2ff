"""Threads: no more than there are cores, and polite ones."""

import os
import subprocess
import sys

import pytest
import torch

from dcgan_lib import threads


@pytest.fixture(autouse=True)
def same_threads_afterwards():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "content, expected", [("150000 100000", 1), ("max 100000", 9), ("300000 100000", 3), ("5 9", 1)]
)
def test_a_containers_quota_counts(tmp_path, monkeypatch, content, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(9)), raising=False)
    (tmp_path / "cpu.max").write_text(content)
    assert threads.cores(tmp_path) == expected


@pytest.mark.parametrize("quota, expected", [("200000", 2), ("-1", 9)])
def test_an_older_containers_quota_counts_too(tmp_path, monkeypatch, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(9)), raising=False)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert threads.cores(tmp_path) == expected


def test_without_a_container_all_allowed_cores_count(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert threads.cores(tmp_path) == 2


def test_settling_takes_no_more_threads_than_cores(monkeypatch):
    torch.set_num_threads(4)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    assert threads.settle() == torch.get_num_threads() == 2


def test_a_wish_is_granted():
    assert threads.settle(3) == torch.get_num_threads() == 3


def test_no_threads_at_all_are_refused():
    with pytest.raises(ValueError, match="threads=0: give a number of at least 1"):
        threads.settle(0)


@pytest.mark.parametrize("given, expected", [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
@pytest.mark.parametrize(
    "door", ["import dcgan_lib.environment", "import dcgan_lib.cli; dcgan_lib.cli.main(['data', 'list'])"]
)
def test_chapters_and_the_command_line_wait_politely_unless_told_otherwise(door, given, expected):
    env = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    env |= {"OMP_WAIT_POLICY": given} if given else {}
    code = f"import os; {door}; print(os.environ['OMP_WAIT_POLICY'])"
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.split()[-1] == expected
