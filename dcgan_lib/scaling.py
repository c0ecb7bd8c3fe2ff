"""What a step costs when several processes share it: messages counted, times estimated from stated assumptions.

The messages are those of `training.team`: the gradients of D, then those of G, each averaged in one; and with
synchronised batch norm, for every batch norm of every pass, its statistics forward and two sums back. Nothing
overlaps with arithmetic: the step waits for each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import ceil, log2

import torch
from torch import nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.models import Discriminator, Generator

FLOAT = 4  # bytes: gradients and statistics travel in float32
counted = cache(cost)  # a figure asks for the same networks again and again


@dataclass(frozen=True)
class Machines:
    """GPUs, and what joins them. Times that follow from it are estimates, and as good as these numbers.

    The defaults are one kind of server with eight GPUs. Two are from NVIDIA's data sheet of the H200, the peak and
    NVLink's 900 GB/s in both directions together; the others are assumptions, of the usual size.
    """

    peak: float = 989e12  # FLOP/s of bfloat16 products (data sheet, without sparsity)
    reached: float = 0.35  # part of the peak that the layers of a step reach (assumption)
    fixed: float = 0.2e-3  # seconds a step that do not shrink with the batch, in one captured graph (assumption)
    launches: float = 2e-3  # seconds that the host needs to launch a step piece by piece (assumption)
    per_node: int = 8  # GPUs in one machine
    inside: float = 360e9  # bytes/s from GPU to GPU in one machine: 80 % of NVLink's 450 (assumption)
    between: float = 320e9  # bytes/s out of one machine: 80 % of eight adapters of 400 Gbit/s (assumption)
    latency: float = 15e-6  # seconds that the smallest exchange takes in one machine (assumption)
    further: float = 10e-6  # seconds more for each doubling of the number of machines (assumption)

    def exchange(self, n: int, size: int) -> float:
        """Seconds until `n` GPUs have the sum of `size` bytes of each: rings, as fast as the narrowest passage.

        Where a machine has several network adapters, the sum is cut into as many rings, each through one of them.
        """
        if n == 1:
            return 0.0
        nodes = ceil(n / self.per_node)
        speed = self.inside if nodes == 1 else min(self.inside, self.between)
        return self.latency + self.further * log2(nodes) + ring(n, size) / speed


H200_SERVERS = Machines()
ONE_CABLE = replace(H200_SERVERS, between=1e9, further=50e-6)
"""The same servers, joined by one Ethernet of 10 Gbit/s in place of eight adapters of 400."""


@dataclass(frozen=True)
class Messages:
    """What each process exchanges with the others in one step. Bytes of one process's own part."""

    gradients: tuple[int, int]  # of D, of G
    statistics: tuple[int, ...]  # of every batch norm in every pass, forward and back; empty without synchronising

    @property
    def sizes(self) -> tuple[int, ...]:
        return (*self.gradients, *self.statistics)

    def sent(self, n: int) -> float:
        """Bytes that each of `n` processes sends in a step."""
        return sum(ring(n, size) for size in self.sizes)


def ring(n: int, size: int) -> float:
    """Bytes that each of `n` processes sends so that all have the sum: `2 (n - 1) / n` times its own.

    Round the ring once to add, in n - 1 pieces, and once more to hand the sums on (Patarasuk and Yuan 2009, who show
    that less is not possible). However many take part, it is less than twice the size.
    """
    return 2 * (n - 1) / n * size


@cache
def messages(model: DCGANConfig, sync_batch_norm: bool = True) -> Messages:
    """Counted from the networks, which are not filled with weights."""
    params_g, params_d = counted(model).params
    gradients = (FLOAT * params_d, FLOAT * params_g)
    if not sync_batch_norm:
        return Messages(gradients, ())
    with torch.device("meta"):
        of_g, of_d = (_norms(kind(model)) for kind in (Generator, Discriminator))
    # G draws once; D sees real images, fakes, and the fakes again. Each pass goes forward and back
    return Messages(gradients, tuple(2 * FLOAT * channels for channels in 2 * (of_g + 3 * of_d)))


def parts(
    model: DCGANConfig, batch: int, n: int = 1, machines: Machines = H200_SERVERS, sync_batch_norm: bool = True
) -> dict[str, float]:
    """Seconds of one step with `batch` images in all, by what they go to; none of them overlap.

    "arithmetic"; "launches": of kernels, as far as the arithmetic does not hide them (one GPU captures its step in a
    graph, several do not); "gradients" and "statistics": their exchange.

    Raises:
        ValueError: a batch that `n` GPUs cannot share equally.
    """
    own, rest = divmod(batch, n)
    if rest or not own:
        raise ValueError(f"batch={batch} cannot be shared equally by {n} GPUs: choose a multiple of {n}")
    arithmetic = counted(model).flops(own) / (machines.reached * machines.peak)
    launches = machines.fixed if n == 1 else max(machines.fixed, machines.launches - arithmetic)
    sent = messages(model, sync_batch_norm)
    return {
        "arithmetic": arithmetic,
        "launches": launches,
        "gradients": sum(machines.exchange(n, size) for size in sent.gradients),
        "statistics": sum(machines.exchange(n, size) for size in sent.statistics),
    }


def seconds(
    model: DCGANConfig, batch: int, n: int = 1, machines: Machines = H200_SERVERS, sync_batch_norm: bool = True
) -> float:
    """Of one step with `batch` images in all: the sum of its `parts`."""
    return sum(parts(model, batch, n, machines, sync_batch_norm).values())


def efficiency(
    model: DCGANConfig, batch: int, n: int, machines: Machines = H200_SERVERS, sync_batch_norm: bool = True
) -> float:
    """How much of `n` GPUs is used: the images a second of `n` over `n` times those of one, for the same batch."""
    return seconds(model, batch, 1, machines) / (n * seconds(model, batch, n, machines, sync_batch_norm))


def _norms(network: nn.Module) -> list[int]:
    return [m.num_features for m in network.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
