"""Signals that wait until the step is whole.

A Ctrl-C may strike anywhere: between D's update and G's, or in the middle of a line of the history. Acted upon there,
it would leave half a step in memory, which no resumed run can equal. So it is noted, and acts at the next boundary.
SIGTERM, which a cluster sends before it kills, is treated alike.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Held:
    """Inside the block a signal is noted; when the block ends, it does what it would have done.

        with Held() as held:
            ...  # a whole step
            if held.asked:
                held.message = f"saved {path}"

    The handlers of before are back at the end of the block, where the signal that came is delivered to them. Python's
    own raises `KeyboardInterrupt(message)`; where a signal would end the process, the message is printed to stderr
    first. A second signal does not wait: somebody means it. Outside the main thread, where signals never arrive, and
    for a signal that is ignored or handled by another language, nothing changes.

    An exception that leaves the block takes the place of the signal.
    """

    def __init__(self) -> None:
        self.asked: int | None = None  # the signal that came
        self.message = ""

    def __enter__(self) -> Held:
        self.before = {}
        if _in_main():
            kept = {number: signal.getsignal(number) for number in SIGNALS}
            self.before = {number: old for number, old in kept.items() if old not in (None, signal.SIG_IGN)}
            for number in self.before:
                signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *problem: object) -> None:
        for number, old in self.before.items():
            signal.signal(number, old)
        if self.asked is None or kind is not None:
            return
        if self.before[self.asked] is signal.default_int_handler:
            raise KeyboardInterrupt(self.message)
        if self.before[self.asked] is signal.SIG_DFL and self.message:
            print(self.message, file=sys.stderr, flush=True)
        signal.raise_signal(self.asked)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked is None:
            self.asked = number
            return
        old = self.before[number]
        if callable(old):  # it has heard of neither signal yet
            old(self.asked, frame)
            old(number, frame)
        else:
            signal.signal(number, old)
            signal.raise_signal(number)


class Guard:
    """While the caller of a loop does something of its own, a SIGTERM that would end the process saves first.

    Where the caller has a handler for it, that one is left alone.

    Args:
        save: keeps the state of this moment and returns what to say, or None where there is no whole state to keep.
    """

    def __init__(self, save: Callable[[], str | None]) -> None:
        self.save = save

    def __enter__(self) -> Guard:
        if _in_main() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._act)
        return self

    def __exit__(self, *problem: object) -> None:
        if _in_main() and signal.getsignal(signal.SIGTERM) == self._act:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _act(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if message := self.save():
            print(message, file=sys.stderr, flush=True)
        signal.raise_signal(number)


class Stop:
    """For a loop of one's own: `asked` becomes true with the first SIGINT or SIGTERM, and a second one leaves at once.

    A patient one notes the second as the first: `torchrun` hands on a Ctrl-C that the terminal has sent already.

    with Stop() as stop:
        for stats in train(trainer, images, out):
            if stop.asked:
                break  # the run is saved
    """

    def __init__(self, patient: bool = False) -> None:
        self.asked, self.patient = False, patient

    def __enter__(self) -> Stop:
        self.before = {number: signal.signal(number, self._ask) for number in SIGNALS} if _in_main() else {}
        return self

    def __exit__(self, *problem: object) -> None:
        for number, old in self.before.items():
            signal.signal(number, old if old is not None else signal.SIG_DFL)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and not self.patient:
            raise KeyboardInterrupt("a second signal: left at once, what came after the last checkpoint is lost")
        self.asked = True


def _in_main() -> bool:
    """Whether this is the thread that signals arrive in."""
    return threading.current_thread() is threading.main_thread()
