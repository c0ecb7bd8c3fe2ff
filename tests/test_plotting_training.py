"""Figures of training: what stands in them."""

import matplotlib.pyplot as plt
import pytest
import torch

from dcgan_lib.plotting.training import (
    film_frame,
    named_rows,
    plot_instruments,
    plot_no_detach,
    plot_sweep,
    plot_targets,
    sweep_sheet,
)
from dcgan_lib.training.film import Film
from dcgan_lib.training.sweep import Trial

NAMES = ("loss_d", "loss_g", "d_real", "d_fake")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def film():
    film = Film(None, at=())
    film.entries = [{"step": i, **dict.fromkeys(NAMES, 0.5 + i / 100)} for i in range(1, 41)]
    film.images = {step: torch.zeros(12, 3, 16, 16) for step in (1, 20, 40)}
    return film


def trials():
    images = torch.zeros(64, 3, 16, 16)
    return [Trial(name, seed, [9], [0.1 + seed / 10], images, {}) for name in ("a", "b") for seed in (0, 1)]


def test_frames_of_one_film_have_the_same_size_and_axes():
    first, last = film_frame(film(), 1, last=40), film_frame(film(), 40, last=40)
    assert tuple(first.get_size_inches()) == tuple(last.get_size_inches())
    assert [ax.get_xlim() for ax in first.axes] == [ax.get_xlim() for ax in last.axes]


def test_a_frame_shows_the_curves_up_to_its_step_only():
    losses = film_frame(film(), 20, last=40).axes[1]
    assert [line.get_xdata()[-1] for line in losses.lines] == [20, 20]


def test_a_frame_enlarges_its_pictures_by_a_whole_number():
    width = film_frame(film(), 1).get_size_inches()[0] * 96
    assert width / (8 * 17 - 1) == pytest.approx(round(width / (8 * 17 - 1)))


def test_a_frame_is_not_kept_open():
    film_frame(film())
    assert not plt.get_fignums()


def test_labels_of_two_lines_that_end_together_are_moved_apart():
    losses = film_frame(film(), 40).axes[1]
    heights = [text.xy[1] for text in losses.texts]
    assert abs(heights[0] - heights[1]) >= 0.9


def test_a_sweep_has_a_row_for_each_variant_and_a_dot_for_each_seed():
    ax = plot_sweep(trials(), 0.05).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0.1, 0.2], [0.1, 0.2]]


def test_a_sweeps_sheet_shows_one_seed():
    fig = sweep_sheet(trials(), seed=1)
    assert [text.get_text() for text in fig.texts] == ["a", "b"]


def test_named_rows_line_up_at_the_left_whatever_their_length():
    fig = named_rows({"long": torch.zeros(6, 1, 16, 16), "short": torch.zeros(3, 3, 16, 16)})
    long, short = (ax.get_position() for ax in fig.axes)
    assert long.x0 == short.x0
    assert long.width == pytest.approx(2 * short.width)


def test_only_targets_below_one_have_a_lowest_point_marked():
    dots = [line for line in plot_targets((1.1, 1.0, 0.9)).axes[0].lines if line.get_marker() == "o"]
    assert len(dots) == 1
    assert dots[0].get_xdata()[0] == pytest.approx(2.197, abs=0.05)


def test_the_slope_without_detach_crosses_zero_where_d_is_undecided():
    detached, not_detached = plot_no_detach().axes[0].lines[:2]
    middle = len(detached.get_ydata()) // 2
    assert float(not_detached.get_ydata()[middle]) == pytest.approx(0, abs=1e-6)
    assert float(detached.get_ydata()[middle]) == pytest.approx(-0.5)


def test_the_instruments_show_the_floor():
    fig = plot_instruments(film().columns, {1: 0.5, 40: 0.2}, 0.04)
    assert [ax.get_title(loc="left") or ax.get_title() for ax in fig.axes][2] == "distance to real images"
    assert any(list(line.get_ydata()) == [0.04, 0.04] for line in fig.axes[2].lines)
