"""Figures of the theory and the small table."""

import math

import matplotlib
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from dcgan_lib import theory
from dcgan_lib.plotting import dirac as dirac_figures
from dcgan_lib.plotting import losses as loss_figures
from dcgan_lib.plotting import theory as figures
from dcgan_lib.plotting.table import Table
from dcgan_lib.theory import DiracGame, trajectory
from dcgan_lib.theory.dirac import Steps


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def title(ax) -> str:
    """Wherever the style puts it."""
    return ax.get_title("left") + ax.get_title()


def lines(fig) -> list:
    return [line for ax in fig.axes for line in ax.get_lines()]


def test_each_top_of_the_pointwise_figure_is_at_the_share_of_the_data():
    tops = [line.get_xdata()[0] for line in lines(figures.plot_pointwise([(1, 1), (3, 1)])) if line.get_marker() == "o"]
    assert tops == [0.5, 0.75]


@pytest.mark.parametrize("count, axes", [(1, 1), (2, 2), (6, 6)])
def test_pairs_are_drawn_with_no_empty_panel(count, axes):
    pair = (theory.normal(figures.X), theory.normal(figures.X, 1))
    fig = figures.plot_pairs({f"pair {i}": pair for i in range(count)}, figures.X)
    assert len(fig.axes) == 2 * axes  # each with an axis for D*


@pytest.mark.parametrize("draw", ["plot_gradients", "plot_smoothing", "plot_two_paths"])
def test_the_other_figures_are_drawn(draw):
    assert lines(getattr(figures, draw)())


def test_every_game_has_its_panel_with_three_curves_and_the_zero_line():
    assert [len(ax.get_lines()) for ax in loss_figures.plot_games().axes] == [4, 4, 4, 4]


def test_a_run_is_named_at_its_end():
    ax = plt.figure().gca()
    loss_figures.plot_descent({"a": torch.tensor([0.0, 1.0]), "b": torch.tensor([0.0, 5.0])}, 5, ax)
    assert {text.get_text() for text in ax.texts} == {"a", "b", "data"}


def test_the_stable_form_is_drawn_where_the_naive_one_ends():
    stable = torch.nn.functional.softplus
    left = loss_figures.plot_stable(lambda logit: -torch.log(1 - torch.sigmoid(logit)), stable).axes[0].get_lines()
    assert max(left[0].get_ydata()) == pytest.approx(120) and not math.isfinite(left[1].get_ydata()[-1])


def test_noise_lowers_the_ceiling_of_two_bars():
    right = figures.plot_supports([0, 1.5]).axes[1].get_lines()
    assert right[0].get_ydata()[0] == pytest.approx(math.log(2)) and right[1].get_ydata()[0] < 0.6


def test_a_play_shows_the_path_and_the_modulus_of_a_step():
    game, way = DiracGame(), Steps(0.3)
    path = trajectory(game, (0.5, 0.0), 0.3, 10)
    fig = dirac_figures.plot_play(game, way, path)
    assert len(fig.axes[0].get_lines()[1].get_xdata()) == 11
    assert "1.011" in title(fig.axes[1])
    measured, predicted = (line.get_ydata()[-1] for line in fig.axes[1].get_lines())
    assert predicted == pytest.approx(measured, rel=0.02)


def test_eigenvalues_of_a_damped_game_lie_in_the_half_that_settles():
    fig = dirac_figures.plot_eigenvalues({"R1": DiracGame(r1=0.5)}, 0.3, torch.tensor([0.0, 1.0]))
    points = next(line for line in fig.axes[0].get_lines() if line.get_label() == "R1")
    assert (points.get_xdata() < 0).all()


def test_a_table_writes_numbers_as_a_reader_reads_them():
    table = Table(("name", "value"), [("a", -0.5), ("b", torch.tensor(-0.0)), ("c", math.inf), ("d", torch.tensor(-3))])
    assert [table.text(row[1]) for row in table.rows] == ["−0.5000", "0.0000", "∞", "−3"]
    assert repr(table).splitlines()[1] == "a     −0.5000"


def test_a_table_shows_itself_as_html_with_words_escaped():
    html = Table(("x < y", "n"), [("<b>", 1)])._repr_html_()
    assert "x &lt; y" in html and "&lt;b&gt;" in html and html.count("<tr>") == 2


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="3 cells for 2 heads"):
        Table(("a", "b"), [(1, 2, 3)])
