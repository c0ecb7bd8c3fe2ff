"""Which form of each layer is the fastest here? Measured before a long run, on this processor, with its own sizes.

Only the layers at the smallest maps have two forms that are worth comparing (see `forms`). The outcome is the run's
*plan*, such as `{"G.blocks.1.0": "product"}`: every form makes the same update up to rounding, so the plan is kept
in the checkpoints, and a resumed run rounds as the uninterrupted one does.
"""

from __future__ import annotations

import copy
import itertools
import statistics
import time
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dcgan_lib import forms
from dcgan_lib.training.step import Trainer

WORTH = 2e9  # multiply-adds a step below which a step is too short for the question to matter
LONG = 100  # steps left below which a run is over before the measuring has paid
CLEARLY = 0.95  # another form is taken when it needs less than this part of the time
ROUNDS = 5  # of which the median counts


class Layer(NamedTuple):
    """A layer in its place, and what comes into it."""

    name: str  # "G.blocks.1.0"
    module: nn.Module
    shape: tuple[int, ...]  # of its input, at the run's batch size
    work: int  # multiply-adds of one forward pass


def tune(trainer: Trainer) -> dict[str, str]:
    """Measure, put the faster forms in place, and return the plan: empty where the layers stay as they are.

    Takes about as long as some ten steps. On a GPU nothing is measured: cuDNN chooses among its own forms.
    """
    cfg = trainer.cfg
    if trainer.device.type != "cpu" or cfg.steps - trainer.steps_done < LONG:
        return {}
    chains = [_layers(trainer, "G"), _layers(trainer, "D")[::-1]]  # from the smallest maps to the image
    if sum(layer.work for chain in chains for layer in chain) * 5 < WORTH:  # a step is some five passes of each
        return {}
    chosen = []
    for chain in chains:
        ends = [layer for layer in chain if layer.module.stride == (1, 1)]
        strided = [layer for layer in chain if layer.module.stride == (2, 2)]
        chosen += [layer for layer in ends if faster(layer, cfg.precision)]
        # where the product loses, it loses more on the next larger maps
        chosen += itertools.takewhile(lambda layer: faster(layer, cfg.precision), strided)
    plan = {layer.name: "product" for layer in chosen}
    apply(trainer, plan)
    return plan


def apply(trainer: Trainer, plan: dict[str, str]) -> None:
    """Put the forms of a plan in place, and every other layer into its usual form. The weights stay the same tensors.

    Raises:
        ValueError: the plan names a layer or a form that these networks do not have. Nothing is changed then.
    """
    layers = {f"{network}.{name}": m for network in "GD" for name, m in getattr(trainer, network).named_modules()}
    chosen = {name: forms.other_form(layers[name]) if name in layers else None for name in plan}
    if wrong := [name for name, form in plan.items() if form != "product" or chosen[name] is None]:
        raise ValueError(f"the plan gives {wrong[0]} the form {plan[wrong[0]]!r}, which these networks do not have")
    for name, layer in layers.items():
        form = chosen.get(name) or forms.usual_form(layer)
        if form is not layer:
            parent, _, last = name.rpartition(".")
            layers[parent][int(last)] = form
    trainer.plan = dict(plan)


def faster(layer: Layer, precision: str) -> bool:
    """Whether the other form of this layer is clearly the faster one, forward and backward."""
    other = forms.other_form(layer.module)
    if other is None:
        return False
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(layer.shape, generator=rng).contiguous(memory_format=torch.channels_last).requires_grad_()
    times = {form: [] for form in (layer.module, other)}
    for i in range(ROUNDS + 1):
        for form, seconds in times.items():
            clock, work = time.perf_counter(), time.process_time()
            _pass(form, x, precision)
            if i:  # the first round also loads code and memory
                seconds.append((time.perf_counter() - clock, time.process_time() - work))
    plain, product = ([statistics.median(column) for column in zip(*seconds)] for seconds in times.values())
    # by the clock and in processor time: on a busy machine the clock alone tells of the neighbours
    return all(theirs < CLEARLY * ours for ours, theirs in zip(plain, product))


def _pass(form: nn.Module, x: Tensor, precision: str) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        out = form(x.bfloat16() if precision == "bf16" else x)
    torch.autograd.grad(out, (x, form.weight), torch.ones_like(out))


@torch.no_grad()
def _layers(trainer: Trainer, network: str) -> list[Layer]:
    """The convolutions of a network in the order of the pass, seen by a copy that draws two images."""
    module, cfg, found = copy.deepcopy(getattr(trainer, network)), trainer.model, []
    batch = trainer.cfg.batch_size // trainer.team.size

    def note(name: str):
        def hook(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
            positions = min(inputs[0][0, 0].numel(), output[0, 0].numel())
            work = layer.weight.numel() * positions * batch
            found.append(Layer(f"{network}.{name}", layer, (batch, *inputs[0].shape[1:]), work))

        return hook

    for name, layer in module.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.register_forward_hook(note(name))
    if network == "G":
        module(torch.zeros(2, cfg.nz, device=trainer.device))
    else:
        module(torch.zeros(2, cfg.nc, cfg.image_size, cfg.image_size, device=trainer.device))
    for layer in found:
        layer.module._forward_hooks.clear()
    return found
