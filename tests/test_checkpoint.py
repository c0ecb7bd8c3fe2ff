"""Checkpoints: a resumed run is the run that was not interrupted, and a bad file says what it is."""

import dataclasses
import io
import os
import stat
import subprocess
import sys

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.losses import LOSSES
from dcgan_lib.training import Trainer, atomic, checkpoint, train
from dcgan_lib.training.checkpoint import CheckpointError

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=14, batch_size=8)  # 50 images: 6 steps are an epoch
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def new(model=TINY, **changes):
    return Trainer(model, dataclasses.replace(RUN, **changes), device="cpu")


def everything(trainer):
    """All of a run's state as one file's bytes would hold it."""
    buffer = io.BytesIO()
    torch.save(checkpoint.state(trainer), buffer)
    return torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def saved(folder, steps=3):
    trainer = new(steps=steps)
    list(train(trainer, NOISE))
    return checkpoint.save(trainer, folder)


# --- resuming


STOPS = {"mid-epoch": 3, "at an epoch's end": 6, "after it": 7}
LOSS_SETTINGS = [{"loss": name} for name in LOSSES] + [
    {"loss": "wasserstein", "weight_clip": 0.01},
    {"real_target": 0.9},
]
MATRIX = [
    {"precision": precision, "ema": ema, "flip": flip, **loss}
    for precision in ("fp32", "bf16")
    for ema in (0.0, 0.9)
    for flip in (False, True)
    for loss in LOSS_SETTINGS
]


@pytest.mark.parametrize("changes", MATRIX, ids=lambda changes: "-".join(map(str, changes.values())))
def test_a_resumed_run_is_bit_for_bit_the_run_that_was_not_stopped(tmp_path, monkeypatch, changes):
    """Each setting is stopped at three places: 168 cases."""
    monkeypatch.setattr(os, "fsync", lambda number: None)  # which changes no bit, and takes most of the time
    assert len(MATRIX) * len(STOPS) == 168
    changes = changes | {"steps": 9}
    whole = new(**changes)
    list(train(whole, NOISE, tmp_path / "whole", log_every=1))
    for place, stop in STOPS.items():
        for stats in train(new(**changes), NOISE, tmp_path / place, log_every=1):
            if stats.step == stop:
                break
        resumed = new(**changes)
        list(train(resumed, NOISE, tmp_path / place, log_every=1))
        assert same(everything(resumed), everything(whole)), place
        assert (tmp_path / place / "history.jsonl").read_bytes() == (tmp_path / "whole/history.jsonl").read_bytes()


def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path):
    """What a killed process leaves: a checkpoint of step 5, and history lines of later steps."""
    whole, killed = new(), new(steps=8)
    list(train(whole, NOISE))
    list(train(killed, NOISE, tmp_path, save_every=5, log_every=1))
    (tmp_path / "checkpoints/step-00000008.ckpt").unlink()
    resumed = new()
    steps = [stats.step for stats in train(resumed, NOISE, tmp_path, log_every=1)]
    assert steps == list(range(6, 15))
    assert same(everything(resumed), everything(whole))


def test_a_finished_run_can_be_made_longer(tmp_path):
    list(train(new(steps=5), NOISE, tmp_path))
    assert [stats.step for stats in train(new(steps=7), NOISE, tmp_path)] == [6, 7]


def test_a_trainer_that_is_further_than_its_folder_is_not_set_back(tmp_path):
    trainer = new()
    for stats in train(trainer, NOISE):
        if stats.step == 4:
            break
    checkpoint.save(new(), tmp_path / "checkpoints")  # step 0
    assert next(train(trainer, NOISE, tmp_path)).step == 5


def test_a_trainer_that_is_further_than_the_one_whole_file_is_not_set_back(tmp_path):
    list(train(new(steps=3), NOISE, tmp_path))
    trainer = new()
    for stats in train(trainer, NOISE):
        if stats.step == 5:
            break
    assert checkpoint.resume(trainer, tmp_path / "checkpoints", beyond=5) is None
    assert next(train(trainer, NOISE, tmp_path)).step == 6


