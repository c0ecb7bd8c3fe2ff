"""What a run writes, and what becomes of it when it cannot: a full disk, a folder gone, a number that is none."""

import contextlib
import dataclasses
import math
import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest
import torch
from test_checkpoint import NOISE, everything, new, same

from dcgan_lib.training import NonFiniteLoss, Trainer, checkpoint, history, progress, train
from dcgan_lib.training.checkpoint import CannotWrite

EVERY = {"log_every": 1, "save_every": 3, "sample_every": 4}


def run(trainer, out, until=None, **options):
    for stats in train(trainer, NOISE, out, **EVERY | options):
        if stats.step == until:
            break
    return trainer


def undisturbed(out, **changes):
    return run(new(**changes), out)


def checkpoints(out):
    return sorted(path.name for path in (out / "checkpoints").iterdir())


@contextlib.contextmanager
def no_room_beyond(size):
    """A real limit of the system: no file of this process may become larger than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def unprivileged():
    """A folder, and this process without the right to write everywhere, should it have it."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    yield folder
    if is_root:
        os.seteuid(0)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


# --- a disk that is full, a folder that is gone or locked


def stopped_by(trainer, out, problem, at=7):
    """Train until the problem, which arises after step `at`; returns the error's message."""
    steps = train(trainer, NOISE, out, **EVERY)
    with contextlib.ExitStack() as undo, pytest.raises(CannotWrite) as caught:
        for stats in steps:
            if stats.step == at:
                undo.enter_context(problem(out))
    return str(caught.value)


@contextlib.contextmanager
def full(out):
    """Too little room for a checkpoint, enough for a line."""
    with no_room_beyond(50_000):
        yield


@contextlib.contextmanager
def quite_full(out):
    """No room for a line either."""
    with no_room_beyond((out / "history.jsonl").stat().st_size + 20):
        yield


@contextlib.contextmanager
def removed(out):
    shutil.rmtree(out)
    yield


@pytest.mark.parametrize(
    ("problem", "file", "step", "why"),
    [
        (full, "checkpoints/step-00000009.ckpt", 9, "File too large"),
        (quite_full, "history.jsonl", 8, "File too large"),
        (removed, "history.jsonl", 8, "No such file"),
    ],
)
def test_what_cannot_be_written_says_so_and_that_the_run_is_in_memory(tmp_path, problem, file, step, why):
    message = stopped_by(new(), tmp_path / "run", problem)
    assert message.startswith(f"{tmp_path / 'run' / file}: could not be written after step {step} ({why}")
    assert (
        "checkpoint.save(trainer, 'elsewhere/checkpoints'), and train(trainer, images, 'elsewhere') goes on" in message
    )


@pytest.mark.parametrize("problem", [full, quite_full])
def test_the_old_checkpoint_is_intact_and_named(tmp_path, problem):
    message = stopped_by(new(), tmp_path / "run", problem)
    kept = tmp_path / "run/checkpoints/step-00000006.ckpt"
    assert f"{kept} is intact" in message
    assert checkpoint.load(kept)["steps_done"] == 6
    assert checkpoints(tmp_path / "run") == ["step-00000003.ckpt", "step-00000006.ckpt"]


@pytest.mark.parametrize("problem", [full, quite_full, removed])
def test_the_run_in_memory_is_saved_elsewhere_and_goes_on_as_if_undisturbed(tmp_path, problem):
    trainer = new()
    stopped_by(trainer, tmp_path / "run", problem)
    checkpoint.save(trainer, tmp_path / "elsewhere" / "checkpoints")
    run(trainer, tmp_path / "elsewhere")
    assert same(everything(trainer), everything(undisturbed(tmp_path / "whole")))


