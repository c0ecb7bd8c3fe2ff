"""Signals: a step that has begun is finished, and what stopped goes on as if it had not."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from test_checkpoint import NOISE, everything, new, same

from dcgan_lib.training import Trainer, checkpoint, train
from dcgan_lib.training.loop import HalfStep
from dcgan_lib.training.stopping import Held, Stop

ROOT = Path(__file__).resolve().parents[1]
EVERY = {"log_every": 1, "save_every": 5, "sample_every": 5}


def whole(out=None, **changes):
    trainer = new(**changes)
    list(train(trainer, NOISE, out, **EVERY))
    return trainer


@pytest.fixture
def strike(monkeypatch):
    """Signals between D's update and G's, in the steps that are named."""
    at: dict[int, list[int]] = {}
    score = Trainer._score

    def struck(self, images):
        for number in at.pop(self.steps_done + 1, []):
            signal.raise_signal(number)
        return score(self, images)

    monkeypatch.setattr(Trainer, "_score", struck)
    return at


# --- inside a step


def test_an_interrupt_in_a_step_waits_until_the_step_is_whole(strike):
    trainer = new()
    strike[4] = [signal.SIGINT]
    with pytest.raises(
        KeyboardInterrupt, match=r"stopped after step 4, which is whole: the trainer is in memory\. Run"
    ):
        list(train(trainer, NOISE))
    assert trainer.steps_done == 4


def test_running_the_same_again_goes_on_bit_for_bit_and_hands_over_every_step(strike):
    trainer, seen = new(), []
    strike[4] = strike[9] = [signal.SIGINT]
    for _ in range(3):
        try:
            seen += [stats.step for stats in train(trainer, NOISE)]
        except KeyboardInterrupt:
            continue
    assert same(everything(trainer), everything(whole()))


def test_the_step_that_was_interrupted_is_handed_over_by_the_next_call(strike):
    trainer, seen = new(), []
    strike[4] = [signal.SIGINT]
    with pytest.raises(KeyboardInterrupt):
        for stats in train(trainer, NOISE):
            seen.append(stats.step)
    seen += [stats.step for stats in train(trainer, NOISE)]
    assert seen == list(range(1, 15))


@pytest.mark.parametrize("fresh", [False, True], ids=["the trainer in memory", "another process"])
def test_with_a_folder_it_is_saved_and_goes_on_from_there(tmp_path, strike, fresh):
    trainer = new()
    strike[4] = [signal.SIGINT]
    with pytest.raises(
        KeyboardInterrupt, match=r"stopped after step 4; saved .*step-00000004\.ckpt\. Run the same again"
    ):
        list(train(trainer, NOISE, tmp_path / "parts", **EVERY))
    resumed = new() if fresh else trainer
    list(train(resumed, NOISE, tmp_path / "parts", **EVERY))
    assert same(everything(resumed), everything(whole(tmp_path / "whole")))
    histories = [(tmp_path / name / "history.jsonl").read_bytes() for name in ("parts", "whole")]
    assert histories[0] == histories[1]


def test_an_interrupt_of_the_callers_own_code_is_the_callers(strike):
    trainer = new()
    with pytest.raises(KeyboardInterrupt):
        for stats in train(trainer, NOISE):
            if stats.step == 5:
                signal.raise_signal(signal.SIGINT)
    list(train(trainer, NOISE))
    assert same(everything(trainer), everything(whole()))


def test_between_the_steps_and_afterwards_the_callers_handlers_are_in_place():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for _ in train(new(), NOISE):
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


# --- a second one does not wait


def test_a_second_interrupt_acts_at_once_and_half_a_step_is_not_gone_on_from(strike):
    trainer = new()
    strike[4] = [signal.SIGINT, signal.SIGINT]
    with pytest.raises(KeyboardInterrupt):
        list(train(trainer, NOISE))
    assert trainer.steps_done == 3
    with pytest.raises(HalfStep, match=r"the step after step 3 was broken off in its middle.*Make a new Trainer"):
        list(train(trainer, NOISE))


def test_with_a_folder_half_a_step_is_put_back_to_the_last_checkpoint(tmp_path, strike):
    trainer = new()
    strike[8] = [signal.SIGINT, signal.SIGINT]
    with pytest.raises(KeyboardInterrupt):
        list(train(trainer, NOISE, tmp_path / "parts", **EVERY))
    assert [stats.step for stats in train(trainer, NOISE, tmp_path / "parts", **EVERY)] == list(range(6, 15))
    assert same(everything(trainer), everything(whole(tmp_path / "whole")))


def test_an_error_in_a_step_leaves_half_a_step_too(monkeypatch):
    trainer = new()
    next(train(trainer, NOISE))
    monkeypatch.setattr(trainer, "_score", lambda images: torch.zeros(8))
    with pytest.raises(RuntimeError, match="does not require grad"):
        list(train(trainer, NOISE))
    with pytest.raises(HalfStep):
        list(train(trainer, NOISE))


# --- the two contexts by themselves


def test_a_held_signal_is_delivered_to_the_handler_of_before():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    with Held() as held:
        signal.raise_signal(signal.SIGTERM)
        assert held.asked == signal.SIGTERM and heard == []
    signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Held() as held:
        signal.raise_signal(signal.SIGTERM)
    assert signal.signal(signal.SIGTERM, before) is signal.SIG_IGN and held.asked is None


def test_an_error_takes_the_place_of_the_signal():
    with pytest.raises(ValueError, match="worse"), Held():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("worse")


def test_in_another_thread_training_works_and_signals_are_left_alone():
    trainer = new()
    thread = threading.Thread(target=lambda: list(train(trainer, NOISE)))
    thread.start(), thread.join()
    assert trainer.steps_done == 14


def test_a_loop_of_ones_own_is_asked_to_stop_and_a_second_time_is_stopped():
    with Stop() as stop, pytest.raises(KeyboardInterrupt, match="a second signal: left at once"):
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked
        signal.raise_signal(signal.SIGTERM)


def test_two_signals_in_one_step_reach_a_loop_of_ones_own(strike):
    strike[3] = [signal.SIGTERM, signal.SIGTERM]
    with Stop(), pytest.raises(KeyboardInterrupt, match="left at once"):
        list(train(new(), NOISE))


# --- real processes

SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
torch.set_num_threads(1)
from test_checkpoint import NOISE, new
from dcgan_lib.training import train
for stats in train(new(steps=10**6), NOISE, sys.argv[1], save_every=10**6, sample_every=10**6):
    if stats.step == 3:
        print("three", flush=True)
"""


