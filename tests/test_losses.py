"""Losses on logits."""

import math

import pytest
import torch
import torch.nn.functional as F

from dcgan_lib import losses

EXTREME = torch.tensor([-100.0, 100.0])


def logits(n: int = 7, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(n, generator=torch.Generator().manual_seed(seed))


def test_the_loss_of_d_is_torchs_cross_entropy_of_both_halves():
    real, fake = logits(seed=1), logits(5, seed=2)
    both = [F.binary_cross_entropy_with_logits(s, torch.full_like(s, target)) for s, target in ((real, 1), (fake, 0))]
    torch.testing.assert_close(losses.d_cross_entropy(real, fake), sum(both))


def test_smoothing_is_torchs_cross_entropy_with_a_softer_target_for_real_images_only():
    real, fake = logits(seed=1), logits(5, seed=2)
    soft = F.binary_cross_entropy_with_logits(real, torch.full_like(real, 0.9))
    hard = F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    torch.testing.assert_close(losses.d_cross_entropy(real, fake, real_target=0.9), soft + hard)


def test_at_chance_d_pays_two_log_2_and_g_log_2():
    zero = torch.zeros(4)
    assert losses.d_cross_entropy(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert losses.g_non_saturating(zero).item() == pytest.approx(math.log(2))
    assert losses.g_saturating(zero).item() == pytest.approx(-math.log(2))


def test_the_minimax_loss_of_g_is_minus_the_part_of_ds_loss_that_g_can_change():
    real, fake = logits(seed=1), logits(5, seed=2)
    without_fakes = F.softplus(-real).mean()
    torch.testing.assert_close(losses.g_saturating(fake), without_fakes - losses.d_cross_entropy(real, fake))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_every_loss_and_its_slope_are_finite_at_logits_of_a_hundred(name):
    d, g = losses.LOSSES[name]
    real, fake = EXTREME.clone().requires_grad_(), EXTREME.flip(0).clone().requires_grad_()
    total = d(real, fake) + g(fake)
    total.backward()
    assert total.isfinite() and real.grad.isfinite().all() and fake.grad.isfinite().all()


def test_the_cross_entropy_losses_are_right_at_logits_of_a_hundred():
    right, wrong = torch.tensor([100.0]), torch.tensor([-100.0])
    assert losses.d_cross_entropy(wrong, right).item() == pytest.approx(200)
    assert losses.d_cross_entropy(right, wrong).item() == pytest.approx(0, abs=1e-30)
    assert losses.g_non_saturating(wrong).item() == pytest.approx(100)
    assert losses.g_saturating(right).item() == pytest.approx(-100)
    assert losses.d_cross_entropy(right, wrong, real_target=0.9).item() == pytest.approx(10)


def test_the_saturating_loss_has_no_slope_where_d_is_sure_and_the_other_has_all_of_it():
    assert losses.slope(losses.g_saturating, EXTREME).tolist() == pytest.approx([0, -1])
    assert losses.slope(losses.g_non_saturating, EXTREME).tolist() == pytest.approx([-1, 0])


def test_a_slope_does_not_depend_on_the_size_of_the_batch():
    many = logits(6)
    torch.testing.assert_close(losses.slope(losses.g_least_squares, many), many - 1)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_every_loss_rewards_d_for_telling_apart_and_g_for_being_believed(name):
    d, g = losses.LOSSES[name]
    low, high = torch.tensor([-0.4]), torch.tensor([0.4])
    assert d(high, low) < d(low, high)
    assert g(high) < g(low)


def test_the_other_games_have_their_known_values():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.5])
    assert losses.d_least_squares(real, fake).item() == pytest.approx((1.25 / 2 + 4.25 / 2) / 2)
    assert losses.g_least_squares(fake).item() == pytest.approx((9.25 / 2) / 2)
    assert losses.d_wasserstein(real, fake).item() == pytest.approx(-0.75 - 1.25)
    assert losses.g_wasserstein(fake).item() == pytest.approx(0.75)
    assert losses.d_hinge(real, fake).item() == pytest.approx(0.5 / 2 + 1.5 / 2)


def test_a_target_above_one_has_no_lower_bound_and_one_below_has():
    far = torch.tensor([1e4])
    assert losses.d_cross_entropy(far, -far, real_target=1.05) < -400
    assert losses.d_cross_entropy(far, -far, real_target=0.95) > 400