@pytest.mark.parametrize("problem", [full, quite_full])
def test_with_room_again_the_same_call_goes_on_and_leaves_the_files_of_an_undisturbed_run(tmp_path, problem):
    trainer, seen = new(), []
    stopped_by(trainer, tmp_path / "run", problem)
    seen = [stats.step for stats in train(trainer, NOISE, tmp_path / "run", **EVERY)]
    undisturbed(tmp_path / "whole")
    assert seen[0] == (9 if problem is full else 8) and seen[-1] == 14  # the step that was not handed over comes first
    for name in ("history.jsonl", "samples/step-00000008.png"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert checkpoints(tmp_path / "run") == checkpoints(tmp_path / "whole")


def test_a_folder_that_became_read_only_is_a_clear_error(unprivileged):
    def locked(out):
        (out / "checkpoints").chmod(0o555)
        return contextlib.nullcontext()

    trainer = new()
    message = stopped_by(trainer, unprivileged / "run", locked)
    assert "step-00000009.ckpt: could not be written after step 9 (Permission denied)" in message
    assert trainer.steps_done == 9


def test_a_folder_that_cannot_be_made_is_found_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    trainer = new()
    with pytest.raises(CannotWrite, match=r"file.*could not be written after step 0 \(Not a directory"):
        next(train(trainer, NOISE, tmp_path / "file" / "run"))
    assert trainer.steps_done == 0


def test_a_disk_without_room_for_one_checkpoint_is_found_before_the_first_step(tmp_path):
    with no_room_beyond(20_000), pytest.raises(CannotWrite, match="after step 0"):
        next(train(new(), NOISE, tmp_path))


def test_a_disk_that_will_be_full_is_warned_of_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6, 1000))
    with pytest.warns(UserWarning, match=r"the checkpoints of this run need 0.1 MB, and 0.0 MB are free; make room"):
        next(train(new(), NOISE, tmp_path))


def test_leaving_the_loop_with_a_full_disk_tells_who_closes_it(tmp_path):
    trainer = new()
    steps = train(trainer, NOISE, tmp_path, **EVERY)
    next(steps), next(steps)
    with no_room_beyond(50_000), pytest.raises(CannotWrite, match="after step 2"):
        steps.close()


# --- the best state


def wave(trainer):
    """The lowest at step 8, lower at 4 than at 1."""
    return {1: 5.0, 4: 3.0, 8: 1.0, 12: 2.0, 14: 1.5}[trainer.steps_done]


def test_the_best_state_is_kept_apart_with_its_value(tmp_path):
    run(new(), tmp_path, best=wave)
    best = checkpoint.load(tmp_path / "checkpoints/best.ckpt")
    assert best["best"] == (1.0, 8) and best["steps_done"] == 8
    assert checkpoints(tmp_path) == ["best.ckpt", "step-00000012.ckpt", "step-00000014.ckpt"]


def test_the_measured_values_are_in_the_history(tmp_path):
    run(new(), tmp_path, best=wave, log_every=100)
    _, entries = history.read(tmp_path / "history.jsonl")
    assert {e["step"]: e["measure"] for e in entries if "measure" in e} == {1: 5.0, 4: 3.0, 8: 1.0, 12: 2.0, 14: 1.5}


def test_a_resumed_run_knows_how_good_the_best_was(tmp_path):
    run(new(), tmp_path / "whole", best=wave)
    run(new(), tmp_path / "parts", until=10, best=wave)
    resumed = run(new(), tmp_path / "parts", best=wave)
    assert progress.of(resumed).best == (1.0, 8)
    one, two = (checkpoint.load(tmp_path / name / "checkpoints/best.ckpt") for name in ("whole", "parts"))
    assert same(one, two)


def test_the_best_can_be_drawn_with(tmp_path):
    trainer = run(new(), tmp_path, best=wave)
    best = new()
    checkpoint.restore(best, checkpoint.load(tmp_path / "checkpoints/best.ckpt"))
    assert best.steps_done == 8 and not torch.equal(best.G.sample(2), trainer.G.sample(2))


def test_a_measure_that_is_not_a_number_is_never_the_best(tmp_path):
    run(new(), tmp_path, best=lambda trainer: math.nan if trainer.steps_done > 1 else 2.0)
    assert checkpoint.load(tmp_path / "checkpoints/best.ckpt")["best"] == (2.0, 1)
    assert history.read(tmp_path / "history.jsonl")[1][-1]["measure"] is None


def test_in_a_folder_without_a_best_state_a_new_one_is_looked_for(tmp_path):
    trainer = run(new(), tmp_path / "run", until=8, best=wave)
    run(trainer, tmp_path / "elsewhere", best=wave)
    assert checkpoint.load(tmp_path / "elsewhere/checkpoints/best.ckpt")["best"] == (1.5, 14)


def test_a_best_state_needs_a_folder():
    with pytest.raises(ValueError, match="best without a folder: name one with out="):
        next(train(new(), NOISE, best=wave))


# --- numbers that are none


