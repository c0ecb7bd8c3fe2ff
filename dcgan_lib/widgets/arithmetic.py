"""VectorArithmetic: samples dragged into trays, the trays' means added and subtracted, and what G draws from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import traitlets
from PIL import Image
from torch import Tensor

from dcgan_lib.latent import arithmetic, neighbourhood, sample_z
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.explorer import LABELS, MOST
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.serving import ServesModels

HERE = Path(__file__).parent
NAMES = {"plus_a": "+ A", "minus": "\N{MINUS SIGN} B", "plus_c": "+ C"}
SIGNS = {"plus_a": 1, "minus": -1, "plus_c": 1}
ROOM = 3  # samples in a tray, as in the paper
NOISE = 0.25  # of the panel, as in the paper
GAP = 8  # pixels in the still picture, between the sum and its panel

OPENINGS = {
    "faces64": {
        "plus_a": [3, 5, 8],
        "minus": [0, 1, 9],
        "plus_c": [4, 6, 7],
        "holds": {
            "plus_a": "glasses, short hair",
            "minus": "no glasses, short hair",
            "plus_c": "no glasses, long hair",
        },
    },
    "fashion32": {
        "plus_a": [24, 25, 44],
        "minus": [19, 21, 28],
        "plus_c": [4, 17, 55],
        "holds": {"plus_a": "grey, for the body", "minus": "pale, for the body", "plus_c": "pale, for the foot"},
    },
}
"""What the trays hold at first: the lowest three seeds of each kind, and the kind. None was chosen for its result.