def test_a_checkpoint_of_an_earlier_step_does_not_drop_the_later_ones(tmp_path):
    for step in (5, 6, 3):
        trainer = new()
        trainer.steps_done = step
        checkpoint.save(trainer, tmp_path)
    assert [p.name[11:13] for p in sorted(tmp_path.iterdir())] == ["03", "05", "06"]


def test_two_checkpoints_are_kept(tmp_path):
    list(train(new(), NOISE, tmp_path, save_every=3))
    assert [p.name for p in sorted(tmp_path.glob("checkpoints/*"))] == ["step-00000012.ckpt", "step-00000014.ckpt"]


def test_resuming_another_run_is_refused_by_the_setting_that_differs(tmp_path):
    saved(tmp_path)
    with pytest.raises(CheckpointError, match=r"another train configuration \(lr_g=0\.0002 there, 0\.001 here\)"):
        checkpoint.resume(new(lr_g=1e-3), tmp_path)


def test_resuming_another_architecture_is_refused_by_the_setting_that_differs(tmp_path):
    saved(tmp_path)
    with pytest.raises(CheckpointError, match=r"another model configuration \(ngf=4 there, 8 here\)"):
        checkpoint.resume(new(dataclasses.replace(TINY, ngf=8)), tmp_path)


def test_a_refused_checkpoint_leaves_the_trainer_as_it_was(tmp_path):
    saved(tmp_path)
    trainer = new(lr_g=1e-3)
    before = everything(trainer)
    with pytest.raises(CheckpointError):
        checkpoint.resume(trainer, tmp_path)
    assert same(everything(trainer), before)


def test_a_folder_without_checkpoints_resumes_nothing(tmp_path):
    assert checkpoint.resume(new(), tmp_path) is None


def test_a_checkpoint_knows_its_configurations(tmp_path):
    assert checkpoint.configs(saved(tmp_path)) == (TINY, dataclasses.replace(RUN, steps=3))


# --- bad files


def test_a_truncated_file_is_named(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"step-00000003\.ckpt: its checksum does not match; it was cut short"):
        checkpoint.load(path)


def test_one_flipped_bit_anywhere_is_noticed(tmp_path):
    path = saved(tmp_path)
    whole = path.read_bytes()
    for position in (0, 17, 40, 90, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(CheckpointError, match=r"step-00000003\.ckpt"):
            checkpoint.load(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"<html><title>Quota exceeded</title></html>", "a web page titled 'Quota exceeded'"),
        (b"PK\x03\x04 a torch file", "a zip archive, or what torch.save writes"),
        (b"dcgan-checkpoint x y\n", "a checkpoint of this library"),
    ],
)
def test_a_foreign_file_is_not_read_and_is_called_what_it_is(tmp_path, content, kind):
    path = tmp_path / "step-00000001.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"not a checkpoint of this library \({kind}, {len(content)} bytes\)"):
        checkpoint.load(path)


def test_a_file_of_a_newer_format_asks_for_an_update(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"dcgan-checkpoint 2 ", b"dcgan-checkpoint 3 ", 1))
    with pytest.raises(CheckpointError, match="format 3 is newer than this library's 2; update dcgan_lib"):
        checkpoint.load(path)


def rewritten(path, change):
    """The same checkpoint with a changed content, and a header that agrees with it."""
    content = torch.load(io.BytesIO(path.read_bytes().partition(b"\n")[2]), weights_only=True)
    change(content)
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path.write_bytes(checkpoint._header(buffer.getvalue()) + buffer.getvalue())
    return path


def test_a_file_of_the_first_format_is_still_read(tmp_path):
    path = saved(tmp_path)
    for key in ("plan", "best", "history"):  # which it did not know
        rewritten(path, lambda content, key=key: content.pop(key))
    rewritten(path, lambda content: content["train"].pop("sync_batch_norm"))
    payload = path.read_bytes().partition(b"\n")[2]
    path.write_bytes(checkpoint._header(payload, 1) + payload)
    trainer = new()
    assert checkpoint.resume(trainer, tmp_path).history is None and trainer.steps_done == 3


