"""DraggableProof: data and fakes on a line, dragged or drawn, and all that the theory says of the two."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import anywidget
import torch
import traitlets
from PIL import Image

from dcgan_lib.plotting import D_COLOUR, G_COLOUR, REAL_COLOUR
from dcgan_lib.theory.pair import BARS, KINDS, LINE, Pair, Shape
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
SIDES = ("data", "fakes")
BOUNDS = {"mean": (-4.0, 4.0, 0.05), "width": (0.2, 2.0, 0.1), "gap": (0.0, 4.0, 0.1)}
"""Lowest, highest and step: with these steps blocks end where the cells do that integrals are summed over."""
NOISE = (0.0, 2.0, 0.1)
HILLS = [0, 0, 0, 0, 1, 3, 6, 8, 7, 5, 3, 2, 2, 3, 4, 5, 4, 3, 1, 0, 0, 0, 0, 0]
PRESETS = {
    "equal": (Shape(), Shape()),
    "shifted": (Shape(mean=-1), Shape(mean=1.5)),
    "missed mode": (Shape(width=0.6, gap=4), Shape(mean=-2, width=0.6)),
    "disjoint blocks": (Shape("blocks", -1.5), Shape("blocks", 1.5)),
    "one spike": (Shape(), Shape(mean=0.5, width=0.2)),
}


class DraggableProof(Still, anywidget.AnyWidget):
    """Move, widen or draw p_data and p_g; read the best discriminator, the value, divergences and G's slopes.

        proof = DraggableProof("disjoint blocks")
        proof.readings["jsd"]  # log 2
        proof.noise = 1.5      # on both; the page follows, and there is a slope again

    Each density has a kind ("bells", "blocks" or "drawn"), a mean, a width and a gap: with a gap it is two bells or
    blocks. A drawn one is a histogram of 24 bars. Means are rounded to 0.05, widths, gaps and the noise to 0.1.
    """

    _esm = bundle(HERE / "proof.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "proof.css").read_text("utf-8")

    data_kind = traitlets.Enum(KINDS, "bells", help="what the data's density is made of").tag(sync=True)
    data_mean = traitlets.Float(-1.0, help="-4 to 4").tag(sync=True)
    data_width = traitlets.Float(1.0, help="standard deviation of a bell, width of a block; 0.2 to 2").tag(sync=True)
    data_gap = traitlets.Float(0.0, help="between two bells or blocks, 0 to 4; 0: there is one").tag(sync=True)
    data_bars = traitlets.List(traitlets.Float(), HILLS, help="heights of a drawn density, any unit").tag(sync=True)
    fakes_kind = traitlets.Enum(KINDS, "bells", help="what the fakes' density is made of").tag(sync=True)
    fakes_mean = traitlets.Float(1.5, help="-4 to 4").tag(sync=True)
    fakes_width = traitlets.Float(1.0, help="as of the data").tag(sync=True)
    fakes_gap = traitlets.Float(0.0, help="as of the data").tag(sync=True)
    fakes_bars = traitlets.List(traitlets.Float(), HILLS, help="as of the data").tag(sync=True)
    noise = traitlets.Float(0.0, help="standard deviation of Gaussian noise on both, 0 to 2").tag(sync=True)
    pointer = traitlets.Enum(("drag", "data", "fakes"), "drag", help="it drags, or draws one of them").tag(sync=True)
    presets = traitlets.Dict(help="what each preset sets").tag(sync=True)
    compact = traitlets.Bool(False, help="only the drawing, both means, the presets and the noise").tag(sync=True)
    caption = traitlets.Unicode(
        "Drag a curve, or the dots at its sides. Try “disjoint blocks”: drag the blue one about and V sticks at 0, "
        "the arrows are gone. Then add noise to both."
    ).tag(sync=True)

    def __init__(self, preset: str | None = None, **traits: Any) -> None:
        """Every other argument is a trait, and goes before what the preset sets."""
        started = {} if preset is None else settings(preset)
        super().__init__(**started | traits)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} {value:.4f}" for name, value in self.readings.items())
        return f"DraggableProof({numbers})"

    @property
    def pair(self) -> Pair:
        """Both densities, and all that can be computed from them."""
        return Pair(*(self._shape(side) for side in SIDES), noise=self.noise)

    def _shape(self, side: str) -> Shape:
        found = {name: getattr(self, f"{side}_{name}") for name in ("kind", *BOUNDS)}
        return Shape(**found, bars=tuple(getattr(self, f"{side}_bars")))

    @property
    def readings(self) -> dict[str, float]:
        """The numbers that the page shows, by name. The two losses stand for their slopes by a shift of the fakes."""
        pair = self.pair
        numbers = {name: getattr(pair, name) for name in ("value", "jsd", "kl_data_fakes", "kl_fakes_data")}
        return numbers | pair.gradients()

    @property
    def said(self) -> str:
        """The state in a sentence."""
        found = self.readings
        return (
            "The densities of data (green) and fakes (blue) on a line, and the best discriminator (orange). "
            f"Its value is {found['value']:.4f}, the Jensen-Shannon divergence {found['jsd']:.4f}."
        )

    def still(self) -> Image.Image:
        """The densities, and D* where either is."""
        import matplotlib.pyplot as plt

        pair, shown = self.pair, LINE.abs() < 7
        figure, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
        for density, colour in zip(pair.densities, (REAL_COLOUR, G_COLOUR)):
            ax.fill_between(LINE[shown], density[shown], color=colour, alpha=0.3, lw=0)
            ax.plot(LINE[shown], density[shown], color=colour)
        d = ax.twinx()
        d.plot(LINE[shown], pair.logit[shown].sigmoid(), color=D_COLOUR)
        d.set(ylim=(-0.03, 1.03), ylabel="D*(x)")
        ax.set(ylim=(0, None), xlabel="x", ylabel="density")
        return to_image(figure)

    @property
    def landscape(self) -> torch.Tensor:
        """V(D*, G) for fakes with means -4, -3.9, ... 4: `(81,)`."""
        pair = self.pair
        return torch.tensor([pair.moved(mean / 10).value for mean in range(-40, 41)], dtype=torch.float64)

    @property
    def preset(self) -> str | None:
        """The preset that is shown; None if the reader has moved something."""
        return next((name for name in PRESETS if self._shows(name)), None)

    @preset.setter
    def preset(self, name: str) -> None:
        with self.hold_trait_notifications():
            for trait, value in settings(name).items():
                setattr(self, trait, value)

    def _shows(self, name: str) -> bool:
        return all(getattr(self, trait) == value for trait, value in settings(name).items())

    @traitlets.default("presets")
    def _all_presets(self) -> dict[str, dict]:
        return {name: settings(name) for name in PRESETS}

    @traitlets.validate(*(f"{side}_{name}" for side in SIDES for name in BOUNDS), "noise")
    def _on_its_grid(self, proposal: dict) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        low, high, step = NOISE if name == "noise" else BOUNDS[name.partition("_")[2]]
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name}={value!r}: give one from {low:g} to {high:g}")
        return round(round(value / step) * step, 2)

    @traitlets.validate("data_bars", "fakes_bars")
    def _check_bars(self, proposal: dict) -> list[float]:
        name, bars = proposal["trait"].name, proposal["value"]
        if len(bars) != BARS:
            raise traitlets.TraitError(f"{name} has {len(bars)} heights: give {BARS}")
        if not all(0 <= bar < math.inf for bar in bars) or not any(bars):
            raise traitlets.TraitError(f"{name}={bars}: heights are not negative, and not all are 0")
        return bars


def settings(preset: str) -> dict[str, Any]:
    """The traits that a preset sets."""
    if preset not in PRESETS:
        raise ValueError(f"preset={preset!r}: choose one of {', '.join(map(repr, PRESETS))}")
    shapes = dict(zip(SIDES, PRESETS[preset]))
    found = {f"{side}_{name}": getattr(shapes[side], name) for side in SIDES for name in ("kind", *BOUNDS)}
    return found | {"noise": 0.0, "pointer": "drag"}
