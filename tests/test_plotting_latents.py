"""Figures of latent space."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest
import torch

from dcgan_lib.metrics.rates import Rate
from dcgan_lib.plotting import latents


@pytest.fixture(autouse=True)
def drawn():
    """Every figure of a test is drawn to the end, without a warning, and closed."""
    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    plt.close("all")


def faces(n: int) -> torch.Tensor:
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def words(fig) -> set[str]:
    figures = [fig, *fig.subfigs]
    return {text.get_text() for f in figures for ax in f.axes for text in (*ax.texts, ax.title)}


def test_every_image_has_its_caption():
    fig = latents.captioned(faces(3), ["a", "b\nb", "c"], nrow=2)
    assert {"a", "b\nb", "c"} <= words(fig)
    assert len(fig.axes) == 4  # two rows of two, the last place empty


def test_captions_for_other_than_the_images_are_refused():
    with pytest.raises(ValueError, match="2 captions for 3"):
        latents.captioned(faces(3), ["a", "b"])


def test_each_face_stands_below_its_norm():
    norms = {"n = 4": torch.randn(500, 4, generator=torch.Generator().manual_seed(0)).norm(dim=1)}
    fig = latents.norms_and_faces(norms, faces(3), [0.0, 2.0, 4.0])
    above, below = fig.axes[:2]
    assert above.get_xlim() == below.get_xlim() == (-1, 5)
    assert len(below.child_axes) == 3


def test_shares_show_the_truth_as_bars_and_the_intervals_as_dots():
    fig = latents.shares(["short", "long"], [0.7, 0.3], [Rate(60, 100), Rate(40, 100)])
    assert [bar.get_height() for bar in fig.axes[0].patches] == [0.7, 0.3]


def test_curves_are_named_at_their_ends_and_rates_have_bands():
    fig, ax = plt.subplots()
    latents.lines(ax, [1, 2], {"plain": [0.1, 0.2], "rated": [Rate(1, 4), Rate(3, 4)]}, ("blue", "red"))
    assert words(fig) >= {"plain", "rated"}
    assert len(ax.collections) == 1
    assert ax.lines[1].get_ydata() == pytest.approx([0.25, 0.75])


def test_the_ring_of_a_sheet_has_the_radius_that_was_asked_for():
    ax = latents.sheet_with_ring(faces(9), extent=2.0, radius=1.5).axes[0]
    assert ax.get_xlim() == (-3, 3) and ax.get_ylim() == (3, -3)
    assert {circle.radius for circle in ax.patches} == {1.5}


def test_heat_maps_write_every_number_with_a_real_minus_sign():
    fig = latents.heat_maps({"m": torch.tensor([[1.0, -2.0], [-0.01, 0.5]])}, ["r", "s"], ["long_hair", "y"])
    assert words(fig) >= {"1.0", "\N{MINUS SIGN}2.0", "0.0", "0.5", "m"}
    assert [label.get_text() for label in fig.axes[0].get_xticklabels()] == ["long hair", "y"]


def test_distances_are_drawn_as_rising_shares():
    distances = {"unseen": torch.tensor([0.3, 0.1, 0.2]), "made": torch.tensor([0.2, 0.4])}
    fig = latents.neighbours_figure({"above": faces(3), "below": faces(3)}, distances, "distance")
    curve = fig.axes[1].lines[0]
    assert curve.get_xdata() == pytest.approx([0.1, 0.2, 0.3]) and curve.get_ydata() == pytest.approx([0, 0.5, 1])
