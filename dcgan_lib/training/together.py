"""What a team agrees on around its steps: where it starts, and what it says that it saw."""

from __future__ import annotations

import dataclasses
import io

import torch

from dcgan_lib.data.images import Images
from dcgan_lib.training import checkpoint
from dcgan_lib.training.step import StepStats, Trainer


def start_alike(trainer: Trainer, images: Images) -> None:
    """Put every process into the state of the leader, who alone has opened the run's folder.

    Raises:
        ValueError: a process with other images or steps. CheckpointError: with other settings.
    """
    team = trainer.team
    if team.size == 1:
        return
    buffer = io.BytesIO()
    if team.leads:
        torch.save(checkpoint.state(trainer), buffer)
    own = {"images": len(images), "data": images.name, "steps": trainer.cfg.steps, "torch": torch.__version__}
    theirs, blob = team.told((own, buffer.getvalue()))
    if different := [f"{k}={theirs[k]!r} there, {v!r} here" for k, v in own.items() if theirs[k] != v]:
        raise ValueError(
            f"process {team.rank} is not set up as process 0 is ({'; '.join(different)}): "
            "give every machine the same command, data and versions"
        )
    if not team.leads:
        saved = torch.load(io.BytesIO(blob), map_location=trainer.device, weights_only=True)
        checkpoint.restore(trainer, saved, "process 0")


def average(trainer: Trainer, stats: StepStats) -> None:
    """Make one process's statistics those of the whole batch, in place. All must call it after the same step."""
    trainer.team.mean_(getattr(stats, field.name) for field in dataclasses.fields(stats) if field.name != "step")
