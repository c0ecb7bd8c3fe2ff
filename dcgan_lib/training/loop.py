"""The loop around the step: order of the images, history, samples, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from dcgan_lib.data.images import Images
from dcgan_lib.training import checkpoint, engine
from dcgan_lib.training.feed import feed
from dcgan_lib.training.folder import RunFolder
from dcgan_lib.training.step import StepStats, Trainer


class NonFiniteLoss(RuntimeError):
    """A loss became infinite or not a number. The message names the step, the loss and what to try."""


def train(
    trainer: Trainer,
    images: Images,
    out: str | Path | None = None,
    *,
    log_every: int = 10,
    save_every: int = 500,
    sample_every: int = 500,
    tensorboard: bool = False,
    fast: bool = True,
) -> Iterator[StepStats]:
    """Train to `trainer.cfg.steps` updates of each player, yielding the statistics of each step.

    Progress bars, plots and early stops are the caller's loop: leave it whenever you like (a run with a folder is
    saved then) and call again to go on. The order of the images depends on the seed and the number of steps done
    alone, so a run that was stopped and resumed sees the same batches as one that was not.

    Args:
        trainer: the networks; they are changed.
        images: the real ones, of the networks' size and channels.
        out: a folder for `history.jsonl`, `samples/` and `checkpoints/`; nothing is written without one. If it
            holds checkpoints, the newest whole one is loaded first, unless the trainer has done as many steps.
        log_every, save_every, sample_every: steps between history lines, checkpoints and sample sheets.
        tensorboard: also write for TensorBoard, into `out`/tensorboard.
        fast: make the steps in the fastest way that this machine has (see `engine`); the updates are the same.

    Raises:
        ValueError: images of another size or number of channels, or fewer than one batch.
        NonFiniteLoss: a loss is infinite or not a number. Nothing of that state is saved.
        CheckpointError: `out` holds checkpoints that cannot be used.
    """
    check_fit(trainer, images)
    if tensorboard and out is None:
        raise ValueError("tensorboard=True without a folder: name one with out=")
    every = {"log_every": log_every, "save_every": save_every, "sample_every": sample_every}
    folder = out is not None and RunFolder(Path(out), trainer, images, tensorboard=tensorboard, settings=every)
    with folder or nullcontext() as run:
        # after the folder is open: a checkpoint may have brought a plan
        advance = engine.prepare(trainer) if fast else trainer.advance
        for pixels in feed(trainer, images):
            stats = advance(pixels)
            done, last = stats.step, stats.step == trainer.cfg.steps
            if done % log_every == 0 or done == 1 or last or (run and done % save_every == 0):
                _stop_if_not_finite(stats, run)
                if run:
                    run.log(stats.numbers())
            if run and (done % sample_every == 0 or done == 1 or last):
                run.sample(stats)
            if run and (done % save_every == 0 or last):
                checkpoint.save(trainer, run.checkpoints)
            try:
                yield stats
            except GeneratorExit:  # the caller has left its loop, between two steps
                if run and not checkpoint.path_of(trainer, run.checkpoints).exists():
                    checkpoint.save(trainer, run.checkpoints)
                raise


def check_fit(trainer: Trainer, images: Images) -> None:
    """Raise a ValueError where these images cannot train these networks."""
    model, cfg = trainer.model, trainer.cfg
    if images.image_size != model.image_size:
        raise ValueError(
            f"the images of {images.name!r} are {images.image_size} pixels wide, the networks {model.image_size}: "
            f"load them with image_size={model.image_size}, or use DCGANConfig(image_size={images.image_size})"
        )
    if images.nc != model.nc:
        raise ValueError(
            f"the images of {images.name!r} have {images.nc} channels, the networks {model.nc}: "
            f"load them with nc={model.nc}, or use DCGANConfig(nc={images.nc})"
        )
    if len(images) < cfg.batch_size:
        raise ValueError(
            f"{images.name!r} has {len(images)} images, fewer than one batch of {cfg.batch_size}: "
            f"use TrainConfig(batch_size={max(2, len(images) // 4)}) or more images"
        )


def _stop_if_not_finite(stats: StepStats, run: RunFolder | None) -> None:
    numbers = stats.numbers()
    bad = [f"{name} = {numbers[name]}" for name in ("loss_d", "loss_g") if not _finite(numbers[name])]
    if bad:
        kept = sorted(run.checkpoints.glob("step-*.ckpt"))[-1:] if run else []
        raise NonFiniteLoss(
            f"step {stats.step}: {' and '.join(bad)}. Last good checkpoint: {kept[0] if kept else 'none'}. "
            "Try a lower learning rate, precision='fp32', or look at the images for values that are not in [-1, 1]"
        )


def _finite(value: float) -> bool:
    return value - value == 0