Of the faces it is the kind that `metrics.arithmetic.clearly` finds in the attribute reader's table; of the clothes the
kind is measured on the pixels. The tests count both again.
"""
OTHERWISE = {"plus_a": [0, 1, 2], "minus": [3, 4, 5], "plus_c": [6, 7, 8]}


class VectorArithmetic(ServesModels):
    """A - B + C on the means of up to three samples each (Radford et al. 2016, section 6.3.2 and figure 7).

        sums = VectorArithmetic()
        sums                          # in a notebook: shows it
        sums.z, sums.image            # of the result that the reader has made
        sums.minus = [0, 1, 33]       # other samples, by their seeds: and the page shows that
        sums.model = "fashion32"      # comes with trays of its own; set yours after it

    The sample of a seed is `latent.sample_z(1, cfg, seed)`. An empty tray counts as nothing. The page itself computes
    every image; the properties compute the same here.
    """

    _esm = bundle(HERE / "arithmetic.mjs")
    _css = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("widgets.css", "arithmetic.css"))

    models = traitlets.Dict(LABELS, help="the choice of models: name, and what the page calls it").tag(sync=True)
    plus_a = traitlets.List(traitlets.Int(), help="seeds of the samples in + A, three at most").tag(sync=True)
    minus = traitlets.List(traitlets.Int(), help="those in \N{MINUS SIGN} B").tag(sync=True)
    plus_c = traitlets.List(traitlets.Int(), help="those in + C").tag(sync=True)
    panel_seed = traitlets.Int(0, min=0, max=MOST, help="of the noise in the panel").tag(sync=True)
    shelf = traitlets.Int(0, min=0, max=MOST - 99, help="the first seed on the shelf").tag(sync=True)
    openings = traitlets.Dict(OPENINGS, help="by model, what its trays hold at first").tag(sync=True)
    caption = traitlets.Unicode(
        "Press what lies in a tray to take it out; an empty tray counts as nothing. Try: empty one tray after another. "
        "Which does the result need, and for what?"
    ).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.observe(self._open, "model")

    def __repr__(self) -> str:
        return f"VectorArithmetic({self.model}; {self.plus_a} \N{MINUS SIGN} {self.minus} + {self.plus_c})"

    # --- what the page shows

    @property
    def z(self) -> Tensor:
        """Mean of A less mean of B plus mean of C, `(nz,)`."""
        return self._combine(self._latents)

    @property
    def image(self) -> Tensor:
        """What G draws from `z`: `(nc, s, s)` in [-1, 1]."""
        return self._draw(self.z[None])[0]

    @property
    def panel(self) -> Tensor:
        """The result in the middle of its eight neighbours, `(9, nc, s, s)`, row by row."""
        return self._draw(neighbourhood(self.z, NOISE, self.panel_seed))

    @property
    def averages(self) -> dict[str, Tensor | None]:
        """What G draws from the mean z of each tray; None for an empty one."""
        trays = {name: getattr(self, name) for name in SIGNS}
        drawn = {name: self._draw(self._latents(seeds).mean(0)[None])[0] for name, seeds in trays.items() if seeds}
        return {name: drawn.get(name) for name in SIGNS}

    @property
    def single(self) -> Tensor:
        """The image of the same sum on the first sample of each tray: the paper found it unstable."""
        return self._draw(self._combine(self._latents, first_alone=True)[None])[0]

    @property
    def pixels(self) -> Tensor:
        """The paper's control: the same sum on the images themselves, clipped to [-1, 1]."""
        return self._combine(lambda seeds: self._draw(self._latents(seeds))).clamp(-1, 1)

    @property
    def lengths(self) -> dict[str, float]:
        """The norms of `z` and of the single version's z, and about what a sample's is."""
        cfg = self.networks.cfg
        variance = 1 / 3 if cfg.latent == "uniform" else 1
        single = self._combine(self._latents, first_alone=True)
        lengths = {"result": self.z.norm().item(), "single": single.norm().item()}
        return lengths | {"sample": (cfg.nz * variance) ** 0.5}

    @property
    def said(self) -> str:
        """What stands in the page without scripts, below `still()`."""
        seeds = {name: ", ".join(map(str, getattr(self, name))) for name in SIGNS}
        trays = [f"{NAMES[name]} holds {f'seeds {held}' if held else 'nothing'}" for name, held in seeds.items()]
        return (
            f"Vector arithmetic. {'; '.join(trays)}. Left: above, the mean of each; below, what G draws from "
            "A \N{MINUS SIGN} B + C, and small beside it the same sum of the first sample in each tray alone, and of "
            "pixels. Right: the result amid eight neighbours."
        )

    def still(self) -> Image.Image:
        """The means above the result and its controls; to the right the panel."""
        means = [torch.ones_like(self.image) if mean is None else mean for mean in self.averages.values()]
        result, side = to_image(self.image), self.image.shape[-1]
        picture = Image.new("RGB", (6 * side + GAP, 3 * side), "white")
        picture.paste(result.resize((2 * side, 2 * side), Image.Resampling.NEAREST), (0, side))
        small = {(x, 0): mean for x, mean in enumerate(means)} | {(2, 1): self.single, (2, 2): self.pixels}
        for (x, y), image in small.items():
            picture.paste(to_image(image), (x * side, y * side))
        for place, image in enumerate(self.panel):
            picture.paste(to_image(image), ((3 + place % 3) * side + GAP, place // 3 * side))
        return picture

    def _combine(self, of: Any, first_alone: bool = False) -> Tensor:
        """The sum of the trays, `of` their seeds: latents `(k, nz)`, or images."""
        trays = {name: getattr(self, name)[: 1 if first_alone else ROOM] for name in SIGNS}
        nothing = torch.zeros_like(of([0]))
        plus, minus = ([of(trays[n]) for n, s in SIGNS.items() if s == sign and trays[n]] for sign in (1, -1))
        return arithmetic([*plus, nothing], minus)

    def _latents(self, seeds: list[int]) -> Tensor:
        return torch.cat([sample_z(1, self.networks.cfg, seed) for seed in seeds])

    @torch.no_grad()
    def _draw(self, z: Tensor) -> Tensor:
        return self.networks.G(z)

    # --- the state

    def _opening(self) -> dict:
        return self.openings.get(self.model, OTHERWISE)

    def _open(self, change: dict) -> None:
        """A seed is another sample in another model."""
        with self.hold_trait_notifications():
            for name in SIGNS:
                setattr(self, name, list(self._opening()[name]))

    @traitlets.default("plus_a")
    def _open_a(self) -> list[int]:
        return list(self._opening()["plus_a"])

    @traitlets.default("minus")
    def _open_b(self) -> list[int]:
        return list(self._opening()["minus"])

    @traitlets.default("plus_c")
    def _open_c(self) -> list[int]:
        return list(self._opening()["plus_c"])

    @traitlets.validate(*SIGNS)
    def _check_tray(self, proposal: dict) -> list[int]:
        name, seeds = proposal["trait"].name, proposal["value"]
        if len(seeds) > ROOM:
            raise traitlets.TraitError(f"{name}={seeds}: a tray holds {ROOM} seeds at most")
        if wrong := [seed for seed in seeds if not 0 <= seed <= MOST]:
            raise traitlets.TraitError(f"{name}={seeds}: {wrong[0]} is no seed; give whole numbers from 0 to {MOST}")
        return seeds
