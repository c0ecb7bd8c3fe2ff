"""The drawing of a face: a palette, a little geometry, and one function for each part, from back to front.

A *face* here is a `Sketch`: colours `(nc, n)` and positions `(n,)`, worked out once from the attributes. A part takes
the canvas and the sketch, and paints inside a small window that can hold it. Lengths are in halves of the picture.
"""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor

from dcgan_lib.data.face_attributes import ATTRIBUTES
from dcgan_lib.data.shapes import Canvas, circle, ellipse, rounded_box, smooth_union, stroke

SKIN = "fddcc5 fbd0b0 efbb90 dda274 c28656 9f673f 7c4c30 5c3829"  # light to deep
HAIR = {
    "black": "221e2b",
    "dark brown": "43291f",
    "brown": "6f4528",
    "auburn": "8f3d25",
    "ginger": "cf6a2a",
    "blond": "e5b95b",
    "grey": "b3b3bd",
}
BACKGROUND = "f0a08d f3c06b d3cf7e 9fd09a 79cbbb 84c3e6 a1b1ec d2a3dc"  # a closed circle
CLOTHES = {
    "navy": "2f4372",
    "cream": "f6ecda",
    "brick": "c4523f",
    "teal": "2b8f8c",
    "mustard": "dc9a2e",
    "plum": "7b4579",
    "forest": "3f7350",
}
LIPS = "8a2d39 a83f49 c25560"  # on light skin, on deep skin
INK, WHITE, TONGUE, FRAME = "2a2230", "ffffff", "ee8f90", "2d2b3a"

# A hair style is a row of numbers: how thick the cap is and where it ends at the ears; the opening for the face
# (its top, half-width and corner radius, its slant); the hair behind (half-width, bottom); the radii of the knot and
# of the curls; whether the ears show; how strongly it gleams.
STYLE_COLUMNS = (
    *("volume", "hem", "top", "open", "corner", "slant"),
    *("back_width", "back_bottom", "knot", "curls", "ears", "gleam"),
)
STYLES = {
    "short": (0.07, -0.02, -0.30, 0.42, 0.22, 0.00, 0.30, -0.30, 0.00, 0.00, 1.0, 0.6),
    "side": (0.09, 0.04, -0.34, 0.43, 0.26, -0.34, 0.30, -0.30, 0.00, 0.00, 1.0, 0.6),
    "bob": (0.08, 0.40, -0.22, 0.39, 0.10, 0.00, 0.57, 0.46, 0.00, 0.00, 0.0, 0.6),
    "long": (0.07, 0.45, -0.40, 0.42, 0.38, 0.16, 0.57, 0.98, 0.00, 0.00, 1.0, 0.6),
    "curly": (0.08, 0.14, -0.30, 0.41, 0.30, 0.00, 0.30, -0.30, 0.00, 0.23, 1.0, 0.0),
    "bun": (0.05, -0.04, -0.38, 0.43, 0.40, 0.00, 0.30, -0.30, 0.19, 0.00, 1.0, 0.6),
    "bald": (-0.2, -0.60, -0.90, 0.42, 0.30, 0.00, 0.10, -0.30, 0.00, 0.00, 1.0, 0.0),
}


@functools.cache  # sent to a GPU once: sending makes the processor wait for all the work before it
def _rgb(colours: str, nc: int, device: torch.device) -> Tensor:
    """Hexadecimal colours as `(nc, k)` in [0, 1]. Not to be written into.

    Painting is linear: the luma of a mixture is the mixture of the lumas. So a grey picture is painted in greys.
    """
    rows = [[int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)] for colour in colours.split()]
    if nc == 1:
        rows = [[0.299 * r + 0.587 * g + 0.114 * b] for r, g, b in rows]  # Rec. 601
    return torch.tensor(rows, device=device).T.contiguous()


@functools.cache
def _styles(device: torch.device) -> Tensor:
    """The table of hair styles, `(style, column)`."""
    return torch.tensor([STYLES[name] for name in ATTRIBUTES["hair_style"].names], device=device)


def _along(stops: Tensor, t: Tensor, closed: bool = False) -> Tensor:
    """The colours `(nc, n)` at `t`, `(n,)` in [0, 1], on the polyline through `stops`, `(nc, k)`."""
    stops = torch.cat([stops, stops[:, :1]], dim=1) if closed else stops
    last = stops.shape[1] - 1
    place = t * last
    left = place.long().clamp(0, last - 1)
    part = place - left
    return stops[:, left] * (1.0 - part) + stops[:, left + 1] * part


