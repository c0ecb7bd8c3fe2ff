"""PlaneGAN: a GAN on the plane that is trained in the page, step by step, and can be taken back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import anywidget
import torch
import traitlets
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils import vector_to_parameters

from dcgan_lib import toy
from dcgan_lib.losses import LOSSES
from dcgan_lib.theory import optimal_d
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
DATA = ("ring", "grid", "spiral", "moons", "line", "blob", "drawn")
LIVE = ("loss", "optimiser", "lr_g", "lr_d", "beta1", "d_steps", "batch_size", "noise", "weight_clip")
SETTINGS = (*LIVE, "latent", "width", "seed")  # under the names of toy.ToyConfig; the first may change during a game
LAYERS = ("real", "fakes", "pulls", "map")
LIMIT = 3.2  # the plane is shown from -LIMIT to LIMIT
EDGES = torch.linspace(-LIMIT, LIMIT, 33, dtype=torch.float64)  # of the cells that measures count in
MEASURED = 1000  # fakes that a measure is taken on
BLUR = 0.2  # standard deviation by which both densities are smoothed for the best D
MOST_DRAWN = 400
FACE = [
    [-1.0, 1.2],
    [1.0, 1.2],
    *([round(1.8 * math.sin(a / 10), 2), round(0.4 - 1.8 * math.cos(a / 10), 2)] for a in range(-12, 13)),
]
"""What is drawn to begin with: two eyes and a mouth."""


class PlaneMeasures(NamedTuple):
    """What the page shows beside the plane, for the fakes of 1,000 fixed z."""

    divergence: float  # Jensen-Shannon, of the shares of cells of fakes and data; each sums to one
    floor: float  # what a perfect generator reads there, from as many points
    modes: int | None  # how many are covered; None where the data have no modes to count


class PlaneGAN(Still, anywidget.AnyWidget):
    """A small GAN that plays `dcgan_lib.toy`'s game in the page. Every setting may be changed while it plays.

        game = PlaneGAN(data="moons", lr_g=2e-3)
        game                    # in a notebook: shows it
        game.step, game.G       # where the reader's game stands, and its generator
        game.step = 100         # goes there: back to kept weights, or ahead by playing

    From a seed the page draws torch's random numbers, so it plays the game of `toy.ToyGame(game.mixture, game.config)`
    until rounding parts the two, some hundred steps later.
    """

    _esm = bundle(HERE / "plane.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "plane.css").read_text("utf-8")

    data = traitlets.Enum(DATA, "ring", help="what G is to learn").tag(sync=True)
    drawn = traitlets.List(default_value=FACE, help="the means [[x, y], …] of data drawn by hand").tag(sync=True)
    loss = traitlets.Enum(list(LOSSES), "non_saturating").tag(sync=True)
    optimiser = traitlets.Enum(("adam", "sgd"), "adam").tag(sync=True)
    lr_g = traitlets.Float(5e-3, min=1e-4, max=1, help="learning rate of G").tag(sync=True)
    lr_d = traitlets.Float(1e-2, min=1e-4, max=1, help="and of D").tag(sync=True)
    beta1 = traitlets.Float(0.0, min=0, max=0.99, help="Adam's").tag(sync=True)
    d_steps = traitlets.Int(1, min=1, max=10, help="moves of D for each move of G").tag(sync=True)
    batch_size = traitlets.Enum((16, 32, 64, 128, 256), 64).tag(sync=True)
    noise = traitlets.Float(0.0, min=0, max=1, help="standard deviation added to all that D sees").tag(sync=True)
    real_target = traitlets.Float(1.0, min=0.6, max=1, help="one-sided smoothing, cross-entropy only").tag(sync=True)
    weight_clip = traitlets.Float(0.0, min=0, max=1, help="bound on D's weights; 0: none").tag(sync=True)
    latent = traitlets.Enum(("gaussian", "uniform"), "gaussian", help="what z is drawn from").tag(sync=True)
    width = traitlets.Enum((8, 16, 32, 64), 32, help="units of each of the two hidden layers").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=2**31 - 1).tag(sync=True)
    step = traitlets.Int(400, min=0, max=100_000, help="where the game stands").tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    speed = traitlets.Enum(("slow", "frame", "fast"), "fast").tag(sync=True)
    ground = traitlets.Enum(("D", "best", "none"), "D", help="what the plane's colour shows").tag(sync=True)
    layers = traitlets.List(traitlets.Enum(LAYERS), ["real", "fakes", "pulls"], help="drawn on it").tag(sync=True)
    weights = traitlets.Bytes(help="G's and then D's weights at `step`, float64; written by the page").tag(sync=True)
    caption = traitlets.Unicode(
        "Green: data. Blue: fakes. The ground is green where D says real, orange where it says fake. Arrows: where G's "
        "loss pulls a fake. Press Play; pull Step back, change one thing, and play again."
    ).tag(sync=True)

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.observe(self._forget, ["data", "drawn", "seed", "width", "latent"])

    def __repr__(self) -> str:
        rates = f"lr_d={self.lr_d:g}, lr_g={self.lr_g:g}"
        return f"PlaneGAN({self.data}, {self.loss}, step {self.step}, {rates}, seed={self.seed})"

    @property
    def mixture(self) -> toy.Mixture:
        """The data, with their density."""
        return toy.strokes(self.drawn) if self.data == "drawn" else toy.DATA[self.data]()

    @property
    def config(self) -> toy.ToyConfig:
        """The game that these settings ask for."""
        target = self.real_target if "saturating" in self.loss else 1.0
        settings = {name: getattr(self, name) for name in SETTINGS}
        return toy.ToyConfig(steps=max(1, self.step), real_target=target, **settings)

    def play(self) -> toy.ToyGame:
        """The same game in Python, played from its first step to `step` with the present settings."""
        game = toy.ToyGame(self.mixture.double(), self.config)
        for _ in range(self.step):
            game.step()
        return game

    @property
    def players(self) -> tuple[nn.Module, nn.Module]:
        """G and D as the page has them, or as Python finds them where no page has reported weights yet."""
        if not self.weights:
            game = self.play()
            return game.G, game.D
        game = toy.ToyGame(self.mixture.double(), self.config)
        values = torch.frombuffer(bytearray(self.weights), dtype=torch.float64)
        size = sum(p.numel() for p in game.G.parameters())
        vector_to_parameters(values[:size], game.G.parameters())
        vector_to_parameters(values[size:], game.D.parameters())
        return game.G, game.D

    @property
    def G(self) -> nn.Module:
        """z `(n, 2)` to points `(n, 2)`, in float64."""
        return self.players[0]

    @property
    def D(self) -> nn.Module:
        """Points `(n, 2)` to scores `(n,)`."""
        return self.players[1]

    def fakes(self, G: nn.Module | None = None, n: int = MEASURED) -> Tensor:
        """`(n, 2)` fakes of the z that the page shows, always the same."""
        z = toy.game.latent(n, self.config, torch.Generator().manual_seed(0))
        G = G or self.G
        with torch.no_grad():
            return G(z.double())

    def measures(self, G: nn.Module | None = None) -> PlaneMeasures:
        """What the page reads off the fakes of `G`, its own if None."""
        data, fakes = self.mixture.double(), self.fakes(G)
        divergence = toy.divergence(data.cell_masses(EDGES), toy.cell_shares(fakes, EDGES))
        counted = self.data in ("ring", "grid", "blob")
        modes = toy.coverage(fakes, data).modes if counted else None
        return PlaneMeasures(divergence, toy.divergence_floor(data, EDGES, MEASURED), modes)

    def best_d(self, G: nn.Module | None = None) -> Tensor:
        """The best D of every cell, `(32, 32)`, rows from below; NaN where neither data nor fakes come.

        The fakes' density is estimated by smoothing them. The data's is smoothed as much, so that where the two are
        equal it says 1/2; and both by the instance noise, because D sees both with it.
        """
        cells = math.hypot(BLUR, self.noise) / float(EDGES[1] - EDGES[0])
        p = toy.smoothed(self.mixture.double().cell_masses(EDGES), cells)
        q = toy.smoothed(toy.cell_shares(self.fakes(G), EDGES), cells)
        return torch.where(p + q > 1e-5, optimal_d(p, q, self.config.real_target), torch.nan)

    @property
    def said(self) -> str:
        """What the picture shows."""
        return (
            f"A game on the plane after {self.step} steps: data in green ({self.data}), fakes in blue with arrows "
            "where they are pulled, on a ground that is green where D says real and blue where it says fake."
        )

    def still(self) -> Image.Image:
        """The plane as the page opens."""
        from dcgan_lib.plotting.toy import plot_plane

        with torch.enable_grad():
            G, D = self.players
        return to_image(plot_plane(toy.Snapshot(self.step, G.float(), D.float()), self.mixture))

    def _forget(self, change: dict) -> None:
        """Weights of another game say nothing about this one."""
        self.weights = b""

    @traitlets.validate("drawn")
    def _check_drawn(self, proposal: dict) -> list[list[float]]:
        places = proposal["value"]
        if not 1 <= len(places) <= MOST_DRAWN:
            raise traitlets.TraitError(f"drawn holds {len(places)} points: give 1 to {MOST_DRAWN}")
        for place in places:
            if len(place) != 2 or not all(isinstance(v, int | float) and abs(v) <= LIMIT for v in place):
                raise traitlets.TraitError(f"drawn holds {place!r}: give [x, y] within ±{LIMIT}")
        return places
