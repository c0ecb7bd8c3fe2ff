"""Other forms of the same layers: the same numbers, the same gradients, the same weights."""

import pytest
import torch
from torch import nn

from dcgan_lib import forms
from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Discriminator, Generator

LAYERS = {
    "down": (nn.Conv2d(6, 5, 4, 2, 1, bias=False), (3, 6, 8, 12), forms.ProductDown),
    "down with a bias": (nn.Conv2d(6, 5, 4, 2, 1), (3, 6, 8, 12), forms.ProductDown),
    "up": (nn.ConvTranspose2d(6, 5, 4, 2, 1, bias=False), (3, 6, 4, 6), forms.ProductUp),
    "up with a bias": (nn.ConvTranspose2d(6, 5, 4, 2, 1), (3, 6, 4, 6), forms.ProductUp),
    "stem": (nn.ConvTranspose2d(7, 5, 4, 1, 0, bias=False), (3, 7, 1, 1), forms.ProductStem),
    "head": (nn.Conv2d(6, 1, 4, 1, 0, bias=False), (3, 6, 4, 4), forms.ProductHead),
}


@pytest.fixture(params=LAYERS, ids=list(LAYERS))
def case(request):
    layer, shape, form = LAYERS[request.param]
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    return layer.double(), x, form


def test_the_product_is_the_convolution_in_double_precision(case):
    layer, x, form = case
    other = forms.other_form(layer)
    assert type(other) is form
    torch.testing.assert_close(other(x), layer(x), rtol=1e-12, atol=1e-12)


def test_the_products_gradients_are_the_convolutions(case):
    layer, x, _ = case
    grad = torch.randn_like(layer(x))
    wanted = [x, *layer.parameters()]
    theirs = torch.autograd.grad(layer(x), wanted, grad)
    ours = torch.autograd.grad(forms.other_form(layer)(x), wanted, grad)
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_channels_last_in_channels_last_out(case):
    layer, x, _ = case
    out = forms.other_form(layer)(x.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(out, layer(x), rtol=1e-12, atol=1e-12)
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_the_weights_are_the_same_tensors_under_the_same_names(case):
    layer, _, _ = case
    other = forms.other_form(layer)
    assert other.weight is layer.weight and other.bias is layer.bias
    assert list(other.state_dict()) == list(layer.state_dict())


def test_the_usual_form_comes_back(case):
    layer, x, _ = case
    back = forms.usual_form(forms.other_form(layer))
    assert type(back) is type(layer)
    assert torch.equal(back(x), layer(x))


def test_add_windows_is_the_transpose_of_windows():
    """<windows(x), y> = <x, add_windows(y)> for any x and y."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 8, 6, generator=rng, dtype=torch.float64)
    y = torch.randn(2 * 4 * 3, 48, generator=rng, dtype=torch.float64)
    torch.testing.assert_close((forms.windows(x) * y).sum(), (x * forms.add_windows(y, 2, 4, 3)).sum())


def test_autocast_reaches_the_products():
    layer = nn.Conv2d(6, 5, 4, 2, 1, bias=False)
    with torch.autocast("cpu", torch.bfloat16):
        assert forms.other_form(layer)(torch.randn(2, 6, 8, 8)).dtype == torch.bfloat16


def test_layers_of_another_kind_have_no_other_form():
    for layer in (nn.Conv2d(3, 4, 5, 2, 2), nn.Conv2d(3, 4, 3, 1, 1), nn.Linear(3, 4), nn.Conv2d(3, 4, 4, 1, "same")):
        assert forms.other_form(layer) is None
        assert forms.usual_form(layer) is layer


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_every_4x4_layer_of_the_networks_has_one(network):
    layers = [m for m in network(DCGANConfig(image_size=32, ngf=4, ndf=4)).modules() if hasattr(m, "kernel_size")]
    assert len(layers) == 4
    assert all(forms.other_form(layer) is not None for layer in layers)
