"""FrameSlider: sliders over pictures drawn in advance, so that they answer in a page that has no kernel."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from PIL import Image

from dcgan_lib.plotting import grid
from dcgan_lib.widgets.still import Still

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

    Drawable = Figure | Image.Image | Tensor

HERE = Path(__file__).parent
MAX_BYTES = 2_500_000
"""Of one widget's pictures, as the page carries them (base64): a phone must still like the page."""


class FrameSlider(Still, anywidget.AnyWidget):
    """A grid of pictures with one control per axis: a slider for numbers, a choice for words.

    Make one with `frame_slider`. `values` is where it stands, as `{"t": 0.5, "path": "slerp"}`; set it from
    Python and the picture moves. Without `live`, numbers snap to the nearest that was drawn in advance.
    """

    _esm = HERE / "frames.mjs"
    _css = HERE / "widgets.css"

    axes = traitlets.List(traitlets.Dict(), help="one per control: name, label, values, texts").tag(sync=True)
    frames = traitlets.List(traitlets.Bytes(), help="the different pictures, encoded").tag(sync=True)
    order = traitlets.List(traitlets.Int(), help="for every grid point (last axis fastest) its place in frames").tag(
        sync=True
    )
    alts = traitlets.List(traitlets.Unicode(), help="for every grid point what its picture shows").tag(sync=True)
    mime = traitlets.Unicode("image/webp").tag(sync=True)
    size = traitlets.List(traitlets.Int(), help="width and height of a picture, in CSS pixels").tag(sync=True)
    pixelated = traitlets.Bool(False, help="show every pixel as a square").tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)
    play = traitlets.Bool(False, help="a play button runs along the first axis").tag(sync=True)
    interval = traitlets.Int(150, help="milliseconds a frame while it plays").tag(sync=True)
    values = traitlets.Dict(help="where the controls stand, by name").tag(sync=True)
    live = traitlets.Bool(False, help="a kernel draws between the frames").tag(sync=True)
    drawn = traitlets.Dict(help="the kernel's own picture: values, image, alt").tag(sync=True)

    def __init__(self, draw: Callable[[dict], dict] | None = None, **traits: Any) -> None:
        """`draw`: from values to `{"values", "image", "alt"}`; needed only when `live`."""
        self._draw = draw
        super().__init__(**traits)
        if self.live:
            self.observe(self._draw_between, "values")

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis['name']}: {len(axis['values'])}" for axis in self.axes)
        return f"FrameSlider({axes}; {len(self.frames)} pictures, {self.nbytes / 1000:.0f} kB in a page)"

    @property
    def nbytes(self) -> int:
        """What the pictures weigh in a page, in bytes: base64 makes four of three."""
        return sum(4 * math.ceil(len(frame) / 3) for frame in self.frames)

    @property
    def said(self) -> str:
        """What the picture shows, as its alternative text has it."""
        return self.alts[self._place()]

    def still(self) -> Image.Image:
        """The picture that is shown; of those drawn in advance, the nearest."""
        with Image.open(io.BytesIO(self.frames[self.order[self._place()]])) as frame:
            picture = frame.convert("RGB")
        if self.pixelated:
            return picture.resize(self.size, Image.Resampling.NEAREST)
        picture.info["css_width"] = self.size[0]
        return picture

    def _place(self) -> int:
        """Where the values stand in the grid, whose last axis runs fastest."""
        place = 0
        for axis in self.axes:
            value, choices = self.values[axis["name"]], axis["values"]
            if value not in choices:  # a kernel has drawn between
                value = min(choices, key=lambda choice, value=value: abs(choice - value))
            place = place * len(choices) + choices.index(value)
        return place

    @traitlets.validate("values")
    def _check_values(self, proposal: dict) -> dict:
        values, names = proposal["value"], [axis["name"] for axis in self.axes]
        if set(values) != set(names):
            raise traitlets.TraitError(f"values need exactly {names}, got {list(values)}")
        return {axis["name"]: self._allowed(axis, values[axis["name"]]) for axis in self.axes}

    def _allowed(self, axis: dict, value: Any) -> Any:
        """The value itself if it was drawn or may be drawn now, else the nearest number that was."""
        choices = axis["values"]
        if value in choices:
            return value
        if isinstance(choices[0], str) or isinstance(value, str):
            raise traitlets.TraitError(f"{axis['name']} is one of {choices}, not {value!r}")
        if self.live:
            return value
        return min(choices, key=lambda choice: abs(choice - value))

    def _draw_between(self, change: dict) -> None:
        on_grid = all(change["new"][axis["name"]] in axis["values"] for axis in self.axes)
        if not on_grid:
            self.drawn = self._draw(change["new"])