@dataclasses.dataclass(frozen=True)
class Sketch:
    """Everything the parts need: attributes, colours and the geometry of the head."""

    given: dict[str, Tensor]
    nc: int
    device: torch.device
    skin: Tensor  # colours, (nc, n)
    shade: Tensor
    blush: Tensor
    hair: Tensor
    lock: Tensor  # the hair's shadow side
    brow: Tensor
    cloth: Tensor
    style: dict[str, Tensor]  # the columns of STYLES, (n,)
    width: Tensor  # half-width of the head
    turn: Tensor
    shift: Tensor  # where the middle of the face stands, in x
    eye: Tensor  # scale of the eyes

    def colour(self, colours: str) -> Tensor:
        return _rgb(colours, self.nc, self.device)

    def across(self, x: Tensor) -> Tensor:
        """x as the face sees it: 0 between the eyes, and closer together on the side that turns away. `(w, n)`"""
        from_middle = x - self.shift
        return from_middle * (self.turn * 0.4 * from_middle + 1.0)


def sketch(given: dict[str, Tensor], nc: int) -> Sketch:
    """Colours and geometry of faces with the attributes `given`."""
    device = given["skin"].device

    def pick(palette: dict[str, str], name: str) -> Tensor:
        colours = [palette[key] for key in ATTRIBUTES[name].names]
        return _rgb(" ".join(colours), nc, device)[:, given[name]]

    skin, hair = _along(_rgb(SKIN, nc, device), given["skin"]), pick(HAIR, "hair_colour")
    style = dict(zip(STYLE_COLUMNS, _styles(device)[given["hair_style"]].T.contiguous()))
    warm = _rgb("d9603f", nc, device)
    dark = _rgb("3a1a1c", nc, device)
    return Sketch(
        given=given,
        nc=nc,
        device=device,
        skin=skin,
        shade=skin * 0.86 + dark * 0.10,
        blush=skin * 0.45 + warm * 0.55,
        hair=hair,
        lock=hair * 0.78,
        brow=hair * 0.62 + dark * 0.1,
        cloth=pick(CLOTHES, "clothes"),
        style=style,
        width=given["width"] * 0.04 + 0.45,
        turn=given["turn"],
        shift=given["turn"] * 0.16,
        eye=given["eye_size"] * 0.17 + 1.0,
    )


def background(canvas: Canvas, face: Sketch) -> None:
    """A pastel, and a paler disc that sets the head off."""
    pastel = _along(face.colour(BACKGROUND), face.given["background"], closed=True)
    canvas.fill(pastel)
    disc = ellipse(canvas.x, canvas.y - 0.05, 0.86, 0.86)
    canvas.paint(disc, pastel * 0.62 + 0.38)


def hair_behind(canvas: Canvas, face: Sketch) -> None:
    """What shows past the head: long hair, curls, a knot. The head turns over it, so it moves the other way."""
    style = face.style
    x, bottom = canvas.x + face.turn * 0.05, style["back_bottom"]
    height = (bottom + 0.55) * 0.5
    corner = torch.minimum(height, style["back_width"]) * 0.7
    canvas.paint(rounded_box(x, canvas.y - (bottom - height), style["back_width"], height, corner), face.lock)

    top = canvas.window(-1, -1, 1, 0.36)
    x, y = top.x + face.turn * 0.04, top.y
    side, curl = x.abs(), style["curls"].clamp(min=0.1)
    curls = ellipse(x, y + 0.20, curl * 2.7, curl * 2.5)
    for at_x, at_y, scale in (
        (0.0, -0.70, 1.0),
        (0.36, -0.58, 1.05),
        (0.58, -0.28, 1.05),
        (0.60, 0.06, 0.95),
    ):
        curls = torch.minimum(curls, circle(side - at_x, y - at_y, curl * scale))
    top.paint(curls, face.hair, (style["curls"] > 0).float())

    crown = canvas.window(-0.4, -1, 0.4, -0.5)
    knot = circle(crown.x + face.turn * 0.10, crown.y + 0.76, style["knot"])
    crown.paint(knot, face.hair, (style["knot"] > 0).float())


