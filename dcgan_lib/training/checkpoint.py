"""Checkpoints to resume from: written whole or not at all, verified when read.

One file is one line of header, `dcgan-checkpoint 2 <sha256>`, and the bytes of `torch.save`. `atomic` writes it, so
that a reader finds the old file or the new one and never half of either. Only plain tensors, numbers and strings are
stored, and they are read with `weights_only=True`: a file cannot run code.

A folder of checkpoints holds the newest two, `step-<n>.ckpt`, and, where the run is measured, `best.ckpt`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.training import atomic, progress, tuning
from dcgan_lib.training.step import Trainer

MAGIC, FORMAT = b"dcgan-checkpoint", 2
KEEP = 2  # checkpoints kept in a run's folder: the newest and the one before it


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message names the file and the remedy."""


class CannotWrite(CheckpointError):
    """A file of a run cannot be written. What was there is intact, and the training is still in memory.

    `what` is the message without the advice for one who called from Python.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what}. {advice}" if advice else what)
        self.what = what


class NotFinite(CheckpointError):
    """A weight, or what an optimiser remembers of one, is infinite or not a number: not to be saved."""


class Resumed(NamedTuple):
    """What a run goes on from."""

    path: Path
    history: int | None  # lines of the history when it was saved, where that is known


def state(trainer: Trainer) -> dict:
    """Everything that the next step depends on.

    The place in the shuffled images is not among it: it is a pure function of the seed, the number of images, the
    batch size and `steps_done` (see `feed`). Nor is the random state of the process, which the steps do not touch.
    """
    return {
        "model": dataclasses.asdict(trainer.model),
        "train": dataclasses.asdict(trainer.cfg),
        "steps_done": trainer.steps_done,
        "plan": trainer.plan,  # the layers' forms round differently
        "G": trainer.G.state_dict(),
        "D": trainer.D.state_dict(),
        "opt_g": trainer.opt_g.state_dict(),
        "opt_d": trainer.opt_d.state_dict(),
        "average": trainer.average.state_dict() if trainer.average is not None else None,
        "rng": trainer.rng.get_state(),
        "fixed_z": trainer.fixed_z,
        "best": tuple(best) if (best := progress.of(trainer).best) else None,
    }


def restore(trainer: Trainer, saved: dict, source: str = "checkpoint", other_settings: bool = False) -> None:
    """Put a saved state back into a trainer.

    Args:
        saved: what `load` gave.
        source: what to call it in an error.
        other_settings: keep the trainer's own settings where they differ from the saved ones, such as a lower
            learning rate; the networks must be the same. What follows is another run: give it a folder of its own.

    Raises:
        CheckpointError: of another configuration, or without what its configuration asks for. The trainer is unchanged.
    """
    _same("model", dataclasses.asdict(trainer.model), saved["model"], source)
    if not other_settings:
        # a run may be made longer; everything else decides what the next step is
        _same("train", dataclasses.asdict(trainer.cfg) | {"steps": 0}, saved["train"] | {"steps": 0}, source)
    average = saved["average"] or saved["G"]  # a run without an average may go on as one with it
    _fits(trainer.G, saved["G"], source), _fits(trainer.D, saved["D"], source), _fits(trainer.G, average, source)
    tuning.apply(trainer, saved["plan"])
    trainer.G.load_state_dict(saved["G"])
    trainer.D.load_state_dict(saved["D"])
    for opt, name in ((trainer.opt_g, "opt_g"), (trainer.opt_d, "opt_d")):
        # the settings are those of the trainer, which on another kind of device has another kind of Adam
        pairs = zip(saved[name]["param_groups"], opt.param_groups, strict=True)
        groups = [there | {k: v for k, v in here.items() if k != "params"} for there, here in pairs]
        opt.load_state_dict({"state": saved[name]["state"], "param_groups": groups})
    if trainer.average is not None:
        trainer.average.load_state_dict(average)
    trainer.rng.set_state(saved["rng"].cpu())
    trainer.fixed_z = saved["fixed_z"].to(trainer.device)
    trainer.steps_done = saved["steps_done"]
    progress.reset(trainer, None if other_settings else saved["best"])


def save(trainer: Trainer, folder: str | Path, history: int | None = None) -> Path:
    """Write `step-<n>.ckpt` into `folder`, and drop all but this one and the newest before it.

    Args:
        history: lines of the run's history at this moment. A run that goes on from here cuts it back to them.

    Raises:
        NotFinite: a weight is infinite or not a number.
        CannotWrite: the disk is full, the folder is gone or not to be written to. The old files stay.
    """
    path = path_of(trainer, folder)
    _write(trainer, path, history)
    prune(path)
    return path


def prune(path: Path) -> None:
    """Drop the checkpoints before this one but for the newest of them, and what writers that were killed have left."""
    atomic.sweep(path.parent)
    older = [other for other in _saved(path.parent) if other <= path]
    for old in older[:-KEEP]:  # a later one, of a run that was set back, is not touched
        old.unlink(missing_ok=True)


def save_best(trainer: Trainer, folder: str | Path, history: int | None = None) -> Path:
    """Write `best.ckpt`, which holds the value that made it the best. Raises as `save`."""
    path = Path(folder) / "best.ckpt"
    _write(trainer, path, history)
    return path


def path_of(trainer: Trainer, folder: str | Path) -> Path:
    """Where `save` puts the state of this moment."""
    return Path(folder) / f"step-{trainer.steps_done:08d}.ckpt"


def newest(folder: str | Path) -> Path | None:
    """The newest checkpoint of a folder, whole or not; None where there is none."""
    return next(reversed(_saved(Path(folder))), None)


def load(path: str | Path, device: torch.device | str = "cpu") -> dict:
    """The state in one file.

    Raises:
        CheckpointError: the file is missing, foreign, cut short, changed, or of a newer format.
    """
    path = Path(path)
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    first, _, payload = blob.partition(b"\n")
    words = first.split(b" ")
    if words[0] != MAGIC or len(words) != 3 or not words[1].isdigit():
        from dcgan_lib.data.archives import describe

        raise CheckpointError(
            f"{path}: not a checkpoint of this library ({describe(blob)}, {len(blob):,} bytes); "
            "delete it or give another"
        )
    number = int(words[1])
    if number > FORMAT:
        raise CheckpointError(f"{path}: format {number} is newer than this library's {FORMAT}; update dcgan_lib")
    if _header(payload, number) != first + b"\n":
        raise CheckpointError(f"{path}: its checksum does not match; it was cut short or changed. Use an older one")
    return _upgrade(_unpack(payload, path, device), path)


def resume(trainer: Trainer, folder: str | Path, beyond: int = -1) -> Resumed | None:
    """Load the newest checkpoint in `folder` that is whole; say aloud which ones were not.

    Args:
        beyond: only those of a later step count; None is returned where there is none.

    Raises:
        CheckpointError: there are checkpoints and not one is whole, or they are of another configuration.
    """
    paths = [path for path in reversed(_saved(Path(folder))) if path.stem > f"step-{beyond:08d}" or beyond < 0]
    problems = []
    for path in paths:
        try:
            saved = load(path, trainer.device)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        if problems:
            warnings.warn(f"resumed from {path} because: {'; '.join(problems)}", stacklevel=2)
        restore(trainer, saved, str(path))
        return Resumed(path, saved["history"])
    if problems:
        raise CheckpointError(f"no checkpoint in {folder} is usable: {'; '.join(problems)}. Start in another folder")
    return None


def configs(path: str | Path) -> tuple[DCGANConfig, TrainConfig]:
    """The two configurations that a checkpoint was made with."""
    saved = load(path)
    return DCGANConfig.from_dict(saved["model"]), TrainConfig.from_dict(saved["train"])


def _saved(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.ckpt"))


def _write(trainer: Trainer, path: Path, history: int | None) -> None:
    _refuse_non_finite(trainer)
    buffer = io.BytesIO()
    torch.save(state(trainer) | {"history": history}, buffer)
    content = buffer.getbuffer()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.sweep(path.parent)  # before the new one: what was left may be what fills the disk
        atomic.write(path, _header(content), content)
    except OSError as error:
        raise CannotWrite(
            f"{path}: could not be written ({error.strerror or error}); what stood there before is intact"
        ) from error


def _refuse_non_finite(trainer: Trainer) -> None:
    """A loss can be finite in the very step whose gradient is not: look at the weights before they are kept."""
    named = list(_tensors(trainer))
    # all verdicts in one tensor: on a GPU, each one that is read by itself would be waited for
    finite = torch.stack([value.isfinite().all().to(trainer.device) for _, value in named]).tolist()
    if bad := [name for (name, _), good in zip(named, finite, strict=True) if not good]:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise NotFinite(f"step {trainer.steps_done}: {bad[0]}{more} is infinite or not a number, nothing is saved")


def _tensors(trainer: Trainer) -> Iterator[tuple[str, Tensor]]:
    for name, module in (("G", trainer.G), ("D", trainer.D), ("the averaged G", trainer.average)):
        for key, value in module.state_dict().items() if module is not None else ():
            yield f"{name}'s {key}", value
    for name, opt, module in (("opt_g", trainer.opt_g, trainer.G), ("opt_d", trainer.opt_d, trainer.D)):
        for key, p in module.named_parameters():
            for kind, value in opt.state.get(p, {}).items():
                yield f"{name}'s {kind} of {key}", torch.as_tensor(value)


def _unpack(payload: bytes, path: Path, device: torch.device | str) -> dict:
    try:
        return torch.load(io.BytesIO(payload), map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: it holds more than numbers and text, and is not read: reading it could run code. Delete it"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: its content is no state of this library ({error}); delete it") from error


def _upgrade(saved: dict, path: Path) -> dict:
    """Format 1 knew of no plan of the layers' forms, no best and no history. All formats: what must be there is."""
    saved = {"plan": {}, "best": None, "history": None} | (saved if isinstance(saved, dict) else {})
    if isinstance(saved.get("train"), dict):  # settings that came later: as they were before they could be chosen
        saved["train"] = dataclasses.asdict(TrainConfig()) | saved["train"]
    needed = ("model", "train", "steps_done", "G", "D", "opt_g", "opt_d", "average", "rng", "fixed_z")
    if missing := [key for key in needed if key not in saved]:
        raise CheckpointError(f"{path}: its content is no state of this library (no {missing[0]}); delete it")
    # a setting that came later has the default that leaves everything as it was
    for name, kind in (("model", DCGANConfig), ("train", TrainConfig)):
        saved[name] = dataclasses.asdict(kind()) | saved[name]
    return saved


def _header(payload: bytes | memoryview, number: int = FORMAT) -> bytes:
    return b"%s %d %s\n" % (MAGIC, number, hashlib.sha256(payload).hexdigest().encode())


def _same(what: str, ours: dict, saved: dict, source: str) -> None:
    if different := [f"{k}={saved.get(k)!r} there, {v!r} here" for k, v in ours.items() if saved.get(k) != v]:
        raise CheckpointError(
            f"{source}: made with another {what} configuration ({'; '.join(different)}); "
            "use the same settings, or another output folder"
        )


def _fits(module: nn.Module, saved: dict[str, Tensor], source: str) -> None:
    """Every tensor with its shape, before one of them is changed."""
    ours = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    theirs = {key: tuple(value.shape) for key, value in saved.items()}
    for key in itertools.chain(ours, theirs):
        if ours.get(key) != theirs.get(key):
            raise CheckpointError(
                f"{source}: its weights are not of the networks that it names: {type(module).__name__}'s {key} has "
                f"shape {theirs.get(key, 'none')}, expected {ours.get(key, 'none')}; delete it"
            )
