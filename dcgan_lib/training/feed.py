"""From the images of a run to the batches of its steps, on the device that trains.

Pixels stay bytes until the step: a quarter of the memory, and of what is moved. Three ways, and the same batches in
the same order: images that fit on the device are moved there once; those that do not are streamed; drawn faces need
not be kept at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from dcgan_lib.data.faces import EndlessFaces, chunk
from dcgan_lib.data.images import Images, batches
from dcgan_lib.data.memory import memory
from dcgan_lib.training.step import Trainer
from dcgan_lib.training.stream import stream

RESIDENT = 0.5  # of a device's free memory, the most that images may take to stay there; the step needs the rest
DRAWN_AHEAD = 512  # faces that a processor draws at once; a GPU draws as many as its memory makes worth while


def feed(trainer: Trainer, images: Images | EndlessFaces) -> Iterator[Tensor]:
    """The batches from the trainer's next step to its last, `(n, nc, s, s)` uint8 on its device.

    Their order depends on the seed and the number of steps done alone, so a run that was stopped and resumed sees
    the same batches as one that was not. `n` is this process's share of `batch_size`. Leaving the loop ends
    whatever works in the background.
    """
    if isinstance(images, EndlessFaces):
        return drawn(trainer, images)
    return (resident if fits(images.pixels, trainer.device) else streamed)(trainer, images)


def fits(pixels: Tensor, device: torch.device) -> bool:
    """Whether there is room for all images on the device."""
    room = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else memory()
    return pixels.nbytes <= RESIDENT * room


def resident(trainer: Trainer, images: Images) -> Iterator[Tensor]:
    """All images on the device; the order of an epoch goes there once an epoch. On the CPU they are there already."""
    pixels = images.pixels.to(trainer.device)
    for order in orders(trainer, len(images)):
        for rows in _send(order, trainer.device):
            yield pixels.index_select(0, rows)


def streamed(trainer: Trainer, images: Images) -> Iterator[Tensor]:
    """Images out of a file that is larger than the memory, or than the device's."""
    n = len(trainer.team.share(torch.empty(trainer.cfg.batch_size)))
    return stream(images.pixels, orders(trainer, len(images)), n, trainer.device)


def drawn(trainer: Trainer, faces: EndlessFaces) -> Iterator[Tensor]:
    """Step k draws the faces from `k * batch_size` on. Several steps' faces are drawn at once: that is cheaper."""
    cfg, step, device = trainer.cfg, trainer.steps_done, trainer.device
    at_once = DRAWN_AHEAD if device.type == "cpu" else chunk(device, faces.image_size)
    while step < cfg.steps:
        steps = min(cfg.steps - step, max(1, at_once // cfg.batch_size))
        rows = torch.arange(step * cfg.batch_size, (step + steps) * cfg.batch_size, device=device)
        own = _share(trainer, rows.view(steps, cfg.batch_size))
        yield from faces.draw(own.reshape(-1)).split(own.shape[1])
        step += steps


def orders(trainer: Trainer, n: int) -> Iterator[Tensor]:
    """Which of `n` images the steps to come see: for each epoch, or what is left of it, `(batches, own)` int64."""
    cfg, per_epoch, step = trainer.cfg, max(1, n // trainer.cfg.batch_size), trainer.steps_done
    while step < cfg.steps:
        epoch, start = divmod(step, per_epoch)
        rest = batches(n, cfg.batch_size, cfg.seed, epoch, start)
        order = torch.stack(list(islice(rest, cfg.steps - step)))
        yield _share(trainer, order)
        step += len(order)


def _share(trainer: Trainer, order: Tensor) -> Tensor:
    """This process's part of each batch of `(batches, batch_size)`."""
    return trainer.team.share(order.T).T.contiguous()


def _send(order: Tensor, device: torch.device) -> Tensor:
    """From page-locked memory, so that the host does not wait for the device."""
    return order.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else order.to(device)
