"""DiracCockpit: the smallest GAN at the controls, its simulation beside the closed form."""

from __future__ import annotations

import math
from pathlib import Path

import anywidget
import torch
import traitlets
from PIL import Image

from dcgan_lib.theory.dirac import GAMES, METHODS, DiracGame, Steps, eigenvalues, growth, trajectory, update_matrix
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
FAR = 1e6  # a path ends with the first position beyond it
RANGES = {
    "h": (0.01, 5.0),
    "momentum": (-0.9, 0.9),
    "noise": (0.0, 2.0),
    "gamma": (0.0, 3.0),
    "clip": (0.0, 2.0),
    "steps": (0, 400),
}
FARTHEST = 2.5  # of a start, from either axis


class DiracCockpit(Still, anywidget.AnyWidget):
    """The two players of the Dirac-GAN on their plane; drag their start, choose how they step and what calms them.

        cockpit = DiracCockpit(method="alternating", momentum=-0.5)
        cockpit.eigenvalues.abs().max()  # 0.9977: it comes to rest

    Setting a trait from Python moves the page, and the other way round.
    """

    _esm = bundle(HERE / "dirac.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "dirac.css").read_text("utf-8")

    method = traitlets.Enum(METHODS, "simultaneous", help="who sees whose new position").tag(sync=True)
    game = traitlets.Enum(GAMES, "saturating", help="the losses").tag(sync=True)
    h = traitlets.Float(0.3, help="step size, 0.01 to 5").tag(sync=True)
    momentum = traitlets.Float(0.0, help="heavy ball, -0.9 to 0.9").tag(sync=True)
    noise = traitlets.Float(0.0, help="standard deviation of the instance noise, 0 to 2").tag(sync=True)
    gamma = traitlets.Float(0.0, help="weight of the R1 penalty gamma/2 psi^2, 0 to 3").tag(sync=True)
    clip = traitlets.Float(0.0, help="psi is cut to [-clip, clip] in the Wasserstein game; 0: no").tag(sync=True)
    start = traitlets.List(traitlets.Float(), [0.5, 0.0], 2, 2, help="(theta, psi), each -2.5 to 2.5").tag(sync=True)
    steps = traitlets.Int(150, help="length of the path, 0 to 400").tag(sync=True)
    flow = traitlets.Bool(True, help="whether infinitely small steps are drawn too").tag(sync=True)

    def __repr__(self) -> str:
        predicted, near, _ = self.radius_per_step.values()
        where = f"{self.game}, {self.method}, h {self.h:g}"
        return f"DiracCockpit({where}: radius per step x {predicted:.4f}, measured {near:.4f})"

    @traitlets.validate(*RANGES)
    def _check_range(self, proposal: dict) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = RANGES[name]
        if not low <= value <= high:
            raise traitlets.TraitError(f"{name}={value!r}: give one from {low:g} to {high:g}")
        return value

    @traitlets.validate("start")
    def _check_start(self, proposal: dict) -> list[float]:
        if not all(abs(value) <= FARTHEST for value in proposal["value"]):
            raise traitlets.TraitError(f"start={proposal['value']!r}: give theta and psi from -2.5 to 2.5")
        return proposal["value"]

    @property
    def dirac_game(self) -> DiracGame:
        """The game as the library knows it."""
        clip = self.clip if self.game == "wasserstein" and self.clip > 0 else math.inf
        return DiracGame(self.game, r1=self.gamma, noise=self.noise, clip=clip)

    @property
    def trajectory(self) -> torch.Tensor:
        """Positions (theta, psi): `(steps + 1, 2)`, fewer if the path leaves for good."""
        start = tuple(self.start)
        return trajectory(self.dirac_game, start, self.h, self.steps, self.method, self.momentum, until=FAR)

    @property
    def eigenvalues(self) -> torch.Tensor:
        """Of one step near rest: `(2,)`, with momentum `(4,)`, complex128."""
        return eigenvalues(update_matrix(self.dirac_game, self.h, self.method, self.momentum))

    @property
    def radius_per_step(self) -> dict[str, float]:
        """The factor that a step puts on the distance from rest.

        `predicted`: the largest modulus of `eigenvalues`. `near_rest`: measured on the steps themselves, very near
        rest. `path`: the mean over the `trajectory`; it is the prediction's only as long as the path is near rest.
        """
        path = self.trajectory
        first, last = path[0].norm().item(), path[-1].norm().item()
        mean = (last / first) ** (1 / (len(path) - 1)) if first > 0 and len(path) > 1 else math.nan
        return {
            "predicted": self.eigenvalues.abs().max().item(),
            "near_rest": growth(self.dirac_game, self.h, self.method, self.momentum),
            "path": mean,
        }

    @property
    def said(self) -> str:
        """The state in a sentence."""
        first, last = self.trajectory[[0, -1]].norm(dim=1).tolist()
        size = self.eigenvalues.abs().max().item()
        way = f"{self.method} steps of size {self.h:g}"
        return (
            f"The smallest GAN on the plane of its two numbers: {len(self.trajectory) - 1} {way} lead from a "
            f"distance of {first:.3g} from rest to {last:.3g}. Near rest the largest eigenvalue of a step has "
            f"modulus {size:.4f}."
        )

    def still(self) -> Image.Image:
        """The path over the field, and its distance from rest."""
        from dcgan_lib.plotting.dirac import plot_play

        return to_image(plot_play(self.dirac_game, Steps(self.h, self.method, self.momentum), self.trajectory))
