"""The processes that train one pair of networks together; most often there is one, and it is `ALONE`.

`torchrun` starts the processes and says to each, in its environment, which one it is. `join` makes a `Team` of them.
Every process holds both networks and draws every random number for the whole batch; it takes its own rows, and
the gradients are averaged. So the random state is the same everywhere, a checkpoint belongs to no number of
processes, and N processes with synchronised batch norm make the update that one makes with the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from dcgan_lib.config import TrainConfig

PATIENCE = timedelta(minutes=10)  # how long a process waits for the others in one exchange
PREPARING = timedelta(hours=12)  # and for the one that reads the images for all on its machine


class LostProcess(RuntimeError):
    """Another process of the team does not answer: it was killed, or its machine is gone."""


class Alone:
    """A team of one: everything is its share, every mean is its own."""

    rank, size = 0, 1  # which process this is, of how many
    local_rank, local_size = 0, 1  # the same, on this machine
    device: str | None = None  # where this process computes; None: wherever it is told
    agree_every = 1  # steps between two questions to all processes (see `any`)

    def __enter__(self) -> Alone:
        return self

    def __exit__(self, *problem: object) -> None:
        """Leave the team."""

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def check(self, cfg: TrainConfig) -> None:
        """ValueError where the batch of a run cannot be shared."""

    def share(self, rows: Tensor) -> Tensor:
        """This process's rows of a tensor `(n, ...)` that every process holds."""
        return rows

    def mean_(self, tensors: Iterable[Tensor]) -> None:
        """Put the mean over all processes into each tensor, in place."""

    def any(self, flag: bool) -> bool:
        """Whether one of the processes says so. All must ask, at the same step."""
        return flag

    def told(self, value: object) -> object:
        """What the leader holds, on every process."""
        return value

    def wait(self) -> None:
        """Until all processes have come here."""

    @contextmanager
    def one_at_first(self) -> Iterator[None]:
        """One process of each machine goes through the block before the others: what it caches, they find."""
        yield


ALONE = Alone()


