"""From the images of a run to the batches of its steps."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from dcgan_lib.data.images import Images, batches
from dcgan_lib.training.step import Trainer


def feed(trainer: Trainer, images: Images) -> Iterator[Tensor]:
    """The batches from the trainer's next step to its last, `(n, nc, s, s)` uint8 on its device.

    Their order depends on the seed and the number of steps done alone, so a run that was stopped and resumed sees
    the same batches as one that was not. `n` is this process's share of `batch_size`.
    """
    cfg, per_epoch = trainer.cfg, len(images) // trainer.cfg.batch_size
    while trainer.steps_done < cfg.steps:
        epoch, start = divmod(trainer.steps_done, per_epoch)
        for indices in batches(images, cfg.batch_size, cfg.seed, epoch, start):
            if trainer.steps_done >= cfg.steps:
                return
            yield images.pixels[trainer.team.share(indices)].to(trainer.device, non_blocking=True)