def body(canvas: Canvas, face: Sketch) -> None:
    """Shoulders, the neck and its shade, the neckline."""
    low = canvas.window(-0.9, 0.3, 0.9, 1)
    cut = face.given["neck"]
    shoulders = rounded_box(low.x, low.y - 1.22, 0.80, 0.50, 0.36)
    low.paint(shoulders, face.cloth)
    bars = torch.minimum((low.y - 0.865).abs(), (low.y - 0.985).abs()) - 0.03
    low.paint(torch.maximum(shoulders, bars), face.cloth * 0.25 + 0.72, (cut == 3).float())

    middle = canvas.window(-0.34, 0.3, 0.34, 1)
    side, y = middle.x.abs(), middle.y
    neck = rounded_box(middle.x, y - 0.5, 0.17, 0.36, 0.16)
    crew = torch.maximum(ellipse(middle.x, y - 0.72, 0.25, 0.15), 0.715 - y)
    vee = torch.maximum(side * 0.83 + (y - 0.98) * 0.56, 0.715 - y)
    middle.paint(torch.minimum(neck, crew), face.skin)
    middle.paint(vee, face.skin, ((cut == 1) | (cut == 2)).float())
    chin = ellipse(middle.x - face.turn * 0.07, y - 0.30, 0.30, 0.38)
    middle.paint(torch.maximum(neck, chin), face.shade)
    along, across = (y - 0.80) * 0.78 - (side - 0.13) * 0.62, (y - 0.80) * 0.62 + (side - 0.13) * 0.78
    flap = torch.maximum(along.abs() - 0.125, across.abs() - 0.062)
    middle.paint(flap, face.cloth * 0.5 + 0.47, (cut == 2).float())


def head(canvas: Canvas, face: Sketch) -> None:
    """Ears, then skull and jaw as one outline. The jaw points where the face looks."""
    view = canvas.window(-0.72, -0.65, 0.72, 0.66)
    x, y, turn = view.x, view.y, face.turn
    side = (x + turn * 0.055).abs() - face.width + turn.abs() * 0.02  # the far ear slides behind the head
    view.paint(ellipse(side - 0.02, y - 0.06, 0.085, 0.12), face.skin * 0.5 + face.shade * 0.5, face.style["ears"])
    skull = ellipse(x, y + 0.08, face.width, 0.47)
    jaw = ellipse(x - turn * 0.08, y - 0.25, face.given["jaw"] * 0.06 + 0.34, 0.33)
    view.paint(smooth_union(skull, jaw, 0.22), face.skin)


def cheeks(canvas: Canvas, face: Sketch) -> None:
    view = canvas.window(-0.66, 0.06, 0.66, 0.42)
    side = face.across(view.x).abs() - 0.27
    spot = torch.maximum(ellipse(side, view.y - 0.24, 0.10, 0.075), view.x.abs() - face.width + 0.09)
    view.paint(spot, face.blush, 0.42, soft=0.08)


def nose(canvas: Canvas, face: Sketch) -> None:
    """A rounded wedge that leads the turn."""
    view = canvas.window(-0.4, 0.0, 0.4, 0.34)
    x = view.x - face.turn * 0.22
    view.paint(ellipse(x, view.y - 0.20, 0.062, 0.05), face.shade * 0.95, soft=0.01)


def eyes(canvas: Canvas, face: Sketch) -> None:
    """Whites, irises that look where the gaze goes, a highlight, the upper lid."""
    view = canvas.window(-0.6, -0.16, 0.6, 0.2)
    u, y = face.across(view.x), view.y - 0.02
    x = u - torch.where(u < 0, -0.195, 0.195)  # from the centre of the eye on its own side
    size = face.eye
    white = ellipse(x, y, size * 0.112, size * 0.10)
    view.paint(white, face.colour(WHITE))
    look = x - face.given["gaze"] * 0.052
    iris = torch.maximum(ellipse(look, y - 0.004, size * 0.066, size * 0.074), white)
    view.paint(iris, face.colour(INK))
    view.paint(ellipse(look - 0.022, y + 0.026, size * 0.022, size * 0.022), face.colour(WHITE), 0.9)
    lid = torch.maximum(white.abs_() - 0.016, y + 0.02)
    view.paint(lid, face.colour(INK))


def brows(canvas: Canvas, face: Sketch) -> None:
    """Two arched strokes, tilted about their middles."""
    view = canvas.window(-0.6, -0.36, 0.6, -0.08)
    out = face.across(view.x).abs() - 0.20  # outwards from the middle of the brow
    line = -0.185 - face.given["brow_height"] * 0.035 - out * (face.given["brows"] * 0.36 + 0.07) - out * out * 1.4
    hair = torch.maximum(stroke(out, view.y - line, 0.095, 0.026), view.x.abs() - face.width + 0.02)
    view.paint(hair, face.brow)


