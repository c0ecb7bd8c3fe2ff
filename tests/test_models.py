"""Both networks: the paper's facts, shapes at every size, initial weights, variants, refusals."""

import dataclasses
import itertools

import pytest
import torch
from torch import nn

from dcgan_lib.config import CHOICES, DCGANConfig
from dcgan_lib.models import Discriminator, Generator, draw_z, init_weights

TINY = DCGANConfig(image_size=16, nc=2, nz=5, ngf=4, ndf=3)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def kinds(module, *types):
    return [m for m in module.modules() if isinstance(m, types)]


# --- the paper's facts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cfg", "g", "d"),
    [
        (DCGANConfig(ngf=64, ndf=64), 3_576_704, 2_765_568),
        (DCGANConfig(image_size=32, ngf=32, ndf=32), 370_624, 167_808),
        (DCGANConfig(ngf=128, ndf=128), 12_658_432, 11_036_160),
    ],
)
def test_parameter_counts(cfg, g, d):
    with torch.device("meta"):
        assert (parameters(Generator(cfg)), parameters(Discriminator(cfg))) == (g, d)


def test_the_papers_generator_projects_to_1024_maps_and_doubles_four_times_with_5x5_kernels():
    with torch.device("meta"):
        G = Generator(DCGANConfig.paper())
    (project,), ups = kinds(G, nn.Linear), kinds(G, nn.ConvTranspose2d)
    assert (project.in_features, project.out_features) == (100, 1024 * 4 * 4)
    assert [(m.in_channels, m.out_channels) for m in ups] == [(1024, 512), (512, 256), (256, 128), (128, 3)]
    assert {m.kernel_size for m in ups} == {(5, 5)} and {m.stride for m in ups} == {(2, 2)}


def test_there_is_no_pooling_and_no_hidden_linear_layer_by_default():
    for cfg in (DCGANConfig.torch(image_size=16), DCGANConfig.paper(image_size=16, ngf=4, ndf=4)):
        pair = nn.ModuleList([Generator(cfg), Discriminator(cfg)])
        assert not kinds(pair, nn.MaxPool2d, nn.AvgPool2d, nn.Upsample)
        assert len(kinds(pair, nn.Linear)) == (2 if cfg.stem == "project" else 0)  # the two ends, nothing between


def test_batch_norm_is_everywhere_but_at_gs_output_and_ds_input():
    G, D = Generator(TINY), Discriminator(TINY)
    assert [len(kinds(block, nn.BatchNorm2d)) for block in G.blocks] == [1, 1, 0]
    assert [len(kinds(block, nn.BatchNorm2d)) for block in D.blocks] == [0, 1, 0]


def test_relu_in_g_with_tanh_at_the_end_and_leaky_relu_in_d():
    G, D = Generator(TINY), Discriminator(TINY)
    assert [type(block[-1]) for block in G.blocks] == [nn.ReLU, nn.ReLU, nn.Tanh]
    assert [type(block[-1]) for block in D.blocks[:-1]] == [nn.LeakyReLU, nn.LeakyReLU]
    assert D.blocks[0][-1].negative_slope == 0.2


def test_no_bias_stands_in_front_of_a_batch_norm():
    assert all(m.bias is None for m in kinds(Generator(TINY), nn.ConvTranspose2d))
    assert all(m.bias is None for m in kinds(Discriminator(TINY), nn.Conv2d))


# --- shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [DCGANConfig.torch, DCGANConfig.paper])
@pytest.mark.parametrize("size", [16, 32, 64, 128])
def test_every_size_goes_from_z_to_an_image_to_a_score(size, named):
    cfg = named(image_size=size, nc=3, nz=7, ngf=2, ndf=2)
    images = Generator(cfg)(torch.randn(2, 7))
    assert images.shape == (2, 3, size, size)
    assert images.abs().max() <= 1
    assert Discriminator(cfg)(images).shape == (2,)


VARIED = ("stem", "head", "batch_norm", "upsample", "downsample", "activation_g", "activation_d")
ONE_CHANGE = [{name: value} for name in VARIED for value in CHOICES[name]] + [{"kernel": 5}, {"hidden_units": 6}]
PAIRS = [{"stem": "project", "hidden_units": 6}, {"head": "linear", "batch_norm": "none", "hidden_units": 6}]


@pytest.mark.parametrize("changes", ONE_CHANGE + PAIRS, ids=str)
def test_every_variant_runs_forth_and_back(changes):
    cfg = dataclasses.replace(TINY, **changes)
    G, D = Generator(cfg), Discriminator(cfg)
    D(G(torch.randn(3, 5))).sum().backward()
    for name, p in itertools.chain(G.named_parameters(), D.named_parameters()):
        assert p.grad is not None and p.grad.isfinite().all(), name


