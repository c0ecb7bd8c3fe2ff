"""What single units of D look for: the windows they see, the images that excite them, guided backpropagation."""

import dataclasses

import pytest
import torch
from torch import nn

from dcgan_lib import units
from dcgan_lib.config import DCGANConfig
from dcgan_lib.data.images import Images
from dcgan_lib.models import Discriminator

TINY = DCGANConfig(image_size=32, nc=2, nz=6, ngf=4, ndf=4)


def network(**changes):
    torch.manual_seed(0)
    D = Discriminator(dataclasses.replace(TINY, **changes)).eval()
    for m in D.modules():
        if isinstance(m, nn.Conv2d):
            m.weight.data *= 10
    return D


def images(n=12, nc=2):
    rng = torch.Generator().manual_seed(1)
    return Images("noise", torch.randint(0, 256, (n, nc, 32, 32), generator=rng, dtype=torch.uint8))


# --- receptive fields ---


def test_the_fields_of_the_usual_recipe_are_4_10_22_and_46_pixels_wide():
    D = Discriminator(DCGANConfig(image_size=64, ndf=4))
    assert [units.receptive_field(D, k).size for k in range(4)] == [4, 10, 22, 46]
    assert units.receptive_field(D) == units.Field(46, 16, -15)


@pytest.mark.parametrize("changes", [{}, {"kernel": 5}, {"downsample": "max_pool"}, {"batch_norm": "none"}])
@pytest.mark.parametrize("layer", [0, 1])
def test_a_unit_feels_every_pixel_of_its_field_and_none_outside(changes, layer):
    D = network(**changes)
    x = torch.rand(64, 2, 32, 32, requires_grad=True)
    maps = D.features(x)[layer]
    place = maps.shape[-1] // 2
    felt = torch.autograd.grad(maps[:, :, place, place].sum(), x)[0].abs().sum((0, 1)) > 0
    first, end = units.receptive_field(D, layer).box(place)
    assert felt.nonzero().min() == first and felt.nonzero().max() == end - 1


# --- what excites them ---


def test_the_strongest_responses_are_those_of_a_search_one_by_one():
    D, some = network(), images()
    found = units.strongest(D, some, k=3, batch=5)
    maps = D.features(some.batch(slice(None)))[2]
    best = maps[:, 6].flatten(1).max(1).values.sort(descending=True)
    assert found.images[6].tolist() == best.indices[:3].tolist()
    image, row, column = (int(t[6, 0]) for t in (found.images, found.rows, found.columns))
    torch.testing.assert_close(maps[image, 6, row, column], found.values[6, 0])
    torch.testing.assert_close(best.values[0], found.values[6, 0])


def test_a_patch_is_the_field_of_the_place_that_answers_with_nothing_beyond_the_edge():
    D, some = network(), images()
    found = units.strongest(D, some, k=2, layer=1)
    patch = units.patches(D, some, found, unit=3, layer=1)
    assert patch.shape == (2, 2, 10, 10)
    top, left = (units.receptive_field(D, 1).box(int(t[3, 0]))[0] for t in (found.rows, found.columns))
    whole = nn.functional.pad(some.batch([int(found.images[3, 0])])[0], (20, 20, 20, 20))
    torch.testing.assert_close(patch[0], whole[:, top + 20 : top + 30, left + 20 : left + 30])


def test_a_patch_alone_excites_the_unit_as_the_whole_image_does():
    D, some = network(), images()
    found = units.strongest(D, some, k=1, layer=0)
    patch = units.patches(D, some, found, unit=2, layer=0)
    answer = nn.functional.leaky_relu(nn.functional.conv2d(patch, D.blocks[0][0].weight), 0.2)
    torch.testing.assert_close(answer[0, 2, 0, 0], found.values[2, 0])


# --- guided backpropagation ---


def by_hand(D, x, unit):
    """The rule written out for a network of two layers: back through each activation only what passes both tests."""
    first, norm, second = D.blocks[0][0], D.blocks[1][1], D.blocks[1][0]
    a = first(x)
    b = norm(second(nn.functional.leaky_relu(a, 0.2)))
    maps = nn.functional.leaky_relu(b, 0.2)
    places = maps[0, unit].flatten()
    signal = torch.zeros_like(b)
    signal[0, unit].view(-1)[places.argmax()] = 1
    signal = signal.clamp(min=0) * (b > 0)
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    signal = nn.functional.conv_transpose2d(signal * gain[:, None, None], second.weight, stride=2, padding=1)
    signal = signal.clamp(min=0) * (a > 0)
    return nn.functional.conv_transpose2d(signal, first.weight, stride=2, padding=1)


def test_guided_backpropagation_is_the_rule_written_out_by_hand():
    D = network(image_size=16)
    x = images(1).batch([0])[:, :, :16, :16]
    torch.testing.assert_close(units.guided(D, x, 5), by_hand(D, x, 5).detach())


def test_without_the_rule_it_is_the_gradient():
    D, x = network(), images(3).batch(slice(None))
    y = x.clone().requires_grad_()
    want = torch.autograd.grad(D.features(y)[2][:, 4].flatten(1).max(1).values.sum(), y)[0]
    torch.testing.assert_close(units.guided(D, x, 4, rule="gradient"), want)
    assert not torch.allclose(units.guided(D, x, 4), want)


def test_looking_leaves_the_network_and_its_mode_as_they_were():
    D, x = network().train(), images(3).batch(slice(None))
    before = {name: value.clone() for name, value in D.state_dict().items()}
    units.guided(D, x, 0), units.strongest(D, images(), k=2)
    assert D.training and all(torch.equal(value, before[name]) for name, value in D.state_dict().items())
    assert all("forward" not in vars(m) for m in D.modules())


def test_the_pixels_that_excite_a_unit_lie_in_its_field():
    D, x = network(), images(1).batch([0])
    found = units.strongest(D, images(1), k=1, layer=1)
    (top, bottom), (left, right) = (units.receptive_field(D, 1).box(int(t[2, 0])) for t in (found.rows, found.columns))
    picture = units.guided(D, x, 2, layer=1)[0].clone()
    assert picture.abs().sum() > 0
    picture[:, max(top, 0) : bottom, max(left, 0) : right] = 0
    assert picture.abs().sum() == 0


def test_focus_is_a_tenth_where_all_pixels_count_alike_and_one_where_few_do():
    even, point = torch.ones(1, 3, 10, 10), torch.zeros(1, 3, 10, 10)
    point[0, 1, 4, 4] = -2
    assert units.focus(torch.cat([even, point])).tolist() == pytest.approx([0.1, 1.0])


def test_what_does_not_exist_is_named():
    D, x = network(), images(1).batch([0])
    with pytest.raises(ValueError, match="layer=3: this discriminator has the convolutional layers 0 to 2"):
        units.receptive_field(D, 3)
    with pytest.raises(ValueError, match="unit=16: layer -1 has the units 0 to 15"):
        units.guided(D, x, 16)
    with pytest.raises(ValueError, match="rule='deconvnet': choose one of guided, gradient"):
        units.guided(D, x, 0, rule="deconvnet")
    with pytest.raises(ValueError, match="k=13: there are 12 images"):
        units.strongest(D, images(), k=13)
