"""Is G still drawing different images, and can it still learn? A look at the samples now and then, and a warning.

Two alarms, each judged on what a run draws anyway:

- *alike*: the samples resemble each other more than real images do. The measure is `variety`: the mean distance from
  a sample to its nearest neighbour among the others, as a share of the same among as many real images, on pixels
  averaged down to 16x16. It is 0 for a G that draws one image and about 1 for real images. A sample that has a
  double counts nothing, so the measure falls with the share of such samples; the mean over all pairs would not see
  them: two images drawn in turn are far apart on average. A G that repeats itself in half of its samples is not
  told from one that is still learning.
- *won*: D tells every fake from every real image, `lead = D(x) - D(G(z))`, and G's gradient says little. A good
  run may come close to that in single steps, so the alarm wants it at two looks in a row.

Every run begins with a G that draws one grey. It is given `WARM_UP` steps before it is judged.

The bounds below were chosen on some runs and checked on others by `benchmarks/collapse_alarm.py`; how many looks,
false alarms and detections there were is in `benchmarks/results/collapse_alarm.json`. They hold for small DCGANs and
small images; a set whose images differ in details that 16x16 pixels do not show is judged by those pixels all the
same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan_lib.data.images import Images

WARM_UP = 400  # steps before the first judgement
ALIKE = 0.3  # an alarm below this variety
VARIED = 0.36  # the alarm ends above this one: near a bound a measure goes to and fro
WON = 0.998  # an alarm above this lead, at two looks in a row
SIDE, GROUPS = 16, 8  # pixels a side that are compared; groups of real images whose mean is the yardstick


class CollapseWarning(UserWarning):
    """Samples that are alike, or a D that has won; the message names the step, the measure, its bound and remedies."""


@dataclass(frozen=True)
class Look:
    """What one look at a run saw. `begun`: the alarms that begin with it."""

    step: int
    variety: float | None  # None where the real images are themselves all alike, or fewer than two
    lead: float | None  # None where D's scores are not logits of a probability
    begun: tuple[str, ...] = ()  # of "alike" and "won"

    def record(self) -> dict:
        """As one line of a history, which `Watch.recall` reads back."""
        return {"look": asdict(self)}

    @property
    def warnings(self) -> list[str]:
        """One message for each alarm that begins here."""
        return [_MESSAGES[alarm].format(**asdict(self), bound=_BOUNDS[alarm]) for alarm in self.begun]


class Alarms:
    """Which alarms stand, from look to look. One is told when it begins, and again only after it had ended."""

    def __init__(self) -> None:
        self.standing: set[str] = set()
        self.led = False  # whether the lead was above its bound at the last look

    def judge(self, step: int, variety: float | None, lead: float | None) -> Look:
        """What begins with these measures; see `Look`."""
        led, self.led = self.led, lead is not None and lead > WON
        if step < WARM_UP:
            return Look(step, variety, lead)
        now = set()
        if variety is not None and variety < (VARIED if "alike" in self.standing else ALIKE):
            now.add("alike")
        if self.led and (led or "won" in self.standing):
            now.add("won")
        begun, self.standing = now - self.standing, now
        return Look(step, variety, lead, tuple(sorted(begun)))


class Watch:
    """Judges the samples of one run.

        watch = Watch(images)
        for message in watch.look(step, sample(trainer.G, trainer.fixed_z), d_real, d_fake).warnings: ...

    Args:
        images: the real ones.
        n: how many samples are compared, the same number of real images being the yardstick.
    """

    def __init__(self, images: Images, n: int = 64) -> None:
        self.n = min(n, len(images))
        self.real = real_distance(images, self.n)
        self.alarms = Alarms()

    def look(self, step: int, fakes: Tensor, d_real: float | None = None, d_fake: float | None = None) -> Look:
        """Measure the fakes `(n, nc, s, s)` in [-1, 1] and judge them.

        Args:
            d_real, d_fake: the mean D(x) and D(G(z)) of this step, where they are probabilities.
        """
        variety = None
        if self.real > 0:
            # rounded before it is judged, so that a look that is read back is judged alike
            variety = round(nearest_distance(fakes[: self.n]) / self.real, 4)
        lead = None if d_real is None or d_fake is None else round(d_real - d_fake, 4)
        return self.alarms.judge(step, variety, lead)

    def recall(self, looks: Iterable[Look]) -> None:
        """Be as after these looks: a run that goes on is not warned of what it was warned of before."""
        self.alarms = Alarms()
        for look in looks:
            self.alarms.judge(look.step, look.variety, look.lead)


def nearest_distance(images: Tensor) -> float:
    """The mean distance from each image `(n, nc, s, s)` to its nearest neighbour among the others, at 16x16 pixels.

    0 where all are the same, or where one has no other. Infinite or undefined pixels count as black.
    """
    if len(images) < 2:
        return 0.0
    small = F.adaptive_avg_pool2d(images.detach().float().cpu().nan_to_num(-1.0, -1.0, -1.0), SIDE).flatten(1)
    distances = torch.cdist(small, small, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    return float(distances.min(1).values.mean())


def real_distance(images: Images, n: int) -> float:
    """The same among `n` real images: the mean over up to eight groups, spread evenly over the set."""
    groups = max(1, min(GROUPS, len(images) // max(n, 1)))
    chosen = evenly(len(images), groups * n)
    # dealt out like cards: neighbours in the set, which may be pictures of one thing, come into different groups
    return sum(nearest_distance(images.batch(chosen[i::groups])) for i in range(groups)) / groups


def evenly(count: int, n: int) -> Tensor:
    """`n` positions `(n,)` int64 spread evenly over the first two million of `count`, both ends included."""
    return torch.arange(n) * (min(count, 2_000_000) - 1) // max(n - 1, 1)  # drawn images have no end


_BOUNDS = {"alike": ALIKE, "won": WON}
_MESSAGES = {
    "alike": "step {step:,}: the samples are alike: one is {variety:.2f} times as far from its nearest neighbour as "
    "a real image is (alarm below {bound}). G has collapsed to few images, or has not begun to learn. Look at the "
    "newest samples, then begin again with a lower lr_g, another seed or a larger batch",
    "won": "step {step:,}: D tells every fake: D(x) - D(G(z)) is {lead:.4f} (alarm above {bound} at two looks in a "
    "row), and G learns little from such a D. Begin again with a lower lr_d, a higher lr_g, or real_target=0.9",
}
