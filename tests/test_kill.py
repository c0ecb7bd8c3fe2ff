"""SIGKILL at any moment: at most what was not due to be saved is lost, and the run goes on as if undisturbed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def result():
    """One process that forks a child for each kill: a fresh interpreter would need seconds for each."""
    command = [sys.executable, ROOT / "benchmarks" / "kill_test.py", "--kills", "110", "--no-record"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_a_hundred_runs_are_killed_at_lines_with_files_half_written_and_at_random_times(result):
    assert result["kills"] >= 100
    assert all(result["by"][how] >= 20 for how in ("at a line", "half written", "at a time"))


def test_every_killed_run_goes_on_to_the_files_of_the_undisturbed_one(result):
    assert result["failures"] == []


def test_no_more_is_lost_than_was_due_to_be_saved(result):
    assert result["most_steps_lost"] < result["steps_between_saves"]


def test_temporary_files_of_killed_writers_were_left_and_are_gone_at_the_end(result):
    """Gone, because the files of every run were compared."""
    assert result["temporary_files_left"] > 0
