"""`runs`: what was trained, as a table, as JSON, as curves; damaged runs are named."""

import dataclasses
import json
import os
import platform
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image

from dcgan_lib.cli import main
from dcgan_lib.cli.common import aligned
from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.plotting.runs import plot_runs, spread
from dcgan_lib.training import Trainer, history, train
from dcgan_lib.training.runs import Run, RunError, differences, find

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=5, batch_size=8)
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def make(out, stop=None, **changes):
    trainer = Trainer(TINY, dataclasses.replace(RUN, **changes), "cpu")
    for stats in train(trainer, NOISE, out, log_every=1):
        if stats.step == stop:
            return


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two runs in one folder: `a` is done, `deep/b` was stopped after 3 of 5 steps and has another rate."""
    folder = tmp_path_factory.mktemp("runs")
    make(folder / "a")
    make(folder / "deep" / "b", stop=3, lr_g=1e-3)
    return folder


def test_the_table_shows_how_far_each_run_came(trained, capsys):
    assert main(["runs", str(trained)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["run", "data", "pixels", "ngf/ndf"]
    assert [row.split()[0] for row in rows] == ["a", "deep/b"]
    assert "5 of 5" in rows[0] and rows[0].endswith("done")
    assert "3 of 5" in rows[1] and rows[1].endswith("stopped")
    assert "16x16x1" in rows[0] and "4/4" in rows[0] and "noise" in rows[0]
    at = head.index("step") + len("step")
    assert all(row[:at].endswith(" of 5") for row in rows)  # numbers end where their head ends


def test_numbers_are_means_over_the_newest_lines(trained):
    run = Run.load(trained / "a")
    entries = history.read(trained / "a" / "history.jsonl")[1]
    assert run.row()["loss_d"] == pytest.approx(sum(e["loss_d"] for e in entries) / 5)
    assert run.row()["images_per_s"] > 0


def test_the_best_state_of_a_run_that_is_judged_is_listed(tmp_path, capsys):
    trainer, values = Trainer(TINY, RUN, "cpu"), iter((0.7, 0.25, 0.5, 0.4, 0.6, 0.9))
    list(train(trainer, NOISE, tmp_path / "r", sample_every=1, best=lambda trainer: next(values)))
    main(["runs", str(tmp_path)])
    head, row = capsys.readouterr().out.splitlines()
    assert " best " in head and " 0.250 at 2 " in row


def test_json_holds_the_same_for_machines(trained, capsys):
    assert main(["runs", str(trained), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["step"], row["state"]) for row in rows] == [("a", 5, "done"), ("deep/b", 3, "stopped")]


def test_only_settings_that_differ_are_compared(trained, capsys):
    assert main(["runs", str(trained), "--compare", "a", "deep/b"]) == 0
    differ = capsys.readouterr().out.split("they differ in")[1].splitlines()
    assert [line.split() for line in differ[1:]] == [["train.lr_g", "0.0002", "0.001"]]
    assert differences([Run.load(trained / "a")] * 2) == {}


def test_a_plot_draws_each_run_and_names_it_at_its_end(trained, tmp_path):
    assert main(["runs", str(trained), "--plot", str(tmp_path / "runs.png")]) == 0
    with Image.open(tmp_path / "runs.png") as picture:
        assert picture.size[0] > 800 and picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    fig = plot_runs(find(trained)[0])
    assert [text.get_text() for text in fig.axes[1].texts] == [run.name for run in sorted_by_end(trained)]
    plt.close(fig)


def sorted_by_end(trained):
    return sorted(find(trained)[0], key=lambda run: run.entries[-1]["loss_g"])


def test_labels_keep_their_distance_and_stay_inside():
    assert spread([0.1, 0.5], 0.2) == [0.1, 0.5]
    heights = spread([0.9, 0.93, 0.95, 1.2], 0.1)
    assert heights[-1] == 1 and min(torch.tensor(heights).diff()) >= 0.1 - 1e-6


def test_a_run_at_work_a_failed_one_and_a_killed_one_are_told_apart(trained, tmp_path):
    make(tmp_path / "r", stop=3)
    path = tmp_path / "r" / "sessions.jsonl"
    start = history.read_lines(path)[0]
    for line, state in (
        ({}, "running"),
        ({"end": "now", "step": 3, "outcome": "failed", "why": "NonFiniteLoss: step 3"}, "failed"),
        ({"start": "now", "steps": 5, "host": platform.node(), "pid": 2**22 + 1}, "stopped"),
    ):
        path.write_text("".join(json.dumps(entry) + "\n" for entry in (start, line) if entry))
        assert Run.load(tmp_path / "r").state == state
    assert start["pid"] == os.getpid()


def test_a_process_that_trains_is_running_and_once_killed_it_is_not(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", FOREVER, str(tmp_path / "r")])
    try:
        while not (tmp_path / "r" / "sessions.jsonl").exists() or not find(tmp_path)[0]:
            assert process.poll() is None
            time.sleep(0.05)
        assert Run.load(tmp_path / "r").state == "running"
    finally:
        process.kill()
        process.wait()
    assert Run.load(tmp_path / "r").state == "stopped"


def test_a_start_that_was_killed_in_its_first_line_is_no_damage(tmp_path):
    make(tmp_path / "r")
    (tmp_path / "r" / "sessions.jsonl").write_text('{"start": "20')
    assert Run.load(tmp_path / "r").state == "done"


FOREVER = """
import sys, torch
from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, train
noise = Images("noise", torch.zeros(50, 1, 16, 16, dtype=torch.uint8))
trainer = Trainer(DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4), TrainConfig(steps=10**9, batch_size=8), "cpu")
list(train(trainer, noise, sys.argv[1], log_every=1, save_every=10**9, sample_every=10**9, fast=False))
"""


def test_a_failed_run_says_why_below_the_table(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Trainer, "step", lambda self, real: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        make(tmp_path / "r")
    main(["runs", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[-1] == "r: ZeroDivisionError: integer division or modulo by zero"


def test_alarms_have_a_column_of_their_own(trained, tmp_path, capsys):
    make(tmp_path / "r")
    history.append(
        tmp_path / "r" / "history.jsonl", {"look": {"step": 5, "variety": 0.1, "lead": 0.2, "begun": ["alike"]}}
    )
    main(["runs", str(tmp_path)])
    head, row = capsys.readouterr().out.splitlines()
    assert head.endswith("alarms") and row.endswith("alike at 5")


@pytest.mark.parametrize(
    "content", ["", "not json\n", "[1]\n", '{"model": {}}\n', "\x00\xff\n", '{"model": 3, "train": {}, "data": {}}\n']
)
def test_a_damaged_run_is_named_and_the_others_are_listed(trained, tmp_path, content, capsys):
    make(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "history.jsonl").write_text(content)
    assert main(["runs", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "good" in said.out and "left out: " in said.err and "bad" in said.err


def test_a_run_of_an_older_version_without_sessions_is_listed(tmp_path):
    make(tmp_path / "r")
    (tmp_path / "r" / "sessions.jsonl").unlink()
    row = Run.load(tmp_path / "r").row()
    assert (row["state"], row["begun"], row["images_per_s"]) == ("done", None, None)


def test_a_missing_folder_and_a_missing_run_are_named(trained, tmp_path, capsys):
    assert main(["runs", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
    assert main(["runs", str(trained), "--compare", "a", "zz"]) == 2
    assert "zz: no such run" in capsys.readouterr().err
    with pytest.raises(RunError, match="no run can be read there"):
        Run.load(tmp_path)


def test_no_runs_yet_says_how_to_begin_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["runs"]) == 0
    assert "train faces --out runs/faces" in capsys.readouterr().err


def test_a_table_is_as_wide_as_its_widest_cells():
    assert aligned(["a", "long head"], [["wide cell", "1"]], right={1}) == "a          long head\nwide cell          1"