def test_weights_of_another_network_than_the_file_names_are_refused_and_change_nothing(tmp_path):
    wider = new(dataclasses.replace(TINY, ngf=8)).G.state_dict()
    path = rewritten(saved(tmp_path), lambda content: content.update(G=wider))
    trainer = new()
    before = everything(trainer)
    with pytest.raises(
        CheckpointError, match=r"Generator's blocks\.0\.1\.weight has shape \(6, 16, .*expected \(6, 8,"
    ):
        checkpoint.resume(trainer, tmp_path)
    assert same(everything(trainer), before) and path.exists()


def test_a_file_without_what_the_next_step_needs_is_refused(tmp_path):
    path = rewritten(saved(tmp_path), lambda content: content.pop("rng"))
    with pytest.raises(CheckpointError, match=r"no state of this library \(no rng\)"):
        checkpoint.load(path)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.ckpt: cannot be read \(No such file"):
        checkpoint.load(tmp_path / "nothing.ckpt")


def test_a_file_cannot_run_code(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "trapped"),)

    buffer = io.BytesIO()
    torch.save(Trap(), buffer)
    path = tmp_path / "step-00000001.ckpt"
    path.write_bytes(checkpoint._header(buffer.getvalue()) + buffer.getvalue())
    with pytest.raises(CheckpointError, match="it holds more than numbers and text"):
        checkpoint.load(path)
    assert not (tmp_path / "trapped").exists()


def test_a_damaged_newest_file_falls_back_to_the_one_before_aloud(tmp_path):
    list(train(new(steps=6), NOISE, tmp_path, save_every=4))
    newest = tmp_path / "checkpoints/step-00000006.ckpt"
    newest.write_bytes(newest.read_bytes()[:1000])
    trainer = new()
    with pytest.warns(
        UserWarning, match=r"resumed from .*step-00000004\.ckpt because: .*step-00000006\.ckpt: its check"
    ):
        checkpoint.resume(trainer, tmp_path / "checkpoints")
    assert trainer.steps_done == 4


def test_nothing_but_damaged_files_is_an_error_that_names_them_all(tmp_path):
    for step in (1, 2):
        (tmp_path / f"step-0000000{step}.ckpt").write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is usable: .*00002\.ckpt.*00001\.ckpt"):
        checkpoint.resume(new(), tmp_path)


# --- writing


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_intact(tmp_path, monkeypatch, call):
    path = tmp_path / "kept"
    atomic.write(path, b"old")
    monkeypatch.setattr(os, call, _disk_full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_call_returns(tmp_path, monkeypatch):
    """What a power cut may leave depends on this order alone."""
    calls = []
    fsync, replace = os.fsync, os.replace

    def flushed(number):
        calls.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else f"{os.fstat(number).st_size} bytes")
        fsync(number)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("rename"), replace(a, b)))
    atomic.write(tmp_path / "file", b"1234", memoryview(b"56"))
    assert calls == ["6 bytes", "rename", "folder"]


def test_a_disk_that_keeps_less_than_it_says_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: os.ftruncate(number, 2))
    with pytest.raises(OSError, match="what was written is not what is read back"):
        atomic.write(tmp_path / "file", b"1234")
    assert not list(tmp_path.iterdir())


def test_temporary_files_of_dead_writers_are_removed_and_of_living_ones_kept(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for number in (dead.pid, os.getpid(), os.getppid()):
        (tmp_path / f".step-00000001.ckpt.{number}.part").write_bytes(b"half")
    saved(tmp_path)
    assert [p.name for p in tmp_path.glob(".*")] == [f".step-00000001.ckpt.{os.getppid()}.part"]


def _disk_full(*args):
    raise OSError(28, "No space left on device")


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    trainer = new()
    torch.nn.init.constant_(trainer.G.blocks[1][0].weight, float("inf"))
    with pytest.raises(CheckpointError, match=r"step 0: G's blocks\.1\.0\.weight is infinite or not a number"):
        checkpoint.save(trainer, tmp_path)
    assert not list(tmp_path.iterdir())
