"""FrameSlider: what it draws, holds and refuses, without a browser."""

import io

import matplotlib.pyplot as plt
import pytest
import torch
import traitlets
from PIL import Image

from dcgan_lib.plotting import use_style
from dcgan_lib.widgets import FrameSlider, frame_slider, frames


def grey(t: float, sign: str = "plus") -> torch.Tensor:
    return torch.full((3, 8, 8), t if sign == "plus" else -t)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture
def slider() -> FrameSlider:
    return frame_slider(grey, {"t": [-0.5, 0.0, 0.5], "sign": ["plus", "minus"]}, alt="A grey square")


def test_every_combination_is_drawn_and_equal_pictures_are_kept_once(slider):
    assert slider.order == [0, 1, 2, 2, 1, 0]  # -0.5 plus is 0.5 minus, and 0 has no sign
    assert len(slider.frames) == 3


def test_a_picture_shows_the_values_it_was_drawn_for(slider):
    picture = slider.frames[slider.order[5]]  # t = 0.5, minus
    assert opened(picture).convert("RGB").getpixel((0, 0)) == (64, 64, 64)


def test_it_starts_at_the_first_values_or_where_it_is_told():
    axes = {"t": [0.0, 0.25, 0.5], "sign": ["plus", "minus"]}
    assert frame_slider(grey, axes, alt="a").values == {"t": 0.0, "sign": "plus"}
    assert frame_slider(grey, axes, alt="a", start={"t": 0.25}).values == {"t": 0.25, "sign": "plus"}


def test_values_between_frames_snap_to_the_nearest(slider):
    slider.values = {"t": 0.3, "sign": "minus"}
    assert slider.values == {"t": 0.5, "sign": "minus"}


@pytest.mark.parametrize("values", [{"t": 0.0}, {"t": 0.0, "sign": "both"}, {"t": "plus", "sign": "plus"}])
def test_values_that_no_control_can_take_are_refused(slider, values):
    with pytest.raises(traitlets.TraitError, match=r"sign|\bt\b"):
        slider.values = values


def test_live_draws_between_the_frames():
    slider = frame_slider(grey, {"t": [0.0, 1.0]}, alt="A grey square", live=True)
    slider.values = {"t": 0.5}
    assert slider.values == {"t": 0.5}
    assert slider.drawn["values"] == {"t": 0.5}
    assert opened(slider.drawn["image"]).convert("RGB").getpixel((0, 0)) == (191, 191, 191)


def test_live_does_not_draw_again_what_it_has():
    slider = frame_slider(grey, {"t": [0.0, 0.5, 1.0]}, alt="A grey square", live=True)
    slider.values = {"t": 0.5}
    assert slider.drawn == {}


def test_every_picture_says_its_values():
    slider = frame_slider(grey, {"t": [0.0, 0.1 + 0.2]}, alt="A square", labels={"t": "grey"})
    assert slider.alts == ["A square (grey: 0)", "A square (grey: 0.3)"]
    assert frame_slider(grey, {"t": [0.5]}, alt="At {t}").alts == ["At 0.5"]
    assert frame_slider(grey, {"t": [0.5]}, alt=lambda t: f"{2 * t:g}").alts == ["1"]


def test_numbers_are_written_as_a_reader_writes_them():
    slider = frame_slider(lambda step: grey(0), {"step": [-1, 0, 10_000]}, alt="a")
    assert slider.axes[0]["texts"] == ["\N{MINUS SIGN}1", "0", "10,000"]


def test_tensor_values_become_plain_numbers():
    slider = frame_slider(grey, {"t": torch.tensor([0.0, 0.5])}, alt="a")
    assert slider.values == {"t": 0.0}
    assert type(slider.axes[0]["values"][1]) is float


def test_a_batch_is_laid_out_in_rows():
    slider = frame_slider(lambda t: torch.zeros(5, 1, 8, 8), {"t": [0.0]}, alt="a", nrow=3)
    assert opened(slider.frames[0]).size == (3 * 9 - 1, 2 * 9 - 1)


def test_small_images_are_enlarged_by_a_whole_number():
    slider = frame_slider(grey, {"t": [0.0]}, alt="a")
    assert slider.size == [480, 480]
    assert slider.pixelated


def test_figures_keep_one_size_and_are_closed():
    use_style()  # its savefig.bbox is tight, which would give every frame a size of its own

    def figure(k: int):
        fig, ax = plt.subplots(figsize=(4, 2))
        ax.plot([0, 10**k])
        return fig

    slider = frame_slider(figure, {"k": [0, 6]}, alt="a")
    assert {opened(frame).size for frame in slider.frames} == {(576, 288)}
    assert slider.size == [384, 192]
    assert plt.get_fignums() == []


def test_too_heavy_for_a_page_is_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr(frames, "MAX_BYTES", 1000)
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="quality=80"):
        frame_slider(lambda t: noise, {"t": [0.0]}, alt="a")


def test_quality_makes_webp_lighter():
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    lossless, lossy = (frame_slider(lambda t: noise, {"t": [0.0]}, alt="a", quality=q) for q in (None, 50))
    assert lossy.nbytes < lossless.nbytes / 2


def test_fewer_colours_make_a_drawing_lighter_and_keep_its_size():
    def figure(k: int):
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([0, k], [0, 1], color="tab:orange")
        return fig

    all_, few = (frame_slider(figure, {"k": [1]}, alt="a", colours=n) for n in (None, 8))
    assert few.nbytes < all_.nbytes and few.size == all_.size == [288, 192]
    assert len(opened(few.frames[0]).convert("RGB").getcolors()) <= 8


@pytest.mark.parametrize("values", [[], ["a", 1], [1, 0], [0, 0]])
def test_an_axis_needs_rising_numbers_or_words(values):
    with pytest.raises(ValueError, match="axis 't'"):
        frame_slider(grey, {"t": values}, alt="a")


def test_what_cannot_be_shown_is_named():
    with pytest.raises(TypeError, match="ndarray"):
        frame_slider(lambda t: torch.zeros(8, 8).numpy(), {"t": [0.0]}, alt="a")
    with pytest.raises(ValueError, match=r"\(8, 8\)"):
        frame_slider(lambda t: torch.zeros(8, 8), {"t": [0.0]}, alt="a")


def test_it_describes_itself_in_a_line(slider):
    assert repr(slider) == "FrameSlider(t: 3, sign: 2; 3 pictures, 0 kB in a page)"


def test_a_module_stands_alone():
    source = (frames.HERE / "frames.mjs").read_text()
    assert "import " not in source.split("export default")[0].replace("important ", "")
    assert "getElementById" not in source and ".id =" not in source  # two on a page would collide
