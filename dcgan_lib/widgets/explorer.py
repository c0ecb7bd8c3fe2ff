"""LatentExplorer: a generator under the hand. Three seeds span a sheet of z, directions lead away from it."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import torch
import traitlets
from PIL import Image
from torch import Tensor

from dcgan_lib.directions import load_directions, read_directions
from dcgan_lib.latent import PATHS, sample_z, sheet
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.serving import ServesModels

HERE = Path(__file__).parent
LABELS = {"faces64": "faces", "fashion32": "clothes"}
SIDE = 5  # images along an edge of the sheet
POSTER_QUALITY = 70
SAME = 1e-4  # two z whose coordinates differ by less are one: the page computes in other steps
MOST = 2**31 - 1


class Latent(traitlets.List):
    """A z as a list of floats; a tensor is taken too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(traitlets.Float(), **options)

    def validate(self, obj: traitlets.HasTraits, value: Any) -> list[float]:
        return super().validate(obj, value.detach().flatten().tolist() if isinstance(value, Tensor) else value)


class LatentExplorer(ServesModels):
    """Walk about in z, and see what the generator draws there.

        explorer = LatentExplorer(seed_a=3, seed_b=8, t=0.5)
        explorer                      # in a notebook: shows it
        explorer.z, explorer.image    # where the reader has gone
        explorer.shifts = {"smile": 2}
        explorer.z = some_other_z     # and the page shows that

    Seeds A, B and C are corners of a sheet (see `dcgan_lib.latent.sheet`): `t` leads from A to B, `down` to C.
    `shifts` are steps along the directions that come with the model, see `dcgan_lib.directions`. The page itself
    computes every image.
    """

    _esm = bundle(HERE / "explorer.mjs")
    _css = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("widgets.css", "explorer.css"))

    models = traitlets.Dict(LABELS, help="the choice of models: name, and what the page calls it").tag(sync=True)
    seed_a = traitlets.Int(3, min=0, max=MOST).tag(sync=True)
    seed_b = traitlets.Int(8, min=0, max=MOST).tag(sync=True)
    seed_c = traitlets.Int(29, min=0, max=MOST).tag(sync=True)
    t = traitlets.Float(0.5, min=0, max=1, help="how far from A to B").tag(sync=True)
    down = traitlets.Float(0.0, min=0, max=1, help="how far down the sheet, to C").tag(sync=True)
    path = traitlets.Enum(tuple(PATHS), "slerp").tag(sync=True)
    truncation = traitlets.Float(3.0, allow_none=True, help="bound of the seeds' coordinates, or None").tag(sync=True)
    shifts = traitlets.Dict(help="steps of length 1 along named directions").tag(sync=True)
    given = Latent(help="a z set from Python, in place of the sheet's").tag(sync=True)
    z = Latent(help="the z that is shown: the page writes it; set it to show another").tag(sync=True)
    poster = traitlets.Bytes(help="WebP: the sheet and the picture as they open, until the weights come").tag(sync=True)
    compact = traitlets.Bool(False, help="only the images, the way from A to B and new seeds").tag(sync=True)
    key = traitlets.Unicode("explorer", help="what its links begin with; two on a page need two").tag(sync=True)
    caption = traitlets.Unicode(
        "Drag about in the sheet, or press Play. Each image is computed in this page, by the generator, from its own z."
    ).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if self.z:
            self._show_given()
        else:
            self._follow()
        self.observe(self._forget, "model")
        self.observe(self._show_given, "z")
        self.observe(
            self._follow,
            ["model", "seed_a", "seed_b", "seed_c", "t", "down", "path", "truncation", "shifts", "given"],
        )

    def __repr__(self) -> str:
        where = "z given" if self.given else f"seeds {self.seed_a}, {self.seed_b}, {self.seed_c}; t={self.t:g}"
        return f"LatentExplorer({self.model}; {where}, down={self.down:g})"

    @property
    def image(self) -> Tensor:
        """What G draws from z: `(nc, s, s)` in [-1, 1]."""
        with torch.no_grad():
            return self.networks.G(torch.tensor([self.z]))[0]

    @property
    def point(self) -> tuple[float, float]:
        """The place on the sheet, `(t, down)`."""
        return self.t, self.down

    @point.setter
    def point(self, place: tuple[float, float]) -> None:
        with self.hold_trait_notifications():
            self.t, self.down = place

    def expected_z(self) -> Tensor:
        """The z of the state, `(nz,)`: what the page computes too."""
        return self._moved(torch.tensor(self.given) if self.given else self._on_sheet(self.t, self.down))

    def _on_sheet(self, x: float | Tensor, y: float | Tensor) -> Tensor:
        cfg = self.networks.cfg
        bound = self.truncation if cfg.latent == "gaussian" else None
        a, b, c = (sample_z(1, cfg, seed, bound)[0] for seed in (self.seed_a, self.seed_b, self.seed_c))
        return sheet(a, b, c, x, y, self.path)

    def _moved(self, z: Tensor) -> Tensor:
        if any(self.shifts.values()):
            found = load_directions(self.networks.folder)
            for name, k in self.shifts.items():
                z = z + k * found[name]
        return z

    @traitlets.default("poster")
    def _draw_poster(self) -> bytes:
        """The sheet of 5x5, and in a sixth column the picture."""
        ticks = torch.linspace(0, 1, SIDE)
        y, x = torch.meshgrid(ticks, ticks, indexing="ij")
        z = self._moved(self._on_sheet(x.reshape(-1, 1), y.reshape(-1, 1)))
        with torch.no_grad():
            images = self.networks.G(torch.cat([z, self.expected_z()[None]]))
        size = images.shape[-1]
        poster = Image.new("RGB", ((SIDE + 1) * size, SIDE * size))
        for i, image in enumerate(images):
            row, column = (0, SIDE) if i == SIDE**2 else divmod(i, SIDE)
            poster.paste(to_image(image), (column * size, row * size))
        file = io.BytesIO()
        poster.save(file, format="webp", quality=POSTER_QUALITY, method=4)
        return file.getvalue()

    @property
    def said(self) -> str:
        """What the picture shows."""
        what = self.models.get(self.model, "images")
        return (
            f"A sheet of {SIDE**2} {what} drawn by a generator, which turn into each other from three corners; "
            "beside it one of them, larger."
        )

    def still(self) -> Image.Image:
        """The sheet and the picture, as the page opens."""
        with Image.open(io.BytesIO(self.poster)) as poster:
            size = poster.height // SIDE
            sheet, one = (
                poster.crop((0, 0, SIDE * size, SIDE * size)),
                poster.crop((SIDE * size, 0, poster.width, size)),
            )
            picture = Image.new("RGB", ((2 * SIDE) * size, SIDE * size), "white")
            picture.paste(sheet)
            picture.paste(one.resize(((SIDE - 1) * size,) * 2, Image.Resampling.NEAREST), ((SIDE + 1) * size, 0))
        return picture

    def _follow(self, change: dict | None = None) -> None:
        """The state has changed: z with it, unless the page has said so already."""
        expected = self.expected_z()
        if not _same(expected, self.z):
            self.z = expected.tolist()

    def _show_given(self, change: dict | None = None) -> None:
        """A z that the state does not explain was set from Python. An empty one goes back to the sheet."""
        if not self.z:
            self.given = []
            self._follow()
        elif not _same(self.expected_z(), self.z):
            with self.hold_trait_notifications():
                self.shifts, self.given = {}, self.z

    def _forget(self, change: dict) -> None:
        """Another model's z means nothing here, nor do directions that this one has not."""
        known = {entry["name"] for entry in read_directions(self.networks.folder)}
        with self.hold_trait_notifications():
            self.shifts = {name: k for name, k in self.shifts.items() if name in known}
            self.given = []

    @traitlets.validate("truncation")
    def _check_truncation(self, proposal: dict) -> float | None:
        if proposal["value"] is not None and not 0 < proposal["value"] < math.inf:
            raise traitlets.TraitError(f"truncation={proposal['value']}: give a positive bound, or None for none")
        return proposal["value"]

    @traitlets.validate("shifts")
    def _check_shifts(self, proposal: dict) -> dict:
        known = [entry["name"] for entry in read_directions(self.networks.folder)]
        for name, k in proposal["value"].items():
            if name not in known:
                raise traitlets.TraitError(f"shifts={proposal['value']}: {self.model} has the directions {known}")
            if not isinstance(k, int | float) or not math.isfinite(k):
                raise traitlets.TraitError(f"shifts[{name!r}]={k!r}: give a number of steps")
        return proposal["value"]

    @traitlets.validate("z", "given")
    def _check_length(self, proposal: dict) -> list[float]:
        found, nz = len(proposal["value"]), self.networks.cfg.nz
        if found not in (0, nz):
            raise traitlets.TraitError(f"{proposal['trait'].name} holds {found} numbers: {self.model} takes {nz}")
        return proposal["value"]


def _same(a: Tensor, b: list[float]) -> bool:
    return len(a) == len(b) and bool((a - torch.tensor(b)).abs().max() < SAME)
