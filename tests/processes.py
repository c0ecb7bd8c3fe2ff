"""A few processes that wait for work, so that a test of a team does not begin with seconds of importing torch."""

import io
import os
import socket
from datetime import timedelta
from multiprocessing import get_context

import torch
import torch.distributed as dist

from dcgan_lib.training.team import LostProcess, join

PATIENCE = 20  # seconds: a test that hangs fails


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Processes:
    """`run(n, function, *args)` calls `function(team, *args)` in a team of `n` and gives back the n results."""

    def __init__(self, n):
        context, self.lines, self.members = get_context("spawn"), [], []
        for _ in range(n):
            ours, theirs = context.Pipe()
            member = context.Process(target=serve, args=(theirs,), daemon=True)
            member.start()
            self.lines.append(ours), self.members.append(member)

    def run(self, n, function, *args):
        port = free_port()
        for rank, line in enumerate(self.lines[:n]):
            line.send((rank, n, port, function, args))
        answers = [self._answer(line) for line in self.lines[:n]]
        if problems := [answer for answer in answers if isinstance(answer, Exception)]:
            raise min(problems, key=lambda problem: isinstance(problem, LostProcess))  # the cause, not what it led to
        return [torch.load(io.BytesIO(answer)) for answer in answers]

    def _answer(self, line):
        if not line.poll(3 * PATIENCE):
            self.close()
            raise TimeoutError("a process of the team did not answer")
        return line.recv()

    def close(self):
        for member in self.members:
            member.kill()
            member.join()


def serve(line):
    torch.set_num_threads(1)
    while True:
        rank, size, port, function, args = line.recv()
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        try:
            with join("cpu", timedelta(seconds=PATIENCE)) as team:
                result = function(team, *args)
            buffer = io.BytesIO()
            torch.save(result, buffer)
            line.send(buffer.getvalue())
        except Exception as error:
            if dist.is_initialized():
                dist.destroy_process_group()  # the others learn of it at once
            line.send(error)
        finally:
            torch.set_default_dtype(torch.float32)
