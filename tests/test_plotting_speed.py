"""Figures of speed: what stands in them."""

import matplotlib.pyplot as plt
import pytest

from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.plotting import D_COLOUR, G_COLOUR
from dcgan_lib.plotting.speed import Point, layer_points, plot_ratios, plot_roofline, step_points

STEPS = {
    "image_size": 32,
    "width": 32,
    "batch": 128,
    "rows": [
        {"form": "reference", "precision": "fp32", "gflops": 60.0, "x": 1.0, "of_the_floor": 0.4},
        {"form": "fast, bf16", "precision": "bf16", "gflops": 150.0, "x": 2.5, "of_the_floor": 0.33},
    ],
}
LAYERS = {
    "rows": [
        {"layer": "g2", "form": "usual", "gflops": 90.0, "flops_per_byte": 60.0},
        {"layer": "d4", "form": "product", "gflops": 120.0, "flops_per_byte": 60.0},
    ]
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_whole_steps_lie_at_the_operations_and_bytes_of_their_count():
    reference, fast = step_points(STEPS)
    counted = cost(DCGANConfig(image_size=32, ngf=32, ndf=32))
    assert reference.intensity == counted.flops(128) / counted.step_traffic(128, 4)
    assert fast.intensity == counted.flops(128) / counted.step_traffic(128, 2) > reference.intensity
    assert [p.label for p in step_points(STEPS, ["fast, bf16"])] == ["fast, bf16"]


def test_layers_have_the_colour_of_their_player_and_products_are_hollow():
    g2, d4 = layer_points(LAYERS)
    assert (g2.colour, d4.colour) == (G_COLOUR, D_COLOUR)
    assert (g2.hollow, d4.hollow) == (False, True)


def test_the_roof_rises_with_the_bandwidth_and_is_flat_at_each_peak():
    ax = plot_roofline({"fp32": 180.0, "bf16": 400.0}, 20.0, step_points(STEPS)).axes[0]
    slope, fp32, bf16 = (line.get_xydata() for line in ax.lines[:3])
    assert slope[:, 1] == pytest.approx(20 * slope[:, 0])
    assert tuple(fp32[0]) == (9, 180) and tuple(bf16[0]) == tuple(slope[1]) == (20, 400)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert {"memory, 20 GB/s", "fp32 products, 180 GFLOP/s", "reference", "fast, bf16"} <= set(texts(ax))


def test_every_point_and_the_corner_of_every_roof_lie_in_the_picture():
    points = [Point("low", 0.5, 3.0), Point("high", 300.0, 170.0)]
    ax = plot_roofline({"fp32": 180.0}, 20.0, points).axes[0]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert all(left < x < right and bottom < y < top for x, y in [(0.5, 3), (300, 170), (9, 180)])


def test_labels_of_neighbours_are_moved_apart():
    ax = plot_roofline({"fp32": 180.0}, 20.0, [Point(name, 60, 100) for name in "abc"]).axes[0]
    places = {text.get_text(): text.xyann for text in ax.texts if text.get_text() in "abc"}
    assert len(set(places.values())) == 3


def test_a_name_at_the_right_edge_is_written_to_the_left_of_its_dot():
    ax = plot_roofline({"fp32": 180.0}, 20.0, [Point("a", 1, 10), Point("a name that is rather long", 300, 100)]).axes[
        0
    ]
    ends = {text.get_text(): text.get_ha() for text in ax.texts}
    assert (ends["a"], ends["a name that is rather long"]) == ("left", "right")


def test_the_picture_says_what_hollow_dots_are_where_there_are_some():
    with_some = texts(plot_roofline({"fp32": 180.0}, 20.0, layer_points(LAYERS)).axes[0])
    without = texts(plot_roofline({"fp32": 180.0}, 20.0, step_points(STEPS)).axes[0])
    assert "hollow: as one matrix product" in with_some and "hollow: as one matrix product" not in without


def test_bars_are_the_ratios_and_say_what_part_of_the_peak_they_are():
    ax = plot_ratios(STEPS["rows"], "32x32", floor=4.0).axes[0]
    assert [bar.get_width() for bar in ax.patches] == [1.0, 2.5]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["reference", "fast, bf16"]
    assert "2.50×  (33% of the peak)" in texts(ax)
    assert [line.get_xdata()[0] for line in ax.lines] == [1, 4]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no rows"):
        plot_ratios([])
    with pytest.raises(ValueError, match="0 peaks and 1 points"):
        plot_roofline({}, 20.0, [Point("a", 1, 1)])
