"""LossExplorer: the losses of both players at one logit, and what a sample there would feel."""

from __future__ import annotations

from pathlib import Path

import anywidget
import torch
import traitlets
from PIL import Image

from dcgan_lib.losses import LOSSES, d_cross_entropy, d_hinge, d_least_squares, d_wasserstein, slope
from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR, REFERENCE
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
FARTHEST = 8.0  # logits on the axis: D = 0.03 % to 99.97 %
ROLES = ("g", "d_fake", "d_real")
COLOURS = dict(zip(ROLES, (G_COLOUR, D_COLOUR, REAL_COLOUR)))
SETTLED = {d_cross_entropy: (1e3, -1e3), d_least_squares: (1, 0), d_wasserstein: (0, 0), d_hinge: (1, -1)}
"""For each loss of D a real and a fake score that cost it nothing."""


class LossExplorer(Still, anywidget.AnyWidget):
    """Every loss of `dcgan_lib.losses` over D's logit of one sample; drag along the curve.

        explorer = LossExplorer(loss="saturating", logit=-7)
        explorer.slopes["non_saturating"] / explorer.slopes["saturating"]  # about 1,097

    Setting a trait from Python moves the page, and the other way round.
    """

    _esm = bundle(HERE / "losses.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "losses.css").read_text("utf-8")

    loss = traitlets.Enum(list(LOSSES), "non_saturating", help="the game").tag(sync=True)
    role = traitlets.Enum(ROLES, "g", help="whose loss: G's, D's of a fake, D's of a real image").tag(sync=True)
    logit = traitlets.Float(-3.0, help="D's logit of the sample, from -8 to 8").tag(sync=True)
    axis = traitlets.Enum(("logit", "probability"), "logit", help="what the drawing is over").tag(sync=True)
    shown = traitlets.Enum(("loss", "slope"), "loss", help="what is drawn").tag(sync=True)
    real_target = traitlets.Float(1.0, help="of real images, in the cross-entropy games; 0.5 to 1.2").tag(sync=True)

    def __repr__(self) -> str:
        numbers = f"loss {self.values[self.loss]:.4f}, slope {self.slopes[self.loss]:.4f}"
        return f"LossExplorer({self.loss}, {self.role}, logit {self.logit:g}: {numbers})"

    @traitlets.validate("logit")
    def _check_logit(self, proposal: dict) -> float:
        if not -FARTHEST <= proposal["value"] <= FARTHEST:
            raise traitlets.TraitError(f"logit={proposal['value']!r}: give one from {-FARTHEST:g} to {FARTHEST:g}")
        return proposal["value"]

    @traitlets.validate("real_target")
    def _check_target(self, proposal: dict) -> float:
        if not 0.5 <= proposal["value"] <= 1.2:
            raise traitlets.TraitError(
                f"real_target={proposal['value']!r}: give one from 0.5 to 1.2; training takes none above 1"
            )
        return proposal["value"]

    @property
    def probability(self) -> float:
        """D of the sample, in (0, 1). A probability for the cross-entropy losses only."""
        return torch.tensor(self.logit, dtype=torch.float64).sigmoid().item()

    @property
    def values(self) -> dict[str, float]:
        """Every game's loss of the sample, by the game's name."""
        logit = torch.tensor([self.logit], dtype=torch.float64)
        return {name: of_one(name, self.role, logit, self.real_target).item() for name in LOSSES}

    @property
    def slopes(self) -> dict[str, float]:
        """d loss / d logit in every game: what the sample feels is minus this."""
        logit = torch.tensor([self.logit], dtype=torch.float64)
        found = {}
        for name in LOSSES:
            found[name] = slope(lambda x, name=name: of_one(name, self.role, x, self.real_target), logit).item()
        return found

    @property
    def said(self) -> str:
        """The state in a sentence."""
        whose = {"g": "G's loss", "d_fake": "D's loss of a fake", "d_real": "D's loss of a real image"}[self.role]
        now = f"at {self.logit:g}, where D = {self.probability:.3g}, {self.loss.replace('_', '-')} costs"
        found = f"{self.values[self.loss]:.4g} and its slope is {self.slopes[self.loss]:.4g}"
        return f"{whose} of one sample over D's logit, in every game; {now} {found}."

    def still(self) -> Image.Image:
        """The curves, and a point at the logit."""
        import matplotlib.pyplot as plt

        logits = torch.linspace(-FARTHEST, FARTHEST, 129)
        figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
        ax.axvline(self.logit, color=REFERENCE, lw=0.8)
        for name in LOSSES:
            look = {"color": COLOURS[self.role], "lw": 2.5} if name == self.loss else {"color": REFERENCE, "lw": 1}
            curve = [of_one(name, self.role, logit[None], self.real_target).item() for logit in logits]
            ax.plot(logits, curve, **look)
        ax.plot([self.logit], [self.values[self.loss]], "o", color="black")
        ax.set(xlabel="D's logit", ylabel="loss", ylim=(-FARTHEST, FARTHEST))
        ax.set_title(self.loss.replace("_", "-"))
        return to_image(figure)


def of_one(name: str, role: str, logit: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """A game's loss of one sample with this logit `(1,)`; D's is the half that depends on the sample.

    The other half of D's loss is computed on a score at which it is zero.
    """
    d, g = LOSSES[name]
    if role == "g":
        return g(logit)
    real, fake = (torch.full_like(logit, score) for score in SETTLED[d])
    if role == "d_fake":
        return d(real, logit)
    return d(logit, fake, real_target=real_target) if d is d_cross_entropy else d(logit, fake)
