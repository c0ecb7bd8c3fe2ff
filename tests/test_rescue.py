"""The command line when a run's folder cannot be written any more, and what it keeps as the best."""

import shutil
import signal

import pytest
import torch
from PIL import Image

from dcgan_lib import pretrained
from dcgan_lib.cli import main, rescue
from dcgan_lib.training import Trainer, checkpoint, history
from dcgan_lib.training.checkpoint import CannotWrite

TINY = ["--image-size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--batch-size", "4", "--device", "cpu"]
EVERY = ["--log-every", "1", "--save-every", "3", "--sample-every", "4", "--steps", "9"]


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Twelve small pictures in a folder; caches go beside it."""
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        Image.new("RGB", (20, 18), (20 * i, 255 - 20 * i, 99)).save(folder / f"{i:02}.png")
    return folder


def command(photos, out, *more):
    return ["train", str(photos), "--out", str(out), *TINY, *EVERY, *more]


@pytest.fixture
def at_step(monkeypatch):
    """Something that happens at the beginning of a step, once."""
    happens = {}
    step = Trainer.step

    def with_event(self, real):
        happens.pop(self.steps_done + 1, lambda: None)()
        return step(self, real)

    monkeypatch.setattr(Trainer, "step", with_event)
    return happens


def test_a_run_whose_folder_is_gone_is_rescued_and_goes_on(photos, tmp_path, capsys, at_step, monkeypatch):
    lost = command(photos, tmp_path / "run", "--rescue", str(tmp_path / "safe"))
    monkeypatch.setattr("sys.argv", ["dcgan_lib", *lost])
    at_step[5] = lambda: shutil.rmtree(tmp_path / "run")
    assert main(lost) == 2
    err = capsys.readouterr().err
    rescued = tmp_path / "safe" / "run-rescued"
    assert f"rescued: step 5 is in {rescued / 'checkpoints' / 'step-00000005.ckpt'}" in err
    assert f"go on with: python -m dcgan_lib train {photos} --out" in err and f"--out {rescued}\n" in err
    assert main([*lost, "--out", str(rescued)]) == 0
    main(command(photos, tmp_path / "whole"))
    one, two = (pretrained.load(folder / "networks").G.state_dict() for folder in (rescued, tmp_path / "whole"))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_the_history_comes_along_where_it_can_be_read(photos, tmp_path, capsys, at_step):
    out, rescued = tmp_path / "run", tmp_path / "safe" / "run-rescued"

    def lock():  # a file in the place of the folder
        shutil.rmtree(out / "checkpoints")
        (out / "checkpoints").write_text("")

    at_step[6] = lock
    assert main(command(photos, out, "--rescue", str(tmp_path / "safe"))) == 2
    assert "could not be written after step 6 (File exists)" in capsys.readouterr().err
    assert [e["step"] for e in history.read(rescued / "history.jsonl")[1]] == [1, 2, 3, 4, 5, 6]
    assert main(command(photos, rescued)) == 0
    assert [e["step"] for e in history.read(rescued / "history.jsonl")[1]] == list(range(1, 10))


def test_where_nothing_can_be_written_the_run_waits_in_memory(tmp_path, monkeypatch, capsys):
    tries = []

    def save(trainer, folder):
        tries.append(folder)
        if len(tries) < 6:
            raise CannotWrite(f"{folder}: could not be written (No space left on device)")
        return folder / "step-00000007.ckpt"

    monkeypatch.setattr(checkpoint, "save", save)
    monkeypatch.setattr(rescue, "WAIT", 0.0)
    trainer = type("Trainer", (), {"steps_done": 7})
    place = rescue.rescue(trainer, tmp_path / "run", str(tmp_path / "safe"))
    assert [folder.parent.name for folder in tries] == ["run-rescued", "run-rescued", "run"] * 2
    assert place == tmp_path / "run" and "the run waits in memory and tries again" in capsys.readouterr().err


def test_a_folder_that_was_never_writable_is_an_error_and_nothing_is_rescued(photos, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert main(command(photos, tmp_path / "file" / "run", "--rescue", str(tmp_path / "safe"))) == 2
    assert "could not be written" in capsys.readouterr().err and not (tmp_path / "safe").exists()


def test_a_second_interrupt_leaves_at_once_and_says_from_where_it_goes_on(photos, tmp_path, capsys, at_step):
    at_step[5] = lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)]
    assert main(command(photos, tmp_path / "run")) == 130
    assert "a second signal: left at once" in capsys.readouterr().err
    assert checkpoint.newest(tmp_path / "run/checkpoints").name == "step-00000003.ckpt"


def test_the_best_state_is_exported_beside_the_last(photos, tmp_path, capsys):
    main(command(photos, tmp_path / "run"))
    saved = checkpoint.load(tmp_path / "run/checkpoints/best.ckpt")
    record = pretrained.load(tmp_path / "run/best").record
    measured = {e["step"]: e["measure"] for e in history.read(tmp_path / "run/history.jsonl")[1] if "measure" in e}
    assert record["steps_done"] == saved["steps_done"] == min(measured, key=measured.get)
    assert f"best: step {record['steps_done']}, sliced distance" in capsys.readouterr().err


def test_no_best_is_kept_where_none_is_asked_for(photos, tmp_path):
    main(command(photos, tmp_path / "run", "--best", "none"))
    assert not (tmp_path / "run/best").exists() and not (tmp_path / "run/checkpoints/best.ckpt").exists()


def test_another_run_begins_from_a_checkpoint_with_other_settings(photos, tmp_path, capsys):
    main(command(photos, tmp_path / "run"))
    start = tmp_path / "run/checkpoints/step-00000006.ckpt"
    assert main(command(photos, tmp_path / "slower", "--start", str(start), "--lr-g", "0.00001")) == 0
    assert f"begins from {start}: step 6" in capsys.readouterr().err
    head, entries = history.read(tmp_path / "slower/history.jsonl")
    assert head["train"]["lr_g"] == 1e-5 and [e["step"] for e in entries] == [7, 8, 9]