def frame_slider(
    draw: Callable[..., Drawable],
    axes: Mapping[str, Sequence[float] | Sequence[str]],
    *,
    alt: str | Callable[..., str],
    caption: str = "",
    labels: Mapping[str, str] | None = None,
    start: Mapping[str, float | str] | None = None,
    width: int | None = None,
    nrow: int = 8,
    dpi: int = 144,
    format: str = "webp",
    quality: int | None = None,
    colours: int | None = None,
    play: bool = False,
    interval: int = 150,
    live: bool = False,
) -> FrameSlider:
    """Draw a picture for every combination of values and put sliders in front of them.

        frame_slider(lambda t, path: G.sample_at(path, t),
                     {"t": torch.linspace(0, 1, 11), "path": ["lerp", "slerp"]},
                     alt="One face turns into another")

    Args:
        draw: called with one value per axis, by name. It returns a matplotlib figure, a PIL image, or
            images as a tensor `(nc, s, s)` or `(n, nc, s, s)` in `[-1, 1]`.
        axes: name of each axis and its values: rising numbers make a slider, words make a choice.
        alt: what the picture shows, for who cannot see it. The values are appended; or put them in yourself
            (`"after {step} steps"`), or give a function of the values.
        caption: one line below the picture that says what to see.
        labels: what the page writes for an axis instead of its name.
        start: where the controls stand at first; the first value of each axis otherwise.
        width: of the picture in CSS pixels. A figure keeps its own size, images grow to about 480.
        nrow: images in a row, for a tensor of several.
        dpi: of a figure; 96 gives one pixel for each pixel of the page, 192 two.
        format: `"webp"` or `"png"`.
        quality: 1 to 100 makes WebP lossy, and far smaller for photographs; lossless otherwise.
        colours: keep only so many (48, say): halves the weight of line drawings, and their text stays sharp.
        play: show a play button that runs along the first axis.
        interval: milliseconds a frame while it plays.
        live: with a kernel, let `draw` be called for numbers between those that were drawn in advance.

    Raises:
        ValueError: an axis is empty or mixed, or the pictures weigh more than a page should carry.
    """
    if format not in ("webp", "png"):
        raise ValueError(f"format is 'webp' or 'png', not {format!r}")
    described = [_axis(name, values, (labels or {}).get(name, name)) for name, values in axes.items()]
    names = [axis["name"] for axis in described]

    def picture(values: dict) -> Image.Image:
        image = to_image(draw(**values), nrow, dpi)
        return _few_colours(image, colours) if colours else image

    def encode(image: Image.Image) -> bytes:
        return _encode(image, format, quality)

    frames: dict[bytes, int] = {}
    order, alts, first = [], [], None
    for point in itertools.product(*(axis["values"] for axis in described)):
        values = dict(zip(names, point))
        image = picture(values)
        first = first or image
        order.append(frames.setdefault(encode(image), len(frames)))
        alts.append(_alt(alt, values, described))

    weight = sum(4 * math.ceil(len(frame) / 3) for frame in frames)
    if weight > MAX_BYTES:
        raise ValueError(
            f"{len(frames)} different pictures weigh {weight / 1e6:.1f} MB in a page, the most is "
            f"{MAX_BYTES / 1e6:.1f} MB: draw fewer or smaller ones, or give quality=80"
        )
    shown = width or first.info.get("css_width") or first.width * max(1, 480 // first.width)
    return FrameSlider(
        draw=lambda values: {
            "values": values,
            "image": encode(picture(values)),
            "alt": _alt(alt, values, described),
        },
        axes=described,
        frames=list(frames),
        order=order,
        alts=alts,
        mime=f"image/{format}",
        size=[shown, round(shown * first.height / first.width)],
        pixelated="css_width" not in first.info and shown > first.width,
        caption=caption,
        play=play,
        interval=interval,
        live=live,
        values={axis["name"]: axis["values"][0] for axis in described} | dict(start or {}),
    )


def to_image(drawable: Drawable, nrow: int = 8, dpi: int = 144) -> Image.Image:
    """A figure, an image or a tensor of images in `[-1, 1]` as an RGB image.

    A figure's size on the page (96 pixels an inch) stands in `image.info["css_width"]`, and is then closed.
    """
    if isinstance(drawable, Image.Image):
        return drawable.convert("RGB")
    if hasattr(drawable, "savefig"):
        return _from_figure(drawable, dpi)
    if hasattr(drawable, "detach"):
        return _from_tensor(drawable, nrow)
    kind = type(drawable).__name__
    raise TypeError(f"draw returned a {kind}; return a matplotlib figure, a PIL image or an image tensor")


def _from_figure(figure: Figure, dpi: int) -> Image.Image:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    with plt.rc_context({"savefig.bbox": "standard"}):  # "tight" would give every frame a size of its own
        figure.savefig(buffer, format="png", dpi=dpi)
    plt.close(figure)
    with Image.open(buffer) as opened:
        drawn = opened.convert("RGBA")
    image = Image.new("RGB", drawn.size, "white")
    image.paste(drawn, mask=drawn)
    image.info["css_width"] = round(96 * figure.get_figwidth())
    return image


def _from_tensor(images: Tensor, nrow: int) -> Image.Image:
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        shape = tuple(images.shape)
        raise ValueError(f"an image tensor is (nc, s, s) or (n, nc, s, s) with nc 1 or 3, not {shape}")
    return Image.fromarray((grid(images, min(nrow, len(images))) * 255).round().astype("uint8"))


def _few_colours(image: Image.Image, colours: int) -> Image.Image:
    few = image.quantize(colours).convert("RGB")
    few.info.update(image.info)
    return few


def _encode(image: Image.Image, format: str, quality: int | None) -> bytes:
    options = {"optimize": True} if format == "png" else {"method": 4, "lossless": True}
    if format == "webp" and quality is not None:
        options |= {"lossless": False, "quality": quality}
    buffer = io.BytesIO()
    image.save(buffer, format=format, **options)
    return buffer.getvalue()


def _axis(name: str, values: Sequence, label: str) -> dict:
    """The axis as the page needs it: plain Python values and how each is written."""
    plain = [value.item() if hasattr(value, "item") else value for value in values]
    words = [isinstance(value, str) for value in plain]
    if not plain or (any(words) and not all(words)):
        raise ValueError(f"axis {name!r} needs numbers only or words only, and at least one; got {plain}")
    if not words[0] and plain != sorted(set(plain)):
        raise ValueError(f"axis {name!r} needs rising numbers, got {plain}")
    return {"name": name, "label": label, "values": plain, "texts": [_text(value) for value in plain]}


def _text(value: float | str) -> str:
    """A value as a reader reads it: 10000 as 10,000, 0.30000000000000004 as 0.3, a real minus sign."""
    if isinstance(value, str):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _alt(alt: str | Callable[..., str], values: dict, axes: list[dict]) -> str:
    if callable(alt):
        return alt(**values)
    if "{" in alt:
        return alt.format(**values)
    return alt + " (" + ", ".join(f"{axis['label']}: {_text(values[axis['name']])}" for axis in axes) + ")"
