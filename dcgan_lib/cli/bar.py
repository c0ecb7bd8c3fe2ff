"""How far a run is: a bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
import time

from dcgan_lib.cli.common import say, speaks

LOG_SECONDS = 30  # between two lines where there is no terminal


class Bar:
    """Shows the steps of a run. A context: the bar is taken down on every way out.

    Args:
        steps: of the whole run.
        batch_size: images a step, for images a second.
    """

    def __init__(self, steps: int, batch_size: int) -> None:
        self.steps, self.batch_size = steps, batch_size
        self.bar = None
        self.begun = self.told = time.perf_counter()
        self.first = 0  # steps that were done before this process began

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def step(self, stats, read: bool) -> None:
        """One step is done. `read`: show its numbers too, which waits for the device."""
        if not self.first:  # here, because a resumed run's first step is not 1, and the first takes longest
            self.first, self.begun = stats.step, time.perf_counter()
            self.bar = self._on_terminal() if sys.stderr.isatty() and speaks() else None
        if self.bar is not None:
            self.bar.update()
            if read:
                self.bar.set_postfix_str(self._numbers(stats), refresh=False)
        elif read and time.perf_counter() - self.told >= LOG_SECONDS:
            self.told = time.perf_counter()
            say(f"step {stats.step:,} of {self.steps:,}: {self._numbers(stats)}, {self._left(stats.step)} left")

    def _on_terminal(self):
        from tqdm import tqdm

        return tqdm(
            total=self.steps, initial=self.first - 1, dynamic_ncols=True, mininterval=0.5,
            bar_format="{percentage:3.0f}%|{bar}| {n:,}/{total:,} [{elapsed}<{remaining}{postfix}]",
        )  # fmt: skip

    def _numbers(self, stats) -> str:
        n = stats.numbers()
        losses = f"D {n['loss_d']:.2f}  G {n['loss_g']:.2f}"
        scores = f"D(x) {n['d_real']:.2f}  D(G(z)) {n['d_fake']:.2f}"
        speed = self.batch_size * self._per_second(stats.step)
        return f"{losses}  {scores}" + (f", {speed:,.0f} images/s" if speed else "")

    def _per_second(self, step: int) -> float:
        return (step - self.first) / max(time.perf_counter() - self.begun, 1e-9)

    def _left(self, step: int) -> str:
        seconds = round((self.steps - step) / max(self._per_second(step), 1e-9))
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