def signalled(script, folder, number):
    """The exit status and the last words of a script that is sent a signal soon after its third step."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout.readline() == "three\n"
        time.sleep(0.1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize(
    ("number", "statuses", "says"),
    [
        (signal.SIGTERM, (-signal.SIGTERM,), "stopped after step"),  # ended by the signal, as a cluster expects it
        (signal.SIGINT, (1, -signal.SIGINT), "KeyboardInterrupt: stopped after step"),
    ],
)
def test_a_script_that_knows_of_no_signals_saves_before_it_ends(tmp_path, number, statuses, says):
    status, err = signalled(SCRIPT, tmp_path, number)
    saved = checkpoint.load(checkpoint.newest(tmp_path / "checkpoints"))
    assert status in statuses
    assert says in err and f"step-{saved['steps_done']:08d}.ckpt. Run the same again to go on" in err
    assert saved["steps_done"] >= 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_caller_works_between_two_steps_loses_nothing(tmp_path, number):
    slow = SCRIPT.replace("flush=True)", "flush=True); import time; time.sleep(60)")
    status, err = signalled(slow, tmp_path, number)
    assert status in (-number, 1)
    assert checkpoint.load(checkpoint.newest(tmp_path / "checkpoints"))["steps_done"] == 3
    assert number == signal.SIGINT or "stopped after step 3; saved" in err


def test_a_handler_of_the_callers_own_is_left_alone_between_the_steps(tmp_path):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(True))
    try:
        for stats in train(new(), NOISE, tmp_path):
            if stats.step == 2:
                signal.raise_signal(signal.SIGTERM)
                break
        assert heard == [True]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_after_the_run_a_sigterm_is_what_it_was(tmp_path):
    list(train(new(), NOISE, tmp_path))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_interrupted_cell_keeps_the_run_and_running_it_again_goes_on():
    """A real kernel, interrupted as a notebook's stop button does. In a process of its own: kernels leave sockets."""
    script = ROOT / "tests" / "interrupt_a_cell.py"
    done = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=300)
    first, second, check = done.stdout.splitlines()
    assert first.startswith("KeyboardInterrupt: stopped after step")
    assert second == "nothing said"
    assert check == "equal to the whole run: True, every step handed over once: True"
