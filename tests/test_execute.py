"""Executing the chapters: no answer of a kernel is overslept."""

import asyncio
import time

import nbformat
import zmq

from tools import execute
from tools.fingerprint import ROOT


def test_an_answer_whose_sign_was_swallowed_is_found(monkeypatch):
    """The loop is busy while the kernel answers, and another hand on the sockets takes the sign of it."""
    look = execute.nudge

    async def swallow_then_look(client):
        await asyncio.sleep(1)
        time.sleep(3)
        for channel in (client.kc.shell_channel, client.kc.iopub_channel):
            zmq.Socket.shadow(channel.socket.underlying).get(zmq.EVENTS)
        await look(client)

    monkeypatch.setattr(execute, "nudge", swallow_then_look)
    cell = nbformat.v4.new_code_cell("import time; time.sleep(2.5); 5")
    seconds = execute.execute(ROOT / "book" / "made.ipynb", nbformat.v4.new_notebook(cells=[cell]), execute.Progress())
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["5"]
    assert seconds < 60
