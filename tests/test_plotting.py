"""Figures."""

import matplotlib
import numpy as np
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from dcgan_lib import plotting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def images(n: int = 5, nc: int = 3, size: int = 4) -> torch.Tensor:
    return torch.rand(n, nc, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_a_grid_puts_each_image_in_its_place_with_white_between():
    sheet = plotting.grid(images(5), nrow=3)
    assert sheet.shape == (2 * 4 + 1, 3 * 4 + 2, 3)
    fifth = (images(5)[4].permute(1, 2, 0).numpy() + 1) / 2
    np.testing.assert_allclose(sheet[5:9, 5:9], fifth, atol=1e-6)
    assert (sheet[4] == 1).all() and (sheet[:, 4] == 1).all()
    assert (sheet[5:, 10:] == 1).all()  # the place of the sixth, which there is not


def test_a_grid_shows_minus_one_as_black_and_clips_what_lies_outside():
    sheet = plotting.grid(torch.tensor([-3.0, -1.0, 0.0, 1.0]).reshape(4, 1, 1, 1).expand(4, 1, 2, 2), nrow=4, gap=0)
    np.testing.assert_allclose(sheet[0, ::2, 0], [0, 0, 0.5, 1])


def test_grey_images_are_shown_with_equal_channels():
    sheet = plotting.grid(images(2, nc=1))
    assert (sheet[..., 0] == sheet[..., 1]).all() and (sheet[..., 1] == sheet[..., 2]).all()


def test_show_draws_every_pixel_as_a_square_without_axes():
    ax = plotting.show(images(), title="five").axes[0]
    assert ax.images[0].get_interpolation() == "nearest"
    assert not ax.axison
    assert ax.get_title(loc=matplotlib.rcParams["axes.titlelocation"]) == "five"


def test_show_draws_into_an_axes_that_is_given():
    fig, ax = plt.subplots()
    assert plotting.show(images(), ax=ax) is fig
    assert len(plt.get_fignums()) == 1


def test_one_image_without_its_batch_axis_is_answered_with_the_remedy():
    with pytest.raises(ValueError, match=r"\(3, 4, 4\).*images\[None\]"):
        plotting.show(images()[0])


def test_the_trailing_mean_is_short_at_first_and_never_looks_ahead():
    values = [4.0, 2.0, 6.0, 0.0]
    np.testing.assert_allclose(plotting.smooth(values, window=2), [4, 3, 4, 3])
    assert plotting.smooth(values + [100.0], window=2)[:4] == pytest.approx(plotting.smooth(values, window=2))


def test_a_history_is_drawn_with_every_line_named_at_its_end():
    steps = list(range(1, 60))
    history = {"step": steps} | {name: [0.5] * 59 for name in ("loss_d", "loss_g", "d_real", "d_fake")}
    fig = plotting.plot_history(history)
    said = {text.get_text() for ax in fig.axes for text in ax.texts}
    assert {"D", "G", "D(x)", "D(G(z))", "chance"} <= said
    assert fig.axes[1].get_ylim() == (0, 1)


def test_roles_have_different_colours_and_the_style_is_complete():
    assert len(set(plotting.ROLE.values())) == len(plotting.ROLE)
    with plt.rc_context():
        plotting.use_style()
        assert matplotlib.rcParams["image.interpolation"] == "nearest"
        assert matplotlib.rcParams["savefig.facecolor"] == "white"
