"""InsideG: every map of a generator for one z, each with a switch, and what the image becomes without it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import traitlets
from PIL import Image
from torch import Tensor

from dcgan_lib import inspect
from dcgan_lib.latent import sample_z, slerp
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.serving import ServesModels

HERE = Path(__file__).parent
LABELS = {"faces64": "faces", "fashion32": "clothes"}
OPENS_WITHOUT = 2  # maps: those of the opening layer whose loss changes the image most
STRONGEST = 2.0
LARGE, GAP = 3, 12  # pixels of the still picture: of an image's pixel, and between two images
MOST = 2**31 - 1


class InsideG(ServesModels):
    """Look at the maps of every layer, switch some off, and see what they were for.

        inside = InsideG(seed_a=3, layer=16)
        inside                          # in a notebook: shows it, with the two maps off that matter most
        inside.off = {16: [57], 32: [4, 7]}
        inside.strengths = {8: {12: 1.5}}
        inside.before, inside.image     # without and with these changes
        inside.features(16)             # the maps as the next layer reads them

    A layer is named by the side of its maps. The page computes everything itself; what it shows is here too, by
    `dcgan_lib.inspect`.
    """

    _esm = bundle(HERE / "inside.mjs")
    _css = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("widgets.css", "inside.css"))

    models = traitlets.Dict(LABELS, help="the choice of models: name, and what the page calls it").tag(sync=True)
    seed_a = traitlets.Int(3, min=0, max=MOST).tag(sync=True)
    seed_b = traitlets.Int(8, min=0, max=MOST).tag(sync=True)
    t = traitlets.Float(0.0, min=0, max=1, help="how far along the arc from seed A to seed B").tag(sync=True)
    layer = traitlets.Int(16, help="the layer at hand, by the side of its maps").tag(sync=True)
    selected = traitlets.Int(0, min=0, help="the map at hand").tag(sync=True)
    off = traitlets.Dict(help="maps that are switched off, {layer: [numbers]}").tag(sync=True)
    strengths = traitlets.Dict(help="factors other than 1, from 0 to 2, {layer: {number: factor}}").tag(sync=True)
    order = traitlets.Enum(("number", "effect"), "number", help="in which the layer's maps stand").tag(sync=True)
    white = traitlets.Enum(
        ("layer", "map"),
        "layer",
        help="what is drawn white: the strongest hundredth of the layer, or each map's strongest",
    ).tag(sync=True)
    caption = traitlets.Unicode(
        "Press a map to switch it off, press it again to have it back. Maps that are off are crossed out; the layers "
        "after them are shown as they have become. In a map, white is strong: the strongest hundredth of the "
        "layer, or the map's strongest value. In the difference, grey is none."
    ).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if "selected" not in traits and self.off.get(self.layer):
            self.selected = self.off[self.layer][0]
        self.observe(self._forget, ["model", "layer"])

    def __repr__(self) -> str:
        off = sum(map(len, self.off.values()))
        where = f"seeds {self.seed_a}, {self.seed_b}; t={self.t:g}"
        return f"InsideG({self.model}; {where}; {off} maps off, {sum(map(len, self.strengths.values()))} scaled)"

    @property
    def z(self) -> Tensor:
        """`(nz,)`: the place on the arc between the seeds."""
        cfg = self.networks.cfg
        return slerp(sample_z(1, cfg, self.seed_a), sample_z(1, cfg, self.seed_b), self.t)[0]

    @property
    def before(self) -> Tensor:
        """What G draws from z with every map: `(nc, s, s)` in [-1, 1]."""
        with torch.no_grad():
            return self.networks.G(self.z[None])[0]

    @property
    def image(self) -> Tensor:
        """What it draws with the maps that are off or scaled: `(nc, s, s)`."""
        return self._stages()[-1]

    @property
    def change(self) -> float:
        """Mean absolute difference of the two images' pixels, on their scale from -1 to 1."""
        return (self.image - self.before).abs().mean().item()

    @property
    def effects(self) -> Tensor:
        """How much the image of z changes when one map of `layer` alone is dropped: `(maps,)`, the same measure."""
        return inspect.effects(self.networks.G, self.z[None], self.layer)[0]

    def features(self, layer: int) -> Tensor:
        """The maps of a layer as the next one reads them, `(maps, side, side)`; of the image's side, the image."""
        G = self.networks.G
        sides = [*inspect.layers(G), G.cfg.image_size]
        if layer not in sides:
            raise ValueError(f"layer {layer!r}: {self.model} has {', '.join(map(str, sides))}")
        return self._stages()[sides.index(layer)]

    @property
    def said(self) -> str:
        """What the picture shows."""
        off = [f"{len(maps)} of {self._layers()[side]} maps of {side} × {side}" for side, maps in self.off.items()]
        return (
            f"What a generator draws with all of its maps, and what it draws without {' and '.join(off) or 'none'}; "
            f"beside them the difference of the two. On average it is {self.change:.3f}, on the scale from −1 to 1."
        )

    def still(self) -> Image.Image:
        """The three pictures, side by side."""
        images = [to_image(image) for image in (self.before, self.image, self.image - self.before)]
        side = LARGE * images[0].width
        picture = Image.new("RGB", (3 * side + 2 * GAP, side), "white")
        for i, image in enumerate(images):
            picture.paste(image.resize((side, side), Image.Resampling.NEAREST), (i * (side + GAP), 0))
        return picture

    def _stages(self) -> list[Tensor]:
        """What every block gives, the image last, with the maps that are off or scaled."""
        G = self.networks.G
        with torch.no_grad(), inspect.scaled(G, self._factors()):
            return [maps[0] for maps in G.features(self.z[None])]

    def _factors(self) -> dict[int, dict[int, float]]:
        factors = {side: dict(chosen) for side, chosen in self.strengths.items()}
        for side, maps in self.off.items():
            factors.setdefault(side, {}).update(dict.fromkeys(maps, 0.0))
        return factors

    def _layers(self) -> dict[int, int]:
        return inspect.layers(self.networks.G)

    def _forget(self, change: dict) -> None:
        """Another model may lack maps that this one had, another layer the map at hand."""
        known = self._layers()
        with self.hold_trait_notifications():
            if self.layer not in known:
                self.layer = list(known)[len(known) // 2]
            if self.selected >= known[self.layer]:
                self.selected = 0
            self.off = {s: kept for s, maps in self.off.items() if (kept := [m for m in maps if m < known.get(s, 0)])}
            self.strengths = {
                s: kept
                for s, chosen in self.strengths.items()
                if (kept := {m: k for m, k in chosen.items() if m < known.get(s, 0)})
            }

    @traitlets.default("layer")
    def _opening_layer(self) -> int:
        return list(self._layers())[len(self._layers()) // 2]

    @traitlets.default("off")
    def _opening_maps(self) -> dict[int, list[int]]:
        return {self.layer: sorted(self.effects.topk(OPENS_WITHOUT).indices.tolist())}

    @traitlets.validate("layer")
    def _check_layer(self, proposal: dict) -> int:
        self._check_maps("layer", proposal["value"], [])
        return proposal["value"]

    @traitlets.validate("selected")
    def _check_selected(self, proposal: dict) -> int:
        self._check_maps("selected", self.layer, [proposal["value"]])
        return proposal["value"]

    @traitlets.validate("off")
    def _check_off(self, proposal: dict) -> dict[int, list[int]]:
        off = {}
        for side, maps in proposal["value"].items():  # keys come from the page as text
            if isinstance(maps, str | dict) or not hasattr(maps, "__iter__"):
                raise traitlets.TraitError(f"off[{side}]={maps!r}: give a list of map numbers")
            off[_number("off", side)] = sorted({_number("off", number) for number in maps})
            self._check_maps("off", _number("off", side), off[_number("off", side)])
        return {side: maps for side, maps in off.items() if maps}

    @traitlets.validate("strengths")
    def _check_strengths(self, proposal: dict) -> dict[int, dict[int, float]]:
        strengths = {}
        for side, chosen in proposal["value"].items():
            if not isinstance(chosen, dict):
                raise traitlets.TraitError(f"strengths[{side}]={chosen!r}: give {{map number: factor}}")
            for number, factor in chosen.items():
                if not isinstance(factor, int | float) or not 0 <= factor <= STRONGEST or math.isnan(factor):
                    raise traitlets.TraitError(f"strengths[{side}][{number}]={factor!r}: give a factor from 0 to 2")
            kept = {_number("strengths", number): factor for number, factor in chosen.items() if factor != 1}
            self._check_maps("strengths", _number("strengths", side), kept)
            if kept:
                strengths[_number("strengths", side)] = kept
        return strengths

    def _check_maps(self, trait: str, side: int, maps: Any) -> None:
        try:
            inspect.check_maps(self.networks.G, side, maps)
        except ValueError as error:
            raise traitlets.TraitError(f"{trait}: {error}, in {self.model}") from error


def _number(trait: str, value: Any) -> int:
    """A layer or a map as a whole number; text is taken where it is one, since keys travel as text."""
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise traitlets.TraitError(f"{trait}: {value!r} is no number of a layer or a map") from None