def mouth(canvas: Canvas, face: Sketch) -> None:
    """Two parabolas through the corners: as one below about a quarter, open with teeth and a tongue above."""
    view = canvas.window(-0.5, 0.2, 0.5, 0.6)
    smile = face.given["smile"]
    u = face.across(view.x)
    half = smile.clamp(min=0.0) * 0.06 + 0.145
    bend = u / half
    bend = 1.0 - (bend * bend).clamp(max=1.0)  # 1 in the middle, 0 at the corners
    corner, opening = 0.37 - smile * 0.045, (smile - 0.25).clamp(min=0.0)
    upper = bend * (smile * 0.075) + corner
    lower = upper + bend * (opening * 0.17)
    rise = torch.maximum(upper - view.y, view.y - lower).clamp_(min=0.0)  # how far from the gap between the lips
    lips, parted = stroke(u, rise, half, 0.026), (opening * 8.0).clamp(max=1.0)
    view.paint(lips, _along(face.colour(LIPS), face.given["skin"]))
    teeth, tongue = view.y - upper - opening * 0.08, corner + smile * 0.075 + opening * 0.115 - view.y
    view.paint(torch.maximum(lips + 0.02, teeth), face.colour(WHITE), parted)
    view.paint(torch.maximum(lips + 0.024, tongue), face.colour(TONGUE), parted)


def glasses(canvas: Canvas, face: Sketch) -> None:
    """Two rims, a bridge, two arms; the lenses whiten a little."""
    view = canvas.window(-0.66, -0.25, 0.66, 0.28)
    worn, square = face.given["glasses"].float(), face.given["frame"] == 1
    side, y = face.across(view.x).abs(), view.y - 0.03
    rim = rounded_box(side - 0.205, y, 0.172, torch.where(square, 0.14, 0.172), torch.where(square, 0.06, 0.172))
    view.paint(rim, face.colour(WHITE), worn * 0.18)
    bar = torch.maximum((y + 0.03).abs() - 0.02, view.x.abs() - face.width)  # bridge and arms in one, the rims cut out
    bar = torch.maximum(bar, -rim)
    view.paint(torch.minimum(rim.abs() - 0.022, bar), face.colour(FRAME), worn)


def _hair(view: Canvas, face: Sketch, drop: float) -> tuple[Tensor, Tensor]:
    """Distances to the skull under the hair, and to the hair: a cap around the skull, open for the face, with a hem.

    `drop` lowers the opening.
    """
    style, across = face.style, view.x - face.turn * 0.10
    cap = ellipse(view.x + face.turn * 0.02, view.y + 0.12, face.width + style["volume"], style["volume"] + 0.47)
    skull = cap + (style["volume"] + 0.01)
    level = view.y + across * style["slant"] - (style["top"] + 0.7 + drop)
    opening = rounded_box(across, level, style["open"], 0.7, style["corner"])
    opening = torch.maximum(opening, torch.minimum(skull, -0.12 - view.y))  # above the temples, inside the skull
    below = view.y - style["hem"] - (across.abs() - face.width).clamp(min=-0.2, max=0.1) * 0.7
    return skull, torch.maximum(torch.maximum(cap, -opening), below)


def forehead(canvas: Canvas, face: Sketch) -> None:
    """The shadow of the fringe: the hair again, a little lower, and no wider than the skull."""
    view = canvas.window(-0.5, -0.6, 0.5, 0.0)
    skull, hair = _hair(view, face, 0.05)
    view.paint(torch.maximum(skull, hair), face.shade, 0.5)


def hair_front(canvas: Canvas, face: Sketch) -> None:
    """The hair around the face, and a gleam on it."""
    view = canvas.window(-0.72, -0.8, 0.72, 0.6)
    _, hair = _hair(view, face, 0.0)
    view.paint(hair, face.hair)
    x, y = view.x + face.turn * 0.02 + 0.1, view.y + 0.10
    gleam = torch.maximum(ellipse(x, y, face.width * 0.86, 0.47).abs() - 0.02, hair + 0.03)
    view.paint(torch.maximum(gleam, torch.maximum(x - 0.08, y + 0.1)), face.hair * 0.75 + 0.25, face.style["gleam"])


PARTS = (background, hair_behind, body, head, cheeks, forehead, nose, mouth, eyes, brows, glasses, hair_front)
"""From back to front."""


def paint_faces(canvas: Canvas, given: dict[str, Tensor]) -> None:
    """Paint the faces with the attributes `given`, each `(n,)`, on a canvas of `n`."""
    face = sketch(given, canvas.pixels.shape[0])
    for part in PARTS:
        part(canvas, face)
