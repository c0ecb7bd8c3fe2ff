"""Run a cell in a kernel, interrupt it, run it again, and print what was said each time. Called by test_stopping.py."""

import os
import threading
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[1]
SETUP = """
import torch
torch.set_num_threads(1)
from test_checkpoint import NOISE, everything, new, same
from dcgan_lib.training import train
trainer, steps = new(steps=400), []
"""
CELL = """
for stats in train(trainer, NOISE):
    steps.append(stats.step)
"""
CHECK = """
whole, interrupted = new(steps=400), trainer.steps_done
for stats in train(whole, NOISE):
    pass
equal = same(everything(trainer), everything(whole))
print(f"equal to the whole run: {equal}, every step handed over once: {steps == list(range(1, 401))}")
"""


def run_cell(client, code, interrupt=None) -> str:
    """What a cell prints, or the name and the text of its error."""
    said = []

    def hear(message):
        content = message["content"]
        if message["msg_type"] in ("stream", "error"):
            said.append(content["text"] if "text" in content else f"{content['ename']}: {content['evalue']}")

    if interrupt:
        threading.Thread(target=interrupt).start()
    client.execute_interactive(code, output_hook=hear, timeout=120, allow_stdin=False)
    return "".join(said).strip() or "nothing said"


def main() -> None:
    manager = KernelManager(kernel_name="python3")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    manager.start_kernel(env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        run_cell(client, SETUP)
        print(run_cell(client, CELL, interrupt=lambda: (time.sleep(1.0), manager.interrupt_kernel())))
        print(run_cell(client, CELL))
        print(run_cell(client, CHECK))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
