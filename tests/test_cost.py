"""Counts of a step: against counts made by hand, and against what torch sees the step do."""

import dataclasses

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.cost import cost
from dcgan_lib.peaks import copy_peak, matrix_peak
from dcgan_lib.training import Trainer

TINY = DCGANConfig(image_size=16, ngf=4, ndf=3, nz=7)
VARIANTS = [
    {},
    {"image_size": 32, "nc": 1},
    {"stem": "project", "head": "linear", "kernel": 5},
    {"batch_norm": "none", "hidden_units": 6},
    {"batch_norm": "everywhere", "upsample": "nearest", "downsample": "max_pool"},
    {"stem": "project", "hidden_units": 6, "downsample": "max_pool", "kernel": 5},
]


@pytest.mark.parametrize(
    ("size", "width", "params", "reference", "minimal", "inside"),
    [  # parameters of G and D; GFLOP for each image
        (64, 64, (3_576_704, 2_765_568), 2.482, 2.275, 1.965),
        (64, 128, (12_658_432, 11_036_160), 9.796, 8.978, 7.744),
        (32, 32, (370_624, 167_808), 0.109, 0.100, 0.083),
        (32, 64, (1_068_928, 663_296), 0.420, 0.385, 0.318),
    ],
)
def test_a_step_costs_what_was_counted_by_hand(size, width, params, reference, minimal, inside):
    found = cost(DCGANConfig(image_size=size, ngf=width, ndf=width))
    assert found.params == params
    assert found.flops(1, "reference") / 1e9 == pytest.approx(reference, abs=5e-4)
    assert found.flops(1) / 1e9 == pytest.approx(minimal, abs=5e-4)
    assert found.flops(1, inside=True) / 1e9 == pytest.approx(inside, abs=5e-4)


def test_the_layers_cost_what_was_counted_by_hand():
    found = cost(DCGANConfig())
    deep = 512 * 256 * 16 * 4 * 4  # every weight at every position of the smaller map
    assert [layer.macs for layer in found.G] == [100 * 512 * 16, deep, deep, deep, 64 * 3 * 16 * 32 * 32]
    assert [layer.macs for layer in found.D] == [3 * 64 * 16 * 32 * 32, deep, deep, deep, 512 * 16]
    assert found.activations == (135_168, 122_881)


def test_at_4x4_a_quarter_of_the_taps_meets_the_padding():
    deepest = cost(DCGANConfig()).D[3]
    assert deepest.macs_inside / deepest.macs == pytest.approx((14 / 16) ** 2)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_torch_sees_the_trainers_step_do_as_many_operations(changes):
    model, n = dataclasses.replace(TINY, **changes), 4
    trainer = Trainer(model, TrainConfig(batch_size=n), device="cpu")
    real = torch.rand(n, model.nc, model.image_size, model.image_size)
    with FlopCounterMode(display=False) as seen:
        trainer.step(real)
    assert seen.get_total_flops() == cost(model).flops(n)


def test_a_step_on_twice_the_images_costs_twice_and_its_floor_is_that_over_the_peak():
    found = cost(TINY)
    assert found.flops(8) == 2 * found.flops(4)
    assert found.floor(8, peak=1e9) == found.flops(8) / 1e9
    assert found.floor(8, 1e9, "reference") > found.floor(8, 1e9)


def test_a_pass_moves_its_input_its_weights_and_its_output():
    d1 = cost(DCGANConfig()).D[0]
    assert d1.traffic(batch=10, size=2) == 2 * (10 * (3 * 64 * 64 + 64 * 32 * 32) + 3 * 64 * 16)
    assert d1.intensity(10, 2) == 2 * 10 * d1.macs / d1.traffic(10, 2)


def test_a_step_moves_more_than_its_passes_forward_and_less_per_image_in_large_batches():
    found = cost(DCGANConfig())
    once = sum(layer.traffic(128) for layer in found.G + found.D)
    assert 5 * once < found.step_traffic(128) < 9 * once
    assert found.step_traffic(512) / 512 < found.step_traffic(128) / 128


def test_an_unknown_recipe_is_named():
    with pytest.raises(ValueError, match=r"'lazy'.*'minimal', 'reference'"):
        cost(TINY).step("lazy")


def test_peaks_are_positive_and_no_shape_lowers_them():
    small = matrix_peak(shapes=[(8, 8, 8)], seconds=0.01)
    assert 0 < small < matrix_peak(shapes=[(8, 8, 8), (256, 256, 256)], seconds=0.05)
    assert copy_peak(mebibytes=1, seconds=0.01) > 1e6
