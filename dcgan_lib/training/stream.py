"""Images that do not fit where they are needed: read in chunks ahead of use, and sent to the device ahead of use.

A chunk is many batches. Its images are read in the order in which they lie on the disk, by a thread in the background
and its helpers, because a disk answers many questions at once; then the batches are dealt from it in their own order.
To a GPU a chunk is copied out of page-locked memory by a stream of its own, while the one before it is being used.
The number of chunks in memory is fixed. No step waits for anything; once a chunk, the loop may have to wait for
one that is not read yet, or for a GPU that is a whole chunk behind.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

CHUNK = 2**26  # bytes of pixels in a chunk: 42 batches of 128 images of 64x64 in colour
AHEAD = 2  # chunks that may lie read while another one is used
READERS = 8  # threads that read; they wait for the disk, so there may be more of them than cores


class Chunk(NamedTuple):
    """Room for the images of some batches, and where each batch finds its own."""

    pixels: Tensor  # (k, nc, s, s) uint8
    places: Tensor  # (batches, n) int64: positions in `pixels`

    @classmethod
    def empty(cls, batches: int, n: int, like: Tensor, device: torch.device, pinned: bool = False) -> Chunk:
        pixels = torch.empty(batches * n, *like.shape[1:], dtype=torch.uint8, device=device, pin_memory=pinned)
        return cls(pixels, torch.empty(batches, n, dtype=torch.int64, device=device, pin_memory=pinned))

    def first(self, batches: int) -> Chunk:
        """The part of it that so many batches take."""
        return Chunk(self.pixels[: batches * self.places.shape[1]], self.places[:batches])

    def deal(self) -> Iterator[Tensor]:
        """The batches, in their order."""
        return (self.pixels.index_select(0, places) for places in self.places)


def stream(pixels: Tensor, orders: Iterable[Tensor], n: int, device: torch.device) -> Iterator[Tensor]:
    """Batches of `pixels` on a device, each `(n, nc, s, s)` uint8.

    Args:
        pixels: `(N, nc, s, s)` uint8 in the processor's memory, or mapped from a file.
        orders: which rows make which batch: tensors `(batches, n)` int64.
        n: images in a batch.
        device: where the batches are needed.

    Raises:
        OSError, or whatever else happens to the thread that reads: it is raised here, in the loop.
    """
    reader = Reader(pixels, orders, n, pinned=device.type == "cuda")
    try:
        if device.type == "cuda":
            yield from sent(reader, device)
        else:
            for number, chunk in reader:
                yield from (batch.to(device) for batch in chunk.deal())
                reader.give_back(number)
    finally:
        reader.close()


class Reader:
    """A thread that reads chunks ahead, into a fixed number of buffers.

    Iterating gives the number of a buffer and the chunk in it. `give_back` the number when the chunk is used up, and
    `close` the reader in the end, whatever happens.
    """

    def __init__(self, pixels: Tensor, orders: Iterable[Tensor], n: int, pinned: bool = False) -> None:
        self._source, self._orders = pixels.numpy(), orders
        self._batches = max(1, CHUNK // (n * pixels[0].nbytes))  # in a chunk
        # page-locked memory is asked for here: a thread that did so might disturb a graph that is being captured
        self.buffers = [Chunk.empty(self._batches, n, pixels, torch.device("cpu"), pinned) for _ in range(AHEAD + 1)]
        self._free: SimpleQueue[int] = SimpleQueue()
        self._read: SimpleQueue[tuple[int, Chunk] | BaseException | None] = SimpleQueue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="images", daemon=True)
        for number in range(len(self.buffers)):
            self._free.put(number)
        self._thread.start()

    def __iter__(self) -> Iterator[tuple[int, Chunk]]:
        while (found := self._read.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found

    def give_back(self, number: int) -> None:
        """This buffer may be written over from now on."""
        self._free.put(number)

    def close(self) -> None:
        """End the thread. What it has read is dropped."""
        self._closed.set()
        self._free.put(0)  # in case it waits for a buffer
        self._thread.join()

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(READERS) as helpers:
                for rows in (piece for order in self._orders for piece in order.split(self._batches)):
                    number = self._free.get()
                    if self._closed.is_set():
                        return
                    self._read.put((number, self._fill(number, rows, helpers)))
            self._read.put(None)
        except BaseException as error:  # of whatever kind: the loop must hear of it, or it would wait for ever
            self._read.put(error)

    def _fill(self, number: int, rows: Tensor, helpers: ThreadPoolExecutor) -> Chunk:
        chunk, wanted = self.buffers[number].first(len(rows)), rows.numpy().ravel()
        order = wanted.argsort()
        chunk.places.numpy().reshape(-1)[order] = np.arange(len(order))
        sorted_rows, pixels = wanted[order], chunk.pixels.numpy()

        def read(part: slice) -> None:
            # "clip" only spares a copy of the result: no row is outside
            np.take(self._source, sorted_rows[part], axis=0, out=pixels[part], mode="clip")

        share = -(-len(order) // READERS)
        list(helpers.map(read, [slice(i, i + share) for i in range(0, len(order), share)]))
        return chunk


def sent(reader: Reader, device: torch.device) -> Iterator[Tensor]:
    """The batches of a reader's chunks on another device. While one chunk is used, the next is on its way.

    All of it is asked for by the thread that trains, and in order, so the host waits only before a buffer is written
    over whose copy has not ended: then the device is a whole chunk behind.
    """
    there = torch.get_device_module(device)
    here, side = there.current_stream(device), there.Stream(device)
    side.wait_stream(here)  # the landings' memory may still be in use by what came before
    landings = [_Landing(reader.buffers[0], device, there) for _ in range(2)]
    under_way: tuple[int, _Landing, Chunk] | None = None
    try:
        for turn, (number, chunk) in enumerate(reader):
            before, landing = under_way, landings[turn % 2]
            if before:
                before[1].arrived.synchronize()
                reader.give_back(before[0])
            under_way = number, landing, landing.take(chunk, side, there)
            if before:
                yield from before[1].deal(before[2], here)
        if under_way:
            yield from under_way[1].deal(under_way[2], here)
    finally:
        landings[0].used_up.record(side)
        landings[0].used_up.synchronize()  # copies may be under way, and their memory is about to go


class _Landing:
    """Room for a chunk on the device, and the two moments that matter: it has arrived, it is used up."""

    def __init__(self, like: Chunk, device: torch.device, there) -> None:
        batches, n = like.places.shape
        self.room = Chunk.empty(batches, n, like.pixels, device)
        self.arrived, self.used_up = there.Event(), there.Event()

    def take(self, chunk: Chunk, side, there) -> Chunk:
        """Ask for the copy of a chunk, once the one that was here before is used up."""
        landed = self.room.first(len(chunk.places))
        side.wait_event(self.used_up)
        with there.stream(side):
            for target, source in zip(landed, chunk):
                target.copy_(source, non_blocking=True)
            self.arrived.record(side)
        return landed

    def deal(self, landed: Chunk, here) -> Iterator[Tensor]:
        here.wait_event(self.arrived)
        yield from landed.deal()
        self.used_up.record(here)