def spoil(trainer, what):
    """One number of the trainer becomes infinite."""
    tensors = {
        "a weight": trainer.G.blocks[1][0].weight,
        "a running variance": trainer.D.blocks[1][1].running_var,
        "the average": trainer.average.blocks[1][0].weight,
        "Adam's memory": trainer.opt_d.state[next(trainer.D.parameters())]["exp_avg_sq"],
    }
    with torch.no_grad():
        tensors[what][(0,) * tensors[what].ndim] = math.inf


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("a weight", r"G's blocks\.1\.0\.weight"),
        ("a running variance", r"D's blocks\.1\.1\.running_var"),
        ("the average", r"the averaged G's blocks\.1\.0\.weight"),
        ("Adam's memory", r"opt_d's exp_avg_sq of blocks\.0\.0\.weight"),
    ],
)
def test_what_is_not_finite_is_never_saved(tmp_path, what, name):
    trainer = new(ema=0.9)
    trainer.step(torch.zeros(8, 1, 16, 16))
    spoil(trainer, what)
    with pytest.raises(checkpoint.NotFinite, match=rf"step 1: {name} is infinite or not a number, nothing is saved"):
        checkpoint.save(trainer, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_between_two_looks_stops_the_run_at_the_next_save(tmp_path):
    """The losses are looked at every 100 steps; an infinite weight that they do not show yet is found all the same."""
    trainer = new(ema=0.9)
    with pytest.raises(NonFiniteLoss, match=r"step 6: the averaged G's .*lower.*Last good checkpoint: .*00003\.ckpt"):
        for stats in train(trainer, NOISE, tmp_path, log_every=100, save_every=3, sample_every=100):
            if stats.step == 4:
                spoil(trainer, "the average")
    assert checkpoints(tmp_path) == ["step-00000000.ckpt", "step-00000003.ckpt"]


def test_a_run_goes_on_from_its_last_good_checkpoint_with_a_lower_rate_in_a_new_folder(tmp_path):
    run(new(), tmp_path / "run", until=6)
    slower = new(lr_g=1e-5)
    saved = checkpoint.load(tmp_path / "run/checkpoints/step-00000006.ckpt")
    checkpoint.restore(slower, saved, other_settings=True)
    assert slower.opt_g.param_groups[0]["lr"] == 1e-5 and slower.steps_done == 6
    run(slower, tmp_path / "slower")
    assert checkpoint.configs(checkpoint.newest(tmp_path / "slower/checkpoints"))[1].lr_g == 1e-5


# --- the files themselves


def test_the_first_checkpoint_is_written_before_the_first_step(tmp_path):
    next(train(new(), NOISE, tmp_path))
    assert checkpoint.load(tmp_path / "checkpoints/step-00000000.ckpt")["steps_done"] == 0


def test_a_checkpoint_knows_how_long_the_history_was(tmp_path):
    run(new(), tmp_path, until=7)
    saved = checkpoint.load(tmp_path / "checkpoints/step-00000006.ckpt")
    lines = (tmp_path / "history.jsonl").read_text().splitlines()
    assert saved["history"] < len(lines) and '"step": 6' in lines[saved["history"] - 1]


def test_the_history_of_a_killed_run_is_cut_back_to_its_checkpoint(tmp_path):
    run(new(), tmp_path / "killed", until=8)
    (tmp_path / "killed/checkpoints/step-00000008.ckpt").unlink()
    with (tmp_path / "killed/history.jsonl").open("a") as file:
        file.write('{"step": 9, "loss_d": 1.0}\n{"step": 10, "lo')
    run(new(), tmp_path / "killed")
    undisturbed(tmp_path / "whole")
    assert (tmp_path / "killed/history.jsonl").read_bytes() == (tmp_path / "whole/history.jsonl").read_bytes()


def test_another_call_of_train_takes_the_trainer_over(tmp_path):
    trainer = new()
    first, second = train(trainer, NOISE), train(trainer, NOISE)
    next(first), next(second)
    with pytest.raises(RuntimeError, match="another call of train has taken this trainer over"):
        next(first)


def test_an_abandoned_loop_saves_nothing_of_a_trainer_that_has_gone_on(tmp_path):
    trainer = new()
    first = train(trainer, NOISE, tmp_path, **EVERY)
    next(first)
    run(trainer, None, until=5)
    first.close()
    assert checkpoints(tmp_path) == ["step-00000000.ckpt"]


def test_a_trainer_may_be_of_other_settings_but_not_of_another_architecture(tmp_path):
    saved = checkpoint.load(checkpoint.save(new(), tmp_path))
    wider = Trainer(dataclasses.replace(new().model, ngf=8), new().cfg, "cpu")
    with pytest.raises(checkpoint.CheckpointError, match="another model configuration"):
        checkpoint.restore(wider, saved, other_settings=True)
