"""A folded generator draws the same images with fewer layers."""

import pytest
import torch
from torch import nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.fold import ShuffleUp, fold
from dcgan_lib.models import Generator, draw_z

TINY = {"image_size": 32, "nz": 7, "ngf": 4, "ndf": 4}
VARIANTS = {
    "usual": {},
    "grey": {"nc": 1},
    "paper": {"kernel": 5, "stem": "project", "head": "linear", "latent": "uniform"},
    "project": {"stem": "project"},
    "hidden layer": {"hidden_units": 9},
    "norm everywhere": {"batch_norm": "everywhere"},
    "no norm": {"batch_norm": "none"},
    "nearest": {"upsample": "nearest"},
}


def lived_in(**changes):
    """A generator whose weights, statistics, gains and shifts are those of no fresh network."""
    cfg = DCGANConfig(**TINY | changes)
    torch.manual_seed(1)
    G = Generator(cfg)
    for m in G.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(m.weight, 0.5, 2)
            nn.init.normal_(m.bias)
        elif hasattr(m, "weight"):
            nn.init.normal_(m.weight, 0, 0.3)
    for _ in range(3):
        G(draw_z(16, cfg))
    return G.double().eval()


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=list(VARIANTS))
def test_the_images_are_those_of_evaluation_mode(changes):
    G = lived_in(**changes)
    z = draw_z(5, G.cfg, torch.Generator().manual_seed(2)).double()
    torch.testing.assert_close(fold(G, torch.float64)(z), G(z).float(), rtol=0, atol=1e-6)
    assert G(z).std() > 0.05


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=list(VARIANTS))
def test_no_batch_norm_is_left(changes):
    folded = fold(lived_in(**changes))
    assert not [m for m in folded.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]


def test_features_are_those_of_evaluation_mode():
    G = lived_in()
    z = draw_z(2, G.cfg, torch.Generator().manual_seed(2)).double()
    for ours, theirs in zip(fold(G, torch.float64).features(z), G.features(z), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_generator_stays_as_it_was():
    G = lived_in()
    before = {k: v.clone() for k, v in G.state_dict().items()}
    G.train()
    fold(G)
    assert G.training and all(torch.equal(v, before[k]) for k, v in G.state_dict().items())


def test_bfloat16_moves_a_pixel_by_less_than_one_level_on_average():
    G = lived_in().float()
    z = draw_z(64, G.cfg, torch.Generator().manual_seed(2))
    moved = (fold(G, torch.bfloat16)(z) - G(z)).abs()
    assert 0 < moved.mean() < 2 / 255


def test_a_seed_gives_the_sample_of_the_generator():
    G = lived_in().float()
    torch.testing.assert_close(fold(G).sample(4, seed=3), G.sample(4, seed=3), rtol=0, atol=1e-5)


def test_training_mode_changes_nothing():
    folded = fold(lived_in())
    assert not folded.train().training


def test_folding_twice_says_so():
    with pytest.raises(TypeError, match="folded already"):
        fold(fold(lived_in()))


def test_four_small_kernels_are_one_transposed_convolution():
    layer = nn.ConvTranspose2d(5, 3, 4, 2, 1).double()
    x = torch.randn(2, 5, 6, 8, dtype=torch.float64)
    torch.testing.assert_close(ShuffleUp(layer)(x), layer(x))
