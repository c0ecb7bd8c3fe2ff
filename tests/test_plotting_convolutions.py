"""The drawings of convolution arithmetic: what they count, and that they can be drawn at all."""

import matplotlib.pyplot as plt
import pytest
import torch

from dcgan_lib.config import DCGANConfig
from dcgan_lib.convolution import conv_matrix, overlap
from dcgan_lib.plotting import convolutions as draw
from dcgan_lib.summary import summary


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_windows_title_gives_the_size():
    (ax,) = draw.windows(8, 4, 2, 1).axes
    assert "= 4 outputs" in ax.get_title()


def test_inputs_that_no_window_reaches_are_hatched():
    (ax,) = draw.windows(8, 3, 2, 0).axes
    assert sum(bool(patch.get_hatch()) for patch in ax.patches) == 1


def test_all_stamps_together_count_the_overlap_map():
    _, right = draw.stamps(4, 5, 2, 2, done=16, output_padding=1).axes
    want = overlap(4, 5, 2, 0, 1, dims=2)
    assert torch.equal(torch.tensor(right.images[0].get_array().data), want)
    assert {t.get_text() for t in right.texts} == {"1", "2", "3", "4", "6", "9"}


def test_no_stamp_leaves_an_empty_canvas():
    _, right = draw.stamps(3, 4, 2, 1, done=0).axes
    assert not right.texts and right.images[0].get_array().max() == 0


def test_matrices_say_how_much_of_them_is_not_zero():
    (ax,) = draw.matrices({"C": conv_matrix(torch.ones(4), 8, 2, 1)}).axes
    assert ax.get_xlabel() == "4 × 8, 44% not zero"


@pytest.mark.parametrize(("kernel", "says"), [(4, "even"), (5, "uneven: 4 to 9")])
def test_overlap_maps_say_whether_they_are_even(kernel, says):
    assert draw.overlap_maps(9, kernel, 2).axes[1].get_title() == says


def test_cost_bars_have_a_bar_for_each_layer():
    pair = summary(DCGANConfig(image_size=16, ngf=4, ndf=4))
    assert [len(ax.patches) for ax in draw.cost_bars(pair).axes] == [3, 3, 3, 3]


def test_lines_and_maps_are_drawn_one_for_each_name():
    assert len(draw.lines({"a": [1, 2], "b": [3, 4]}, "block", "signal", log=True).axes[0].lines) == 2
    assert len(draw.maps({"a": torch.zeros(3, 3), "b": torch.ones(3, 3)}, kinds=["image", "signed"]).axes) == 2


def test_labels_that_would_overlap_are_moved_apart():
    (ax,) = draw.lines({"a": [0.0, 1.0], "b": [5.0, 1.001], "c": [2.0, 4.0]}, "step", "distance", x=[10, 20]).axes
    a, b, _ = (text.xyann[1] + 72 / ax.figure.dpi * ax.transData.transform(text.xy)[1] for text in ax.texts)
    assert abs(b - a) >= 10.9
    assert list(ax.lines[0].get_xdata()) == [10, 20]
