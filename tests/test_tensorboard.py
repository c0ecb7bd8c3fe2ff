"""TensorBoard: event files that hold the history's numbers and the sheets, each step once."""

import dataclasses

import pytest
import torch

from dcgan_lib.cli import main
from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, history, tensorboard, train
from dcgan_lib.training.tensorboard import TensorBoardMissing

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=6, batch_size=8)
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def run(out, stop=None, **changes):
    trainer = Trainer(TINY, dataclasses.replace(RUN, **changes), "cpu")
    for stats in train(trainer, NOISE, out, log_every=1, save_every=2, sample_every=3, tensorboard=True):
        if stats.step == stop:
            break


def events(out):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(out / "tensorboard"), size_guidance={"scalars": 0, "images": 0}).Reload()


def test_the_numbers_are_those_of_the_history(tmp_path):
    run(tmp_path)
    written = events(tmp_path)
    for tag, name in (
        ("losses/loss_d", "loss_d"),
        ("logits/score_fake", "score_fake"),
        ("probabilities/d_real", "d_real"),
    ):
        points = {event.step: event.value for event in written.Scalars(tag)}
        expected = {entry["step"]: entry[name] for entry in history.read(tmp_path / "history.jsonl")[1]}
        assert points == pytest.approx(expected, rel=1e-6)
    assert [event.step for event in written.Scalars("samples/variety")] == [1, 3, 6]


def test_the_pictures_are_the_sample_sheets(tmp_path):
    run(tmp_path)
    pictures = events(tmp_path).Images("samples")
    assert [(p.step, p.width, p.height) for p in pictures] == [(1, 144, 144), (3, 144, 144), (6, 144, 144)]


def test_a_resumed_run_writes_no_step_twice(tmp_path):
    run(tmp_path, stop=5)
    for path in (tmp_path / "checkpoints").glob("step-*5.ckpt"):
        path.unlink()  # as if it had been killed: the newest checkpoint is that of step 4
    run(tmp_path, steps=8)
    written = events(tmp_path)
    assert [event.step for event in written.Scalars("losses/loss_g")] == list(range(1, 9))
    assert [event.step for event in written.Images("samples")] == [1, 3, 6, 8]


def test_a_missing_package_is_told_with_its_remedy_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TensorBoardMissing, match="pip install tensorboard"):
        run(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_command_line_says_so_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    assert main(["train", "faces", "--tensorboard"]) == 2
    assert (
        capsys.readouterr().err
        == "error: TensorBoard is not installed: pip install tensorboard, or leave --tensorboard out\n"
    )


def test_without_a_folder_there_is_nowhere_to_write():
    with pytest.raises(ValueError, match="tensorboard=True without a folder"):
        next(train(Trainer(TINY, RUN, "cpu"), NOISE, tensorboard=True))
