"""The loop around the step: order of the images, history, samples, checkpoints, and leaving it at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from torch import Tensor

from dcgan_lib.data.faces import EndlessFaces
from dcgan_lib.data.images import Images
from dcgan_lib.training import checkpoint, engine, progress, together
from dcgan_lib.training.feed import feed
from dcgan_lib.training.folder import RunFolder
from dcgan_lib.training.record import Every, Measure, Record
from dcgan_lib.training.step import StepStats, Trainer
from dcgan_lib.training.stopping import Guard, Held


class HalfStep(RuntimeError):
    """The trainer was stopped between D's update and G's, and there is no checkpoint to go back to."""


def train(
    trainer: Trainer,
    images: Images | EndlessFaces,
    out: str | Path | None = None,
    *,
    log_every: int = 10,
    save_every: int = 500,
    sample_every: int = 500,
    best: Measure | None = None,
    tensorboard: bool = False,
    fast: bool = True,
) -> Iterator[StepStats]:
    """Train to `trainer.cfg.steps` updates of each player, yielding the statistics of each step.

    Progress bars, plots and early stops are the caller's loop: leave it whenever you like (a run with a folder is
    saved then) and call again to go on. The order of the images depends on the seed and the number of steps done
    alone, so a run that was stopped and resumed sees the same batches as one that was not.

    A signal to stop (Ctrl-C, a notebook's stop button, SIGTERM) waits until the step is whole and, with a folder,
    saved; then it does what it would have done. The same call goes on from there, in the same process or another.

    Args:
        trainer: the networks; they are changed.
        images: the real ones, of the networks' size and channels.
        out: a folder for `history.jsonl`, `samples/` and `checkpoints/`; nothing is written without one. If it
            holds checkpoints, the newest whole one is loaded first, unless the trainer has done as many steps.
        log_every, save_every, sample_every: steps between history lines, checkpoints and sample sheets.
        best: how good the trainer is at the moment, the lower the better, such as a distance between samples and real
            images. It is asked whenever samples are drawn, and must draw from random numbers of its own. The state
            with the lowest value is kept as `checkpoints/best.ckpt`; the values are in the history, as `measure`.
        tensorboard: also write for TensorBoard, into `out`/tensorboard.
        fast: make the steps in the fastest way that this machine has (see `engine`); the updates are the same.

    Raises:
        ValueError: images of another size or number of channels, or fewer than one batch.
        NonFiniteLoss: a loss or a weight is infinite or not a number. Nothing of that state is saved.
        CannotWrite: a file cannot be written. The trainer is at the end of a step; call again, or save it elsewhere.
        CheckpointError: `out` holds checkpoints that cannot be used.
        HalfStep: an earlier call was broken off in the middle of a step, and there is no checkpoint to go back to.
    """
    check_fit(trainer, images)
    for name, value in (("tensorboard=True", tensorboard), ("best", best)):
        if value and out is None:
            raise ValueError(f"{name} without a folder: name one with out=")
    every = {"log_every": log_every, "save_every": save_every, "sample_every": sample_every}
    writes = out is not None and trainer.team.leads
    run = RunFolder(Path(out), trainer, images, tensorboard=tensorboard, settings=every) if writes else None
    record = Record(trainer, run, Every(log_every, save_every, sample_every), best)
    mine = progress.of(trainer)
    turn = mine.turn = object()

    def keep() -> str | None:
        """What a SIGTERM does that comes between the steps; within one, a second one finds nothing whole to keep."""
        return None if mine.torn or mine.unwritten or mine.turn is not turn else record.leave()

    with ExitStack() as files:
        if run and trainer.team.size == 1:
            files.enter_context(Guard(keep))
        with Held(), record.still_in_memory():
            if trainer.team.leads:
                _mend(trainer, run)
            if run:
                files.enter_context(run)
            together.start_alike(trainer, images)
            # after the folder is open: a checkpoint may have brought a plan
            advance = engine.prepare(trainer) if fast else trainer.advance
            steps = files.enter_context(closing(_steps(trainer, images, advance)))
            record.begin()
        while True:
            if mine.turn is not turn:
                raise RuntimeError("another call of train has taken this trainer over: go on with that one")
            with Held() as held:
                stats = next(steps, None)
                if stats is None:
                    return
                if mine.unwritten:
                    record.after(stats)
                    mine.unwritten = False
                if held.asked is not None:
                    held.message = record.leave()
            mine.unseen = None
            try:
                yield stats
            except GeneratorExit:  # the caller has left its loop, between two steps
                if mine.turn is turn:
                    record.leave()
                raise


def _steps(trainer: Trainer, images: Images, advance: Callable[[Tensor], StepStats]) -> Iterator[StepStats]:
    """The steps from here to the last. First, again, one that an earlier call made and could not hand over."""
    mine = progress.of(trainer)
    if mine.unseen is not None and mine.unseen.step == trainer.steps_done:
        yield mine.unseen
    for pixels in feed(trainer, images):
        mine.torn = True
        stats = advance(pixels)
        mine.torn, mine.unseen, mine.unwritten = False, stats, True
        yield stats


def _mend(trainer: Trainer, run: RunFolder | None) -> None:
    """Put back to its last checkpoint a trainer whose last step was broken off in the middle."""
    if not progress.of(trainer).torn:
        return
    if run is None or checkpoint.resume(trainer, run.checkpoints) is None:
        raise HalfStep(
            f"the step after step {trainer.steps_done:,} was broken off in its middle: D may have moved and G not. "
            "Make a new Trainer; with a folder (out=) it goes on from the newest checkpoint there"
        )


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
