"""The sliced Wasserstein distance between sets of images."""

import pytest
import torch

from dcgan_lib.metrics.sliced import sliced_wasserstein


def noise(n=400, seed=0, scale=1.0):
    return torch.randn(n, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) * scale


def test_a_set_is_at_no_distance_from_itself_in_any_order():
    assert sliced_wasserstein(noise(), noise().flip(0)) == pytest.approx(0, abs=1e-6)


def test_a_shift_of_every_pixel_is_found_in_the_mean_over_directions():
    """Along a unit vector v the shift c of p pixels is c * sum(v), whose root mean square is c."""
    assert sliced_wasserstein(noise(), noise() + 0.3, directions=20_000) == pytest.approx(0.3, rel=0.03)


def test_a_collapsed_set_is_far_from_a_varied_one_with_the_same_mean():
    collapsed = torch.zeros_like(noise())
    assert sliced_wasserstein(noise(), collapsed) == pytest.approx(1.0, rel=0.05)  # the spread of each projection


def test_two_samples_of_one_distribution_are_closer_the_larger_they_are():
    small = sliced_wasserstein(noise(50, 1), noise(50, 2))
    assert sliced_wasserstein(noise(5000, 1), noise(5000, 2)) < small / 3


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match=r"\(400, 3, 4, 4\) and \(300, 3, 4, 4\)"):
        sliced_wasserstein(noise(), noise(300))


def test_the_mean_of_the_gaps_grows_in_step_with_a_shift_and_is_below_their_root_mean_square():
    near, far = (sliced_wasserstein(noise(), noise() + shift, power=1) for shift in (0.1, 0.2))
    assert far == pytest.approx(2 * near, rel=1e-3)
    assert near < sliced_wasserstein(noise(), noise() + 0.1)
