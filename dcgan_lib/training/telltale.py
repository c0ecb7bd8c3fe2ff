"""Losses that say something by being exactly what they are, and what a state of the game is called.

A constant is computed here from where it comes from; `tests/test_decode.py` makes each of them happen in torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """A value that a loss takes for a reason.

    `digits`: so many significant ones must be printed before a match means anything. `frozen`: it comes from
    arithmetic, a clip or a clamp, and has no slope. `says`: what it means as D's loss and as G's.
    """

    key: str
    value: float
    how: str
    digits: int
    frozen: bool
    says: dict[str, str]


def _chance() -> list[Constant]:
    return [
        Constant(
            "2log2", 2 * math.log(2), "2 log 2", 3, False,
            {"loss_d": "D is at chance: the sum of both halves when it says 1/2 to everything"},
        ),
        Constant(
            "log2", math.log(2), "log 2", 2, False,
            {
                "loss_d": "D is at chance, if the program prints the mean of the two halves",
                "loss_g": "D gives the fakes 1/2",
            },
        ),
        Constant("-log2", -math.log(2), "−log 2", 2, False, {"loss_g": "D gives the fakes 1/2; the saturating loss"}),
        Constant(
            "-log4", -2 * math.log(2), "−log 4", 3, False,
            {"loss_d": "the value V at chance: D makes it large, so it is no loss; its sign is turned"},
        ),
        Constant(
            "zero", 0.0, "0", 1, False,
            {
                "loss_d": "D is right about everything, to the digits that are printed",
                "loss_g": "D takes every fake for real; or, under the saturating loss, for none",
            },
        ),
        Constant(
            "H(0.9)", -0.9 * math.log(0.9) - 0.1 * math.log(0.1), "−0.9 log 0.9 − 0.1 log 0.1", 4, False,
            {"loss_d": "the floor under D's loss with the target 0.9 for real images: D is right about everything"},
        ),
        Constant(
            "least squares", 0.25, "1/4", 4, False,
            {"loss_d": "if the loss is least squares: every score is 1/2, D is at chance"},
        ),
        Constant("hinge", 2.0, "1 + 1", 4, False, {"loss_d": "if the loss is hinge: every score is 0, D is at chance"}),
    ]  # fmt: skip


def _arithmetic() -> list[Constant]:
    both = "a probability was rounded to 0 and its logarithm clamped at −100, as torch's BCELoss does"
    top = "D said 1, held at the last float32 below 1, which is 1 − 2⁻²³ (a clip at 1e-7, or the sigmoid)"
    right = "the smallest cost that a clip at 1e-7 leaves in float32"
    found = [
        Constant("clamp", 100.0, "the clamp of BCELoss", 3, True, {"loss_d": both, "loss_g": both}),
        Constant(
            "clamp/2", 50.0, "half of the clamp of BCELoss", 4, True,
            {"loss_d": "the mean of two halves: one costs nothing, the other is clamped at 100"},
        ),
        Constant("23log2", 23 * math.log(2), "23 log 2", 4, True, {"loss_d": top, "loss_g": top}),
        Constant(
            "23log2/2", 23 * math.log(2) / 2, "23/2 log 2", 4, True,
            {"loss_d": f"the mean of two halves: real images cost nothing, and on fakes {top}"},
        ),
        Constant("2^-23", 2.0**-23, "2⁻²³", 3, True, {"loss_d": right, "loss_g": right}),
        Constant("2^-24", 2.0**-24, "2⁻²⁴", 3, True, {"loss_d": "half of 2⁻²³: " + right}),
    ]  # fmt: skip
    for n in (5, 6, 7, 8, 10, 12):
        text = f"a probability was clipped at 1e-{n}, or 1e-{n} was added inside the logarithm"
        how, value = f"−log 1e-{n}", n * math.log(10)
        found.append(Constant(f"1e-{n}", value, how, 4, True, {"loss_d": text, "loss_g": text}))
        if n in (6, 7, 8):  # half of the others is another whole one
            halves = {"loss_d": f"the mean of two halves: one costs nothing, in the other {text}"}
            found.append(Constant(f"1e-{n}/2", value / 2, f"½ ({how})", 4, True, halves))
    return found


CONSTANTS = tuple(_chance() + _arithmetic())

WON, FAR, SAME, FOOLED = 0.94, 0.8, 0.1, 0.6
"""Leads D(x) − D(G(z)): D has won, is far ahead, sees no difference; a D(G(z)) above which G is ahead."""

SAVE = "Compute the loss from logits: BCEWithLogitsLoss, or softplus."
LOOK = "Look at samples of the same latents."

STATES = {
    "nothing": ("No losses read yet", "Type two losses, or paste lines that a program printed.", []),
    "single": (
        "One number by itself",
        "Whether it is D's or G's cannot be told; below is what it would mean. Type both losses to learn more.",
        [],
    ),
    "broken": (
        "The run is over",
        "A number is infinite or none at all. It has reached the weights by now, or will at the next step.",
        ["Go back to the last checkpoint, with lower rates.", SAVE, "Look for a logarithm of 0 and a division by 0."],
    ),
    "frozen": (
        "The numbers stand still",
        "This is arithmetic, not the game: a probability was rounded or clipped, or nothing moves. A clip has no "
        "slope, so no patience will help.",
        [SAVE, "Go back to a checkpoint before it, or begin again: these weights get no gradient.", "Lower D's rate."],
    ),
    "other": (
        "Not a cross-entropy",
        "D's loss is lower than cross-entropy can be. It is another loss (Wasserstein, hinge), the value V with "
        "its sign not turned, or has targets above 1; or the numbers are of different moments.",
        ["Find out which loss is printed.", "With targets above 1, put the real target at 0.9."],
    ),
    "won": (
        "D has won",
        "It tells nearly every fake from every real image, and what it still says changes little from fake to fake.",
        [
            LOOK,
            "Lower D's rate or raise G's; or give real images the target 0.9.",
            "At the start of a run: check that fakes and real images have the same range and size.",
        ],
    ),
    "far": (
        "D is far ahead",
        "Usual early in a run, and in single steps. If it lasts for hundreds of steps, G learns slowly.",
        ["Wait and watch D(G(z)).", "If it keeps falling, lower D's rate or raise G's."],
    ),
    "healthy": (
        "The usual weather",
        "D leads, and not by too far: G gets gradients from a D that is still undecided.",
        ["Go on. " + LOOK],
    ),
    "same": (
        "D sees no difference",
        "It says nearly the same to fakes and real images. That is the end of the theory, and more often a D that "
        "does not learn.",
        [LOOK, "If they are poor: check D's rate and that its gradients arrive.", "In the first steps: wait."],
    ),
    "g_ahead": (
        "G is ahead",
        "D takes most fakes for real. One image that fools D is enough for that.",
        [LOOK + " Are they all alike?", "Raise D's rate or lower G's."],
    ),
    "backwards": (
        "D has it the wrong way round",
        "It gives fakes more than real images: G has just made a leap, or labels or a sign are exchanged.",
        ["If it lasts: check which label D gets for real images, in both turns.", LOOK],
    ),
}
HIDDEN = (
    "What these numbers cannot tell: whether the samples are good, and whether they are all alike. A collapsed run may "
    "have any of them."
)

EXAMPLES = {
    "usual": "[3/5][100/1583] Loss_D: 0.3517 Loss_G: 3.2000 D(x): 0.8500 D(G(z)): 0.1500 / 0.0500",
    "chance": "1.3863 0.6931",
    "D has won": "[0/5][400/1583] Loss_D: 0.0004 Loss_G: 11.2045 D(x): 0.9998 D(G(z)): 0.0002 / 0.0000",
    "100": "[1/5][0/1583] Loss_D: 0.0000 Loss_G: 100.0000 D(x): 1.0000 D(G(z)): 0.0000 / 0.0000",
    "7.971192": "2000 [D loss: 7.971192, acc.: 50.00%] [G loss: 1.192093e-07]",
    "13.82": "Gen_loss: -0.0 Dis_loss: 13.82",
    "16.118": "d_loss: 0.00000012, g_loss: 16.11809540",
    "nan": "Loss_D: nan Loss_G: nan D(x): nan D(G(z)): nan / nan",
}
"""Lines in the forms that programs print, by what they are an example of."""

REMARKS = {
    "mean": "D's loss is read as the mean of its two halves, so the sum is twice as much.",
    "saturating": "G's loss is negative, so it is read as the saturating one, log(1 − D(G(z))).",
    "no_pair": "No single pair of outputs gives these losses: D moved between them, or its outputs are widely spread.",
    "repeats": "The same digits come again and again.",
    "last": "Of many lines the last fifty are averaged.",
}