def test_features_halve_or_double_from_block_to_block():
    G, D = Generator(TINY), Discriminator(TINY)
    up = G.features(torch.randn(2, 5))
    assert [tuple(m.shape) for m in up] == [(2, 8, 4, 4), (2, 4, 8, 8), (2, 2, 16, 16)]
    assert [tuple(m.shape) for m in D.features(up[-1])] == [(2, 3, 8, 8), (2, 6, 4, 4), (2, 1, 1, 1)]


def test_z_may_come_as_images_of_one_pixel():
    G, z = Generator(TINY).eval(), torch.randn(3, 5)
    assert torch.equal(G(z), G(z[:, :, None, None]))


def test_both_stems_are_the_same_map_with_the_same_numbers():
    conv, project = (Generator(dataclasses.replace(TINY, stem=stem)).eval() for stem in ("conv", "project"))
    state = conv.state_dict()
    state["blocks.0.0.weight"] = state.pop("blocks.0.1.weight").flatten(1).T  # (nz, w, 4, 4) to (16 w, nz)
    project.load_state_dict(state)
    z = torch.randn(4, 5)
    assert torch.allclose(conv(z), project(z), atol=1e-6)


def test_both_heads_are_the_same_map_with_the_same_numbers():
    conv, linear = (Discriminator(dataclasses.replace(TINY, head=head)).eval() for head in ("conv", "linear"))
    state = conv.state_dict()
    state["blocks.2.1.weight"] = state.pop("blocks.2.0.weight").flatten(1)
    linear.load_state_dict(state)
    x = torch.randn(4, 2, 16, 16)
    assert torch.allclose(conv(x), linear(x), atol=1e-6)


# --- initial weights -------------------------------------------------------------------------------------------


def test_weights_begin_as_n_0_002_gains_as_n_1_002_and_biases_as_0():
    torch.manual_seed(0)
    pair = nn.ModuleList([net(DCGANConfig(ngf=16, ndf=16)) for net in (Generator, Discriminator)])
    convs, norms = kinds(pair, nn.Conv2d, nn.ConvTranspose2d), kinds(pair, nn.BatchNorm2d)
    weights = torch.cat([m.weight.flatten() for m in convs])
    gains = torch.cat([m.weight for m in norms])
    assert weights.mean().item() == pytest.approx(0, abs=2e-4)
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert gains.mean().item() == pytest.approx(1, abs=5e-3)
    assert gains.std().item() == pytest.approx(0.02, rel=0.15)
    assert all((m.bias == 0).all() for m in norms)


def test_linear_layers_and_biases_are_initialised_too():
    torch.manual_seed(0)
    linear = nn.Linear(100, 400)
    init_weights(linear)
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert (linear.bias == 0).all()


# --- z and samples ---------------------------------------------------------------------------------------------


def test_z_is_normal_or_uniform_in_minus_one_to_one():
    rng = torch.Generator().manual_seed(0)
    gaussian = draw_z(500, DCGANConfig(), rng)
    uniform = draw_z(500, DCGANConfig.paper(), rng)
    assert gaussian.std().item() == pytest.approx(1, abs=0.02) and gaussian.abs().max() > 3
    assert uniform.std().item() == pytest.approx(3**-0.5, abs=0.01) and uniform.abs().max() <= 1


def test_a_sample_depends_on_its_seed_alone_and_leaves_the_mode_as_it_was():
    G = Generator(TINY)
    assert torch.equal(G.sample(3, seed=4), G.sample(3, seed=4))
    assert not torch.equal(G.sample(3, seed=4), G.sample(3, seed=5))
    assert G.training


def test_in_evaluation_mode_an_image_alone_is_the_same_as_in_a_batch():
    G, z = Generator(TINY), torch.randn(9, 5)
    G(torch.randn(64, 5))  # running statistics that are not the initial ones
    assert torch.allclose(G.eval()(z[:1]), G(z)[:1], atol=1e-6)


def test_in_training_mode_the_rest_of_the_batch_changes_an_image():
    G, z = Generator(TINY), torch.randn(8, 5)
    alone, other = G(z)[0], G(torch.cat([z[:1], torch.randn(7, 5)]))[0]
    assert (alone - other).abs().max() > 1e-3


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_z_of_another_length_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"z has shape \(2, 6\): this generator wants \(n, 5\)"):
        Generator(TINY)(torch.randn(2, 6))


@pytest.mark.parametrize("shape", [(1, 2, 32, 32), (1, 3, 16, 16), (2, 16, 16)])
def test_images_of_another_shape_are_refused_with_both_shapes(shape):
    with pytest.raises(ValueError, match=r"images have shape .*this discriminator wants \(n, 2, 16, 16\)"):
        Discriminator(TINY)(torch.randn(*shape))
