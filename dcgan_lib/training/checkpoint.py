"""Checkpoints to resume from: written whole or not at all, verified when read.

One file is one line of header, `dcgan-checkpoint 1 <sha256>`, and the bytes of `torch.save`. It is written to a
temporary file in the same folder, flushed to the disk and renamed over the old name, so that a reader finds the old
file or the new one and never half of either. Only plain tensors, numbers and strings are stored, and they are
read with `weights_only=True`: a file cannot run code.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import pickle
import warnings
from pathlib import Path

import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.training import tuning
from dcgan_lib.training.step import Trainer

MAGIC, FORMAT = b"dcgan-checkpoint", 2
KEEP = 2  # checkpoints kept in a run's folder: the newest and the one before it


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used; the message names the file and the remedy."""


def state(trainer: Trainer) -> dict:
    """Everything that the next step depends on."""
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
    }


def restore(trainer: Trainer, saved: dict, source: str = "checkpoint") -> None:
    """Put a saved state back into a trainer of the same configuration."""
    _same("model", dataclasses.asdict(trainer.model), saved["model"], source)
    # a run may be made longer; everything else decides what the next step is
    _same("train", dataclasses.asdict(trainer.cfg) | {"steps": 0}, saved["train"] | {"steps": 0}, source)
    tuning.apply(trainer, saved["plan"])
    trainer.G.load_state_dict(saved["G"])
    trainer.D.load_state_dict(saved["D"])
    trainer.opt_g.load_state_dict(saved["opt_g"])
    trainer.opt_d.load_state_dict(saved["opt_d"])
    if trainer.average is not None:
        trainer.average.load_state_dict(saved["average"])
    trainer.rng.set_state(saved["rng"].cpu())
    trainer.fixed_z = saved["fixed_z"].to(trainer.device)
    trainer.steps_done = saved["steps_done"]


def save(trainer: Trainer, folder: str | Path) -> Path:
    """Write `step-<n>.ckpt` into `folder` and drop all but the newest two.

    Raises:
        CheckpointError: a weight is infinite or not a number, or the file cannot be written. The old files stay.
    """
    folder = Path(folder)
    _refuse_non_finite(trainer)
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(trainer, folder)
    buffer = io.BytesIO()
    torch.save(state(trainer), buffer)
    write_atomically(path, _header(buffer.getvalue()) + buffer.getvalue())
    for old in sorted(folder.glob("step-*.ckpt"))[:-KEEP]:
        old.unlink()
    return path


def path_of(trainer: Trainer, folder: str | Path) -> Path:
    """Where `save` puts the state of this moment."""
    return Path(folder) / f"step-{trainer.steps_done:08d}.ckpt"


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
    if words[0] != MAGIC or len(words) != 3:
        raise CheckpointError(
            f"{path}: not a checkpoint of this library ({len(blob)} bytes); delete it or give another"
        )
    if words[1].isdigit() and int(words[1]) > FORMAT:
        raise CheckpointError(f"{path}: format {int(words[1])} is newer than this library's {FORMAT}; update dcgan_lib")
    if _header(payload) != first + b"\n":
        raise CheckpointError(f"{path}: its checksum does not match; it was cut short or changed. Use an older one")
    try:
        return torch.load(io.BytesIO(payload), map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: it holds more than numbers and text, and is not read: reading it could run code. Delete it"
        ) from error


def resume(trainer: Trainer, folder: str | Path) -> Path | None:
    """Load the newest checkpoint in `folder` that is whole; say aloud which ones were not. None if there are none.

    Raises:
        CheckpointError: there are checkpoints and not one is whole, or they are of another configuration.
    """
    paths = sorted(Path(folder).glob("step-*.ckpt"), reverse=True)
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
        return path
    if problems:
        raise CheckpointError(f"no checkpoint in {folder} is usable: {'; '.join(problems)}. Start in another folder")
    return None


def configs(path: str | Path) -> tuple[DCGANConfig, TrainConfig]:
    """The two configurations that a checkpoint was made with."""
    saved = load(path)
    return DCGANConfig.from_dict(saved["model"]), TrainConfig.from_dict(saved["train"])


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary file beside it, flushed, renamed, folder flushed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise CheckpointError(
            f"{path}: could not be written ({error.strerror}); what stood there before is intact"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # the rename itself must reach the disk
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _refuse_non_finite(trainer: Trainer) -> None:
    """A loss can be finite in the very step whose gradient is not: look at the weights before they are kept."""
    for name in ("G", "D"):
        for key, value in getattr(trainer, name).state_dict().items():
            if not value.isfinite().all():
                raise CheckpointError(
                    f"step {trainer.steps_done}: {name}'s {key} is infinite or not a number, nothing is saved; "
                    "go on from the last checkpoint with a lower learning rate"
                )


def _header(payload: bytes) -> bytes:
    return b"%s %d %s\n" % (MAGIC, FORMAT, hashlib.sha256(payload).hexdigest().encode())


def _same(what: str, ours: dict, saved: dict, source: str) -> None:
    if different := [f"{k}={saved.get(k)!r} there, {v!r} here" for k, v in ours.items() if saved.get(k) != v]:
        raise CheckpointError(
            f"{source}: made with another {what} configuration ({'; '.join(different)}); "
            "use the same settings, or another output folder"
        )
