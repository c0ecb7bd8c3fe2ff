"""Signal, gradients and patterns, on cases where the answer is known."""

import dataclasses

import pytest
import torch

from dcgan_lib import inspect
from dcgan_lib.config import DCGANConfig
from dcgan_lib.fold import fold
from dcgan_lib.models import Discriminator, Generator

TINY = DCGANConfig(image_size=16, nc=3, nz=6, ngf=8, ndf=8)


def pair(**changes):
    torch.manual_seed(0)
    cfg = dataclasses.replace(TINY, **changes)
    return Generator(cfg), Discriminator(cfg)


def test_without_batch_norm_the_signal_dies_on_its_way_through_a_new_generator():
    z = torch.randn(32, 6)
    with_norm, without = (inspect.signal(pair(batch_norm=b)[0], z) for b in ("dcgan", "none"))
    assert len(with_norm) == 3
    assert without[1] < without[0] / 2 and without[-1] < 1e-3 < with_norm[-1]


def test_the_gradient_has_one_norm_for_each_block_and_is_what_backward_gives():
    G, D = pair()
    z = torch.randn(8, 6)
    norms = inspect.gradient(G, D, z)
    torch.nn.functional.softplus(-D(G(z))).mean().backward()
    want = [inspect.block_weight(block).grad.norm().item() for block in G.blocks]
    assert norms == pytest.approx(want, rel=1e-4)


def test_looking_changes_nothing():
    G, D = pair()
    before = [b.clone() for net in (G, D) for b in net.buffers()]
    z, x = torch.randn(8, 6), torch.randn(8, 3, 16, 16)
    inspect.signal(G, z), inspect.gradient(G, D, z), inspect.image_gradient(D, x), inspect.reached(D, x)
    after = [b for net in (G, D) for b in net.buffers()]
    assert all(torch.equal(a, b) for a, b in zip(before, after))
    assert all(p.grad is None for p in [*G.parameters(), *D.parameters()])


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        ({}, 0.999, 1),
        ({"downsample": "max_pool"}, 0.24, 0.2501),
        ({"activation_d": "relu"}, 0.3, 0.7),
    ],
)
def test_the_gradient_reaches_all_outputs_one_of_four_or_the_positive_ones(changes, low, high):
    _, D = pair(**changes)
    assert low <= inspect.reached(D, torch.rand(8, 3, 16, 16) * 2 - 1) <= high


def test_the_image_gradient_is_the_slope_of_the_score():
    _, D = pair()
    D, x = D.eval(), torch.rand(2, 3, 16, 16)
    step = torch.zeros_like(x)
    step[0, 1, 5, 7] = 1e-2
    slope = (D(x + step) - D(x - step))[0] / 2e-2
    assert inspect.image_gradient(D, x)[0, 1, 5, 7].item() == pytest.approx(slope.item(), rel=0.05)


def test_a_chequerboard_is_all_chequer_and_noise_or_an_edge_hardly_any():
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    board = ((-1.0) ** (x + y)).expand(1, 3, 16, 16)
    stripes = ((-1.0) ** x).expand(1, 3, 16, 16)
    edge = (x > 7).float().expand(1, 3, 16, 16)
    noise = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert inspect.chequer(board).item() == pytest.approx(1)
    assert inspect.chequer(stripes).item() == pytest.approx(1)
    assert inspect.chequer(edge).item() == 0
    assert inspect.chequer(noise).item() < 0.1


# --- maps that are switched off


def trained_looking(**changes):
    """In eval mode, and with statistics of its own: a new generator's images are all but grey."""
    G, _ = pair(**changes)
    for _ in range(20):
        G(torch.randn(16, 6))
    return G.eval()


def test_layers_are_the_sides_of_the_maps_with_their_numbers():
    assert inspect.layers(pair()[0]) == {4: 16, 8: 8}


@torch.no_grad()
def test_dropped_maps_are_zero_for_the_next_layer_and_only_within():
    G, z = trained_looking(), torch.randn(3, 6)
    first, _, image = G.features(z)
    with inspect.dropped(G, {4: [1, 5], 8: [0]}):
        off_first, off_second, off_image = G.features(z)
    assert (first[:, [1, 5]] > 0).any() and not off_first[:, [1, 5]].any() and not off_second[:, 0].any()
    assert torch.equal(off_first[:, [0, 2, 3, 4]], first[:, [0, 2, 3, 4]])
    by_hand = first.clone()
    by_hand[:, [1, 5]] = 0
    by_hand = G.blocks[1](by_hand)
    by_hand[:, 0] = 0
    torch.testing.assert_close(off_image, G.blocks[2](by_hand))
    assert torch.equal(G(z), image)


@torch.no_grad()
def test_a_scaled_map_is_that_much_stronger_in_a_folded_generator_too():
    z = torch.randn(3, 6)
    for G in (trained_looking(), fold(trained_looking())):
        plain = G.features(z)[0]
        with inspect.scaled(G, {4: {2: 1.5}}):
            torch.testing.assert_close(G.features(z)[0][:, 2], 1.5 * plain[:, 2])


@torch.no_grad()
def test_the_effect_of_a_map_is_the_change_of_the_image_without_it():
    G, z = trained_looking(), torch.randn(2, 6)
    for side, maps in inspect.layers(G).items():
        found = inspect.effects(G, z, side)
        assert found.shape == (2, maps)
        with inspect.dropped(G, {side: [3]}):
            without = G(z)
        torch.testing.assert_close(found[:, 3], (without - G(z)).abs().mean((1, 2, 3)))


def test_a_layer_or_map_that_is_not_there_is_named():
    G = trained_looking()
    with pytest.raises(ValueError, match="layer 16: this generator has maps of side 4, 8"):
        inspect.effects(G, torch.randn(1, 6), 16)
    with (
        pytest.raises(ValueError, match="map 8 of layer 8: it has the maps 0 to 7"),
        inspect.dropped(G, {4: [1], 8: [8]}),
    ):
        pass
    assert not any(block._forward_hooks for block in G.blocks)  # nothing stays behind