class Team(Alone):
    """The processes that `torchrun` has started, over gloo (CPU) or NCCL (one GPU each).

    Args:
        device: "cpu" or "cuda"; where there are GPUs, "cuda" if None. Each process takes the GPU of its local rank.
        patience: how long to wait for the others in one exchange.

    Raises:
        ValueError: a machine with fewer GPUs than processes, or a GPU named by number.
        LostProcess: the others did not come.
    """

    def __init__(self, device: str | None = None, patience: timedelta = PATIENCE) -> None:
        env = os.environ
        self.rank, self.size = int(env["RANK"]), int(env["WORLD_SIZE"])
        self.local_rank = int(env.get("LOCAL_RANK", self.rank))
        self.local_size = int(env.get("LOCAL_WORLD_SIZE", self.size))
        self.device = _own_device(device, self.local_rank, self.local_size)
        on_gpu = self.device != "cpu"
        if on_gpu:
            torch.cuda.set_device(self.device)
        self.agree_every = 10 if on_gpu else 1  # on a GPU, asking waits for the device
        with self._together():
            rendezvous = dist.rendezvous("env://", timeout=patience)
            store, rank, size = next(iter(rendezvous))
            # torchrun's store outlives a restart, with the addresses of processes that are gone (pytorch issue 135712).
            # Machines count their restarts apart; several need TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 to restart
            again = env.get("TORCHELASTIC_RESTART_COUNT", "0") if self.local_size == self.size else "0"
            self._store = store = dist.PrefixStore(f"dcgan/{again}", store)
            dist.init_process_group(
                "nccl" if on_gpu else "gloo", store=store, rank=rank, world_size=size, timeout=patience,
                device_id=torch.device(self.device) if on_gpu else None,
            )  # fmt: skip

    def __exit__(self, *problem: object) -> None:
        # after an error the others may be waiting in an exchange that will never happen: a goodbye would wait too
        if problem[0] is None and dist.is_initialized():
            dist.destroy_process_group()

    def check(self, cfg: TrainConfig) -> None:
        own, rest = divmod(cfg.batch_size, self.size)
        if rest:
            raise ValueError(
                f"batch_size={cfg.batch_size} cannot be shared equally by {self.size} processes: "
                f"choose a multiple of {self.size}, such as {self.size * (own + 1)}"
            )
        if own < 2 and not cfg.sync_batch_norm:
            raise ValueError(
                f"batch_size={cfg.batch_size} leaves each of {self.size} processes one image, and batch norm needs "
                "two: use a larger batch, or synchronised batch norm (sync_batch_norm=True)"
            )

    def share(self, rows: Tensor) -> Tensor:
        own, rest = divmod(len(rows), self.size)
        if rest:
            raise ValueError(f"{len(rows)} rows cannot be shared equally by {self.size} processes")
        return rows[self.rank * own : (self.rank + 1) * own]

    @torch.no_grad()
    def mean_(self, tensors: Iterable[Tensor]) -> None:
        tensors = list(tensors)
        # one message for all: a network has some dozen tensors, and each message costs a wait
        flat = torch.cat([t.reshape(-1) for t in tensors])
        self.sum_(flat)
        flat /= self.size
        for t, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            t.copy_(part.view(t.shape))

    def sum_(self, tensor: Tensor) -> None:
        """Put the sum over all processes into a tensor, in place."""
        with self._together():
            dist.all_reduce(tensor)

    def stack(self, tensor: Tensor) -> Tensor:
        """The tensors `(...)` of all processes, `(size, ...)`, in the order of their ranks."""
        rows = tensor.new_empty(self.size * tensor.numel())
        with self._together():
            dist.all_gather_into_tensor(rows, tensor.reshape(-1))
        return rows.view(self.size, *tensor.shape)

    def any(self, flag: bool) -> bool:
        asked = torch.tensor([float(flag)], device=self.device)
        self.sum_(asked)
        return bool(asked.item())

    def told(self, value: object) -> object:
        box = [value if self.leads else None]
        with self._together():
            dist.broadcast_object_list(box, src=0, device=torch.device(self.device))
        return box[0]

    def wait(self) -> None:
        self.any(False)

    @contextmanager
    def one_at_first(self) -> Iterator[None]:
        # a key of the store, not a barrier: reading 200,000 images takes longer than any exchange may
        machine = f"ready/{self.rank // self.local_size}"
        if self.local_rank:
            with self._together():
                self._store.wait([machine], PREPARING)
        yield
        if not self.local_rank:
            self._store.set(machine, "yes")

    def __deepcopy__(self, memo: dict) -> Team:
        return self  # the copy of a network trains in the same team

    @contextmanager
    def _together(self) -> Iterator[None]:
        """An exchange with the others. Where it fails, that is one of them gone: our own part is a few numbers."""
        try:
            yield
        except RuntimeError as error:
            raise LostProcess(
                f"process {self.rank} of {self.size} has lost another one, which was killed or whose machine is gone "
                f"({_reason(error)})"
            ) from error


def join(device: str | None = None, patience: timedelta = PATIENCE) -> Alone:
    """The team that `torchrun` describes in the environment; `ALONE` where it describes none."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        return ALONE
    return Team(device, patience)


def _own_device(asked: str | None, local_rank: int, local_size: int) -> str:
    if asked == "cpu" or (asked is None and not torch.cuda.is_available()):
        return "cpu"
    if asked not in (None, "cuda"):
        raise ValueError(f"--device {asked}: with torchrun each process takes its own; give cpu, cuda or nothing")
    if local_size > (gpus := torch.cuda.device_count()):
        raise ValueError(
            f"{local_size} processes on this machine, but it has {gpus} GPUs: "
            f"use torchrun --nproc-per-node={gpus or 1}, or --device cpu"
        )
    return f"cuda:{local_rank}"


def _reason(error: Exception) -> str:
    """What torch says first, without the place in its source: "Connection closed by peer [10.0.0.7]:31415"."""
    return str(error).splitlines()[0].rpartition("] ")[2].partition(". ")[0]
