"""Reading ahead and sending ahead: bounded, tidy, and right in whatever order the machine does its work."""

import contextlib
import random
import threading
import time
from collections import deque

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from dcgan_lib.training import stream
from dcgan_lib.training.stream import Chunk, Reader, sent

N = 6  # images in a batch
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(stream, "CHUNK", 2 * N * 3 * 8 * 8)  # two batches


@pytest.fixture(scope="module")
def pixels():
    return torch.randint(0, 256, (200, 3, 8, 8), generator=torch.Generator().manual_seed(3)).byte()


@pytest.fixture(scope="module")
def orders():
    epochs = [torch.randperm(200, generator=torch.Generator().manual_seed(k)) for k in range(2)]
    return [epoch[: 33 * N].view(33, N) for epoch in epochs]  # an odd number: the last chunk is a smaller one


def reading():
    return [thread for thread in threading.enumerate() if thread.name == "images"]


def plain(pixels, orders):
    return [pixels[rows] for order in orders for rows in order]


# --- the thread that reads


def test_no_more_is_read_than_was_agreed(pixels, orders):
    asked = []
    source = (asked.append(k) or order[:2] for k, order in enumerate(orders * 50))
    found = stream.stream(pixels, source, N, CPU)
    for taken in range(1, 8):
        next(found), next(found)
        time.sleep(0.01)
        assert len(asked) <= taken + stream.AHEAD + 1
    found.close()


def test_leaving_the_loop_ends_the_thread(pixels, orders):
    found = stream.stream(pixels, iter(orders * 50), N, CPU)
    next(found)
    assert len(reading()) == 1
    found.close()
    assert reading() == []


def test_an_error_while_reading_reaches_the_loop(pixels, orders):
    def failing():
        yield orders[0][:4]
        raise OSError(5, "Input/output error")

    found = stream.stream(pixels, failing(), N, CPU)
    with pytest.raises(OSError, match="Input/output error"):
        list(found)
    assert reading() == []


def test_an_error_of_a_helper_reaches_the_loop(pixels, orders, monkeypatch):
    def broken(*_, **__):
        raise MemoryError("no room")

    monkeypatch.setattr(stream.np, "take", broken)
    with pytest.raises(MemoryError, match="no room"):
        list(stream.stream(pixels, orders, N, CPU))
    assert reading() == []


def test_each_image_is_read_in_the_order_of_the_file(pixels, orders, monkeypatch):
    seen, take = [], stream.np.take
    monkeypatch.setattr(stream, "READERS", 1)
    monkeypatch.setattr(stream.np, "take", lambda source, rows, **how: seen.append(rows) or take(source, rows, **how))
    list(stream.stream(pixels, orders[:1], N, CPU))
    assert len(seen) == 17 and all((rows[1:] > rows[:-1]).all() for rows in seen)


# --- the copies to a device, on a model of one: streams do their work when they like, but for what they wait for


class Model:
    """Stands for `torch.cuda`. Work is queued, and done in an order drawn at random among all that are possible."""

    def __init__(self, seed):
        self.random, self.streams, self.working = random.Random(seed), [], False
        self.main = self.now = self.Stream()

    def Stream(self, device=None):
        self.streams.append(ModelStream(self))
        return self.streams[-1]

    def Event(self):
        return ModelEvent(self)

    def current_stream(self, device=None):
        return self.main

    @contextlib.contextmanager
    def stream(self, other):
        before, self.now = self.now, other
        yield
        self.now = before

    def work_until(self, done):
        self.working = True
        while not done():
            self.random.choice([s for s in self.streams if s.queue and s.queue[0][0]()]).queue.popleft()[1]()
        self.working = False


class ModelStream:
    def __init__(self, model):
        self.model, self.queue = model, deque()  # of (whether it can be done, the work)

    def wait_event(self, event):
        count = event.recorded  # of now: later records are not waited for
        self.queue.append((lambda: event.passed >= count, lambda: None))

    def wait_stream(self, other):
        event = self.model.Event()
        event.record(other)
        self.wait_event(event)

    def synchronize(self):
        self.model.work_until(lambda: not self.queue)


class ModelEvent:
    def __init__(self, model):
        self.model, self.recorded, self.passed = model, 0, 0

    def record(self, on):
        self.recorded += 1
        on.queue.append((lambda: True, lambda: setattr(self, "passed", self.passed + 1)))

    def synchronize(self):
        self.model.work_until(lambda: self.passed >= self.recorded)


class Queued(TorchDispatchMode):
    """Copies and gathers are queued on the model's stream of the moment."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if self.model.working:
            return func(*args, **(kwargs or {}))
        if func is torch.ops.aten.copy_.default:
            self.model.now.queue.append((lambda: True, lambda: func(*args)))
            return args[0]
        if func is torch.ops.aten.index_select.default:
            source, axis, rows = args
            result = source.new_zeros(len(rows), *source.shape[1:])
            self.model.now.queue.append((lambda: True, lambda: result.copy_(func(source, axis, rows))))
            return result
        return func(*args, **(kwargs or {}))


@pytest.fixture
def gpu(monkeypatch):
    """A function that makes a model the GPU; "pinned" memory and the GPU's are ordinary memory."""
    empty = Chunk.empty
    monkeypatch.setattr(Chunk, "empty", lambda batches, n, like, device, pinned=False: empty(batches, n, like, CPU))
    return lambda model: monkeypatch.setattr(torch, "get_device_module", lambda _: model)


def run_on(model, pixels, orders, gpu):
    gpu(model)
    with Queued(model):
        found = list(stream.stream(pixels, orders, N, torch.device("cuda")))
    model.work_until(lambda: not any(s.queue for s in model.streams))
    return found


def right(model, pixels, orders, gpu):
    try:
        found = run_on(model, pixels, orders, gpu)
    except IndexError:  # places were read before they had arrived
        return False
    return all(torch.equal(a, b) for a, b in zip(found, plain(pixels, orders), strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_the_batches_are_right_in_whatever_order_the_streams_do_their_work(pixels, orders, gpu, seed):
    assert right(Model(seed), pixels, orders, gpu)


@pytest.mark.parametrize("forgotten", [(ModelStream, "wait_event"), (ModelEvent, "synchronize")])
def test_the_model_shows_what_a_forgotten_wait_would_do(pixels, orders, gpu, monkeypatch, forgotten):
    monkeypatch.setattr(*forgotten, lambda *_: None)
    assert not all(right(Model(seed), pixels, orders, gpu) for seed in range(3))


def test_leaving_early_waits_for_copies_under_way(pixels, orders, gpu):
    model = Model(0)
    gpu(model)
    with Queued(model):
        found = stream.stream(pixels, orders, N, torch.device("cuda"))
        next(found)
        found.close()
    assert not model.streams[1].queue and reading() == []


def test_the_processors_own_module_serves_as_well(pixels, orders):
    reader = Reader(pixels, orders, N)
    found = list(sent(reader, CPU))
    reader.close()
    assert all(torch.equal(a, b) for a, b in zip(found, plain(pixels, orders), strict=True))
