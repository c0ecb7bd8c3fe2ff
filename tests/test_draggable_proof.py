"""DraggableProof: its traits and the numbers of its densities, without a browser."""

import math

import pytest
import torch
import traitlets

from dcgan_lib.theory import Pair, Shape
from dcgan_lib.widgets import DraggableProof
from dcgan_lib.widgets.proof import HILLS, PRESETS, settings

BARS = tuple(HILLS)


def test_it_opens_on_two_bells_that_overlap_in_part():
    proof = DraggableProof()
    assert proof.preset == "shifted"
    assert proof.pair == Pair(Shape(mean=-1, bars=BARS), Shape(mean=1.5, bars=BARS))
    assert 0.1 < proof.readings["jsd"] < 0.6


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_opened_set_and_recognised(name):
    opened, moved = DraggableProof(name), DraggableProof(noise=1, data_kind="drawn", pointer="fakes")
    moved.preset = name
    assert opened.preset == moved.preset == name
    assert opened.readings == pytest.approx(moved.readings, nan_ok=True)


def test_what_the_reader_has_moved_is_no_preset():
    proof = DraggableProof("equal")
    proof.fakes_mean += 0.05
    assert proof.preset is None


def test_what_the_presets_show_is_what_they_are_named_for():
    read = {name: DraggableProof(name).readings for name in PRESETS}
    assert read["equal"]["value"] == pytest.approx(-math.log(4)) and read["equal"]["jsd"] == pytest.approx(0, abs=1e-12)
    assert read["disjoint blocks"]["jsd"] == pytest.approx(math.log(2))
    assert math.isnan(read["disjoint blocks"]["non_saturating"]) and read["disjoint blocks"]["saturating"] == 0
    assert max(abs(read["missed mode"][name]) for name in ("saturating", "non_saturating")) < 0.01
    assert read["one spike"]["kl_data_fakes"] > 10 * read["one spike"]["kl_fakes_data"]


def test_noise_on_disjoint_blocks_brings_both_slopes_back():
    read = DraggableProof("disjoint blocks", noise=1.5).readings
    assert read["saturating"] > 0.1 and read["non_saturating"] > 0.1 and read["jsd"] < 0.5


def test_the_landscape_is_the_value_wherever_the_fakes_stand():
    proof = DraggableProof("disjoint blocks")
    landscape = proof.landscape
    assert landscape.shape == (81,) and landscape.min().item() == pytest.approx(-math.log(4), abs=1e-9)
    assert (landscape[35:] == 0).all()  # from a mean of -0.5 on they do not meet
    proof.fakes_mean = -2.0
    assert landscape[20].item() == pytest.approx(proof.readings["value"])


def test_means_widths_and_noise_keep_to_the_steps_at_which_blocks_end_with_cells():
    proof = DraggableProof(data_mean=1.234, fakes_width=0.77, data_gap=1.04, noise=0.123)
    assert (proof.data_mean, proof.fakes_width, proof.data_gap, proof.noise) == (1.25, 0.8, 1.0, 0.1)


@pytest.mark.parametrize(
    "trait, value",
    [
        ("data_mean", 4.5),
        ("fakes_width", 0.1),
        ("data_gap", -1),
        ("noise", 3),
        ("fakes_kind", "cauchy"),
        ("data_bars", [1.0] * 23),
        ("data_bars", [0.0] * 24),
        ("fakes_bars", [-1.0] + [1.0] * 23),
        ("fakes_bars", [math.nan] + [1.0] * 23),
        ("pointer", "D"),
    ],
)
def test_what_it_cannot_show_is_refused_by_name(trait, value):
    with pytest.raises(traitlets.TraitError, match=trait):
        DraggableProof(**{trait: value})


def test_an_unknown_preset_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"'apart'.*'disjoint blocks'"):
        DraggableProof("apart")


def test_a_drawn_density_needs_no_unit():
    bars = [0.0] * 8 + [1.0, 2.0] + [0.0] * 14
    small = DraggableProof(data_kind="drawn", data_bars=bars)
    large = DraggableProof(data_kind="drawn", data_bars=[7 * bar for bar in bars])
    assert small.readings == pytest.approx(large.readings, nan_ok=True)
    p, _ = small.pair.densities
    assert p.max().item() == pytest.approx(2 / 3 / 0.5) and torch.isfinite(p).all()


def test_a_preset_names_each_trait_that_it_sets():
    assert set(settings("equal")) <= set(DraggableProof().keys)


def test_it_describes_itself_in_a_line():
    assert repr(DraggableProof("disjoint blocks")) == (
        "DraggableProof(value 0.0000, jsd 0.6931, kl_data_fakes inf, kl_fakes_data inf, saturating 0.0000, "
        "non_saturating nan)"
    )
