"""What losses on a screen mean: from a line of a log to the outputs of D that fit it, and the state of the game.

    decode("[3/5][100/1583] Loss_D: 0.3517 Loss_G: 3.2 D(x): 0.85 D(G(z)): 0.15 / 0.05").state  # "healthy"

The losses are taken for cross-entropy: L_D = -E[log D(x)] - E[log(1 - D(G(z)))], or the mean of these two halves, and
L_G = -E[log D(G(z))], or log(1 - D(G(z))) where it is negative. `widgets/decoder-math.mjs` is its twin in the page.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field

from dcgan_lib.training.telltale import CONSTANTS, FAR, FOOLED, SAME, WON

NUMBER = r"([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf(?:inity)?))(?![\w.])"
GAP = r"[\"']?\s*[:=]?\s*"
NOT_INSIDE_A_WORD = r"(?<![a-z])"
LOSS = NOT_INSIDE_A_WORD + r"(?:loss[ _]?{0}|(?:{0}|{1}|{2})[ _]?loss|err[ _]?{0}|loss of {0}|{0}(?=\s+[-+\d.]))"
NAMES = {
    "loss_d": LOSS.format("d", "dis", "discriminator"),
    "loss_g": LOSS.format("g", "gen", "generator"),
    "d_real": NOT_INSIDE_A_WORD + r"(?:d\(x\)|d_real)",
    "d_fake": NOT_INSIDE_A_WORD + r"(?:d\(g\(z\)\)|d_fake)",
    "d_fake_after": NOT_INSIDE_A_WORD + r"(?:d\(g\(z\)\)[\"']?\s*[:=]?\s*[\w.+-]+\s*/|d_fake_after)",
}
BARE = {1: ["loss"], 2: list(NAMES)[:2], 4: list(NAMES)[:4], 5: list(NAMES)}
"""What numbers without names are taken for, by how many stand in a line."""
LAST = 50  # lines that are averaged
PRINTED = 0.005  # so much may be lost where outputs are printed with two decimals
REPEATS = 3  # so often the same digits are no chance


@dataclass(frozen=True)
class Reading:
    """What was read. Probabilities and losses are plain numbers, None where nothing can be said.

    Attributes:
        lines: how many held numbers.
        values: the mean of each quantity over the last lines: loss_d, loss_g, d_real, d_fake, d_fake_after, or `loss`.
        known: pairs of a quantity and the key of the `Constant` that it is.
        halves: whether D's loss is the "sum" or the "mean" of its halves.
        real, fake: the outputs that D gives every real image and every fake, if it gives all the same.
        right: the probability that D gives the truth, as a geometric mean: e^(-L_D / 2).
        floor_d, floor_g: the least losses that the printed outputs allow (Jensen's inequality).
        jsd: the least Jensen-Shannon divergence that D's loss proves, if D was not trained on these images.
        push, push_saturating: the size of the slope that a fake feels under the non-saturating and the saturating loss.
        state: a key of `telltale.STATES`. remarks: keys of `telltale.REMARKS`.
    """

    lines: int = 0
    values: dict[str, float] = field(default_factory=dict)
    known: list[tuple[str, str]] = field(default_factory=list)
    halves: str = "sum"
    real: float | None = None
    fake: float | None = None
    right: float | None = None
    floor_d: float | None = None
    floor_g: float | None = None
    jsd: float | None = None
    push: float | None = None
    push_saturating: float | None = None
    state: str = "nothing"
    remarks: list[str] = field(default_factory=list)

    def asdict(self) -> dict:
        return asdict(self)


def parse(text: str) -> list[dict[str, str]]:
    """The numbers of each line that holds some, as they are written, by quantity."""
    text = text.replace("\u2212", "-")
    named = [_named(line) for line in text.splitlines()]
    if any(named):
        return [line for line in named if line]
    bare = [_bare(line) for line in text.splitlines()]
    return [line for line in bare if line]


def _bare(line: str) -> dict[str, str]:
    """Of a line without names: one number wherever it stands, several only where nothing else does."""
    numbers = re.findall(r"(?<![\w.])" + NUMBER, line, re.I | re.A)
    alone = not re.search(r"[a-z]", re.sub(r"(?<![\w.])" + NUMBER, "", line, flags=re.I | re.A), re.I)
    return dict(zip(BARE[len(numbers)], numbers)) if len(numbers) in BARE and (alone or len(numbers) == 1) else {}


def _named(line: str) -> dict[str, str]:
    found = {name: re.search(pattern + GAP + NUMBER, line, re.I | re.A) for name, pattern in NAMES.items()}
    return {name: match[1] for name, match in found.items() if match}


def recognise(written: str, quantity: str) -> list[str]:
    """The keys of the constants that a number, as it is written, is to all its digits."""
    value = float(written)
    mantissa, _, exponent = written.lower().lstrip("+-").partition("e")
    whole, _, decimals = mantissa.partition(".")
    digits = len((whole + decimals).lstrip("0"))
    unit = 10.0 ** (int(exponent or 0) - len(decimals))
    found = []
    for constant in CONSTANTS:
        if quantity != "loss" and quantity not in constant.says:
            continue
        if constant.value == 0:
            fits = value == 0
        else:  # float32 prints more digits than it has
            fits = digits >= constant.digits and abs(value - constant.value) <= max(
                0.5001 * unit, 1e-6 * abs(constant.value)
            )
        if fits:
            found.append(constant.key)
    return found


def outputs(loss_d: float | None, loss_g: float | None) -> tuple[float | None, float | None]:
    """What D gives every real image and every fake, if it gives all the same: `(a, b)`; `loss_d` is the sum.

    `a` is None where it would exceed 1, or a loss is missing.
    """
    if loss_g is None:
        return None, None
    b = math.exp(-loss_g) if loss_g >= 0 else 1 - math.exp(loss_g)
    if loss_d is None or b >= 1:
        return None, b
    a = math.exp(-loss_d) / (1 - b)
    return (a if a <= 1.0005 else None), b


def floor_of_d(d_real: float | None, d_fake: float | None) -> float | None:
    """The least L_D (the sum) that these mean outputs allow, by Jensen's inequality. A printed 1.00 may be 0.995."""
    if d_real is None or d_fake is None:
        return None
    return -math.log(max(d_real, PRINTED)) - math.log(1 - min(d_fake, 1 - PRINTED))


def lead_state(real: float, fake: float) -> str:
    """The state of the game by what D says."""
    lead = real - fake
    if lead > WON:
        return "won"
    if lead > FAR:
        return "far"
    if lead < -SAME:
        return "backwards"
    if fake > FOOLED:
        return "g_ahead"
    return "same" if lead < SAME else "healthy"


def loss_state(loss_d: float) -> str:
    """The state by D's loss alone (the sum): as if D were right about both sides with the same probability."""
    right = math.exp(-loss_d / 2)
    return lead_state(right, 1 - right)


def decode(text: str, halves: str = "guess") -> Reading:
    """Read losses and outputs of D, and say what they mean.

    Args:
        text: lines of a log, or bare numbers: one loss, or D's and G's, then D(x) and D(G(z)).
        halves: whether D's loss is the "sum" of its halves, their "mean", or to "guess".
    """
    if halves not in ("guess", "sum", "mean"):
        raise ValueError(f"halves={halves!r}: give 'guess', 'sum' or 'mean'")
    rows = parse(text)
    if not rows:
        return Reading()
    last = rows[-LAST:]
    names = [name for name in ("loss", *NAMES) if any(name in row for row in last)]
    columns = {name: [row[name] for row in last if name in row] for name in names}
    values = {name: sum(map(float, column)) / len(column) for name, column in columns.items()}
    remarks = ["last"] if len(rows) > LAST else []
    if not all(map(math.isfinite, values.values())):
        return Reading(len(rows), values, state="broken", remarks=remarks)

    losses = [name for name in names if name.startswith("loss")]
    known = [(name, key) for name in losses for key in recognise(columns[name][-1], name)]
    loss_g, loss_d = values.get("loss_g"), values.get("loss_d")
    d_real, d_fake = values.get("d_real"), values.get("d_fake")
    floor_d = floor_of_d(d_real, d_fake)
    if halves == "guess":
        halves = _guess(text, loss_d, floor_d, [key for name, key in known if name == "loss_d"])
    if halves == "mean" and loss_d is not None:
        loss_d *= 2
        remarks.append("mean")
    if loss_g is not None and loss_g < 0:
        remarks.append("saturating")

    sound = loss_d is None or loss_d >= 0
    real, fake = outputs(loss_d if sound else None, loss_g)
    if sound and real is None and loss_d is not None and fake is not None and fake < 1:
        remarks.append("no_pair")
    below = floor_d is not None and loss_d is not None and loss_d < 0.98 * floor_d - 0.02
    still = [len(columns[name]) >= REPEATS and len(set(columns[name][-REPEATS:])) == 1 for name in losses]
    repeats = bool(still) and all(still) and any(values[name] for name in losses)  # zeros are no sign of it
    if repeats:
        remarks.append("repeats")

    says_fake = next((v for v in (d_fake, values.get("d_fake_after"), fake) if v is not None), None)
    says_real = d_real if d_real is not None else real
    if repeats or any(c.frozen for c in CONSTANTS if c.key in [key for _, key in known]):
        state = "frozen"
    elif not sound or below:
        state = "other"
    elif says_real is not None and says_fake is not None:
        state = lead_state(says_real, says_fake)
    elif loss_d is not None:
        state = loss_state(loss_d)
    elif says_fake is not None:
        state = lead_state(max(says_fake, 1 - says_fake), says_fake)
    else:
        state = "single"
    after = next((v for v in (values.get("d_fake_after"), fake, d_fake) if v is not None), None)
    return Reading(
        lines=len(rows),
        values=values,
        known=known,
        halves=halves,
        real=real,
        fake=fake,
        right=math.exp(-loss_d / 2) if sound and loss_d is not None else None,
        floor_d=floor_d,
        floor_g=_floor_of_g(values.get("d_fake_after")),
        jsd=max(0.0, math.log(2) - loss_d / 2) if state not in ("frozen", "other") and loss_d is not None else None,
        push=None if after is None or state == "frozen" else 1 - after,
        push_saturating=None if state == "frozen" else after,
        state=state,
        remarks=remarks,
    )


def _floor_of_g(d_fake_after: float | None) -> float | None:
    return None if d_fake_after is None else -math.log(max(d_fake_after, PRINTED))


def _guess(text: str, loss_d: float | None, floor_d: float | None, known: list[str]) -> str:
    """The mean where the sum is impossible for the printed outputs, or the form of the line or the number says so."""
    if loss_d is None:
        return "sum"
    if floor_d is not None:
        return "mean" if loss_d < 0.98 * floor_d - 0.02 <= 2 * loss_d else "sum"
    if re.search(r"\[d loss|\bacc", text, re.I):  # as programs print it that average the halves
        return "mean"
    return "mean" if any(key == "log2" or key.endswith("/2") for key in known) else "sum"
