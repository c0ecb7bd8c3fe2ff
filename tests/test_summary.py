"""The table of layers, against the modules themselves and counts known from elsewhere."""

import dataclasses

import pytest
import torch
from torch import nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Discriminator, Generator
from dcgan_lib.summary import summary


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("cfg", "params", "macs"),
    [
        (DCGANConfig(), (3_576_704, 2_765_568), (104_628_224, 103_817_216)),
        (DCGANConfig(ngf=128, ndf=128), (12_658_432, 11_036_160), (410_583_040, 408_961_024)),
        (DCGANConfig(image_size=32, ngf=32, ndf=32), (370_624, 167_808), (4_792_320, 4_587_520 + 2_048)),
    ],
)
def test_parameters_and_multiply_adds_are_the_known_ones(cfg, params, macs):
    pair = summary(cfg)
    assert (pair.G.params, pair.D.params) == params
    assert (pair.G.macs, pair.D.macs) == macs


TINY = DCGANConfig(image_size=16, ngf=4, ndf=3, nz=7)
CHANGES = [
    {},
    {"stem": "project", "head": "linear", "kernel": 5},
    {"batch_norm": "none", "hidden_units": 6},
    {"batch_norm": "everywhere", "upsample": "nearest", "downsample": "max_pool"},
    {"stem": "project", "hidden_units": 6, "activation_d": "relu", "activation_g": "leaky_relu"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_the_rows_add_up_to_the_module(changes):
    cfg = dataclasses.replace(TINY, **changes)
    for module in (Generator(cfg), Discriminator(cfg)):
        table = summary(module)
        assert table.params == parameters(module)
        assert sum(row.macs for row in table.rows) == table.macs > 0


def test_a_config_and_its_modules_give_the_same_table():
    cfg = DCGANConfig.paper(image_size=32, ngf=4, ndf=4)
    assert summary(Generator(cfg)) == summary(cfg).G
    assert summary(Discriminator(cfg)) == summary(cfg).D
    assert summary(cfg).params == summary(cfg).G.params + summary(cfg).D.params


def test_the_default_generator_is_the_table_of_the_usual_recipe_with_padding_1():
    rows = summary(DCGANConfig()).G.rows
    assert [row.shape for row in rows] == [(512, 4, 4), (256, 8, 8), (128, 16, 16), (64, 32, 32), (3, 64, 64)]
    assert [(r.kernel, r.stride, r.padding) for r in rows] == [(4, 1, 0)] + [(4, 2, 1)] * 4
    assert [row.then for row in rows] == ["batch norm, ReLU"] * 4 + ["tanh"]


def test_the_default_discriminator_ends_in_one_number_without_padding():
    rows = summary(DCGANConfig()).D.rows
    assert rows[0].then == "leaky ReLU"  # no batch norm on D's first layer
    assert (rows[-1].shape, rows[-1].kernel, rows[-1].stride, rows[-1].padding) == ((1, 1, 1), 4, 1, 0)


def test_multiply_adds_agree_with_a_count_by_hand():
    first, up = summary(Generator(DCGANConfig(image_size=16, ngf=2, nz=5, nc=1))).rows[:2]
    assert first.macs == 5 * 4 * 16  # each of 5 numbers times 4 maps of 4x4
    assert up.macs == 4 * 4 * 4 * 2 * 16  # each of 4 maps of 4x4 stamps 2 kernels of 4x4


def test_pooling_and_resizing_belong_to_their_convolution():
    pair = summary(DCGANConfig(image_size=16, upsample="nearest", downsample="max_pool"))
    assert pair.D.rows[0].then == "max pool, leaky ReLU"
    assert pair.D.rows[0].shape == (64, 8, 8)
    assert pair.G.rows[1].layer == "resize × 2, conv"
    assert pair.D.rows[0].macs == 64 * 3 * 9 * 16 * 16  # at full size: pooled away afterwards


def test_a_config_is_measured_without_making_its_weights():
    assert summary(DCGANConfig.paper(image_size=128, ngf=512, ndf=512)).params > 10**9


def test_measuring_leaves_the_module_as_it_was():
    G = Generator(DCGANConfig(image_size=16, ngf=4))
    before = {k: v.clone() for k, v in G.state_dict().items()}
    summary(G)
    assert G.training and all(torch.equal(v, before[k]) for k, v in G.state_dict().items())
    assert not any(m._forward_hooks for m in G.modules())


def test_text_and_html_show_every_row_and_the_totals():
    pair = summary(DCGANConfig())
    for text in (str(pair), pair._repr_html_()):
        assert "Generator, 64 × 64" in text and "Discriminator, 64 × 64" in text
        assert "512×4×4" in text and "3,576,704" in text and "103,817,216" in text
    assert pair._repr_html_().count("<tr>") == 2 * (2 + 5 + 1)
    assert len({len(line) for line in str(pair.G).splitlines()[1:]}) == 1  # columns stand under each other


def test_any_chain_of_the_same_kinds_of_layers_is_counted():
    chain = nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 36, 5))
    table = summary(chain, (1, 6, 6))
    assert table.params == parameters(chain)
    assert [row.shape for row in table.rows] == [(2, 6, 6), (5,)]


def test_a_stranger_needs_an_input_shape():
    with pytest.raises(TypeError, match="Linear is not ours: give input_shape"):
        summary(nn.Linear(2, 3))


def test_layers_that_are_not_counted_are_named():
    with pytest.raises(ValueError, match=r"6 parameters in layers that are not counted.*GroupNorm"):
        summary(nn.Sequential(nn.Conv2d(1, 3, 3), nn.GroupNorm(1, 3)), (1, 4, 4))


def test_output_padding_stands_beside_the_padding():
    assert summary(DCGANConfig.paper(image_size=16)).G.rows[1].cells()[5] == "2 (+1)"
