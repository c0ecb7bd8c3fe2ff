"""Densities on a line and the Dirac-GAN, against closed forms and SciPy."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import integrate as scipy_integrate
from scipy import stats

from dcgan_lib import losses, theory
from dcgan_lib.theory import DiracGame, dirac

X = theory.line(-12, 14, 5200)
SHIFTED = theory.normal(X, 0, 1), theory.normal(X, 2.3, 1.4)


def scipy_mean(p, function) -> float:
    """The mean of a function under a frozen SciPy distribution, by adaptive quadrature."""
    return scipy_integrate.quad(lambda x: p.pdf(x) * function(x), -12, 14, limit=200)[0]


def test_densities_are_those_of_scipy_and_have_mass_one():
    np.testing.assert_allclose(theory.normal(X, 2.3, 1.4), stats.norm(2.3, 1.4).pdf(X), rtol=1e-12)
    for density in (SHIFTED[1], theory.uniform(X, 1, 3), theory.uniform(X, 1, 3, noise=0.4)):
        assert theory.integrate(density, X).item() == pytest.approx(1, abs=1e-6)


def test_noise_on_a_uniform_variable_is_a_convolution():
    ours = theory.uniform(torch.tensor([0.2, 1.7], dtype=torch.float64), 0, 2, noise=0.6)
    by_hand = [scipy_integrate.quad(lambda u, x=x: stats.norm(u, 0.6).pdf(x) / 2, 0, 2)[0] for x in (0.2, 1.7)]
    np.testing.assert_allclose(ours, by_hand, rtol=1e-9)


def test_kl_of_two_gaussians_has_its_closed_form():
    p, q = SHIFTED
    closed = math.log(1.4) + (1 + 2.3**2) / (2 * 1.4**2) - 0.5
    assert theory.kl(p, q, X).item() == pytest.approx(closed, rel=1e-9)


def test_kl_is_infinite_where_the_second_has_no_mass():
    assert theory.kl(theory.uniform(X, 0, 2), theory.uniform(X, 0, 1), X) == math.inf
    assert theory.kl(theory.uniform(X, 0, 1), theory.uniform(X, 0, 2), X).item() == pytest.approx(math.log(2))


def test_jsd_agrees_with_scipys_quadrature_and_is_symmetric():
    p, q = stats.norm(0, 1), stats.norm(2.3, 1.4)

    def average(x):
        return (p.pdf(x) + q.pdf(x)) / 2

    halves = [scipy_mean(d, lambda x, d=d: math.log(d.pdf(x) / average(x))) for d in (p, q)]
    assert theory.jsd(*SHIFTED, X).item() == pytest.approx(sum(halves) / 2, abs=1e-9)
    assert theory.jsd(*SHIFTED, X).item() == pytest.approx(theory.jsd(*reversed(SHIFTED), X).item())


def test_jsd_lies_between_zero_and_log_2():
    assert theory.jsd(SHIFTED[0], SHIFTED[0], X).item() == pytest.approx(0, abs=1e-12)
    assert theory.jsd(theory.uniform(X, 0, 1), theory.uniform(X, 3, 4), X).item() == pytest.approx(math.log(2))


def test_no_other_discriminator_beats_the_optimal_one():
    best = theory.optimal_logit(*SHIFTED)
    reached = theory.best_value(*SHIFTED, X)
    rng = torch.Generator().manual_seed(0)
    for size in (0.01, 0.3, 3.0):
        other = best + size * torch.randn(len(X), generator=rng, dtype=torch.float64)
        assert theory.value(other, *SHIFTED, X) < reached


def test_the_optimal_logit_is_the_logit_of_the_optimal_d_and_does_not_round():
    inner = (X > -3) & (X < 4)
    for targets in ((1, 0), (0.9, 0), (0.9, 0.1)):
        d = theory.optimal_d(*SHIFTED, *targets)
        torch.testing.assert_close(theory.optimal_logit(*SHIFTED, *targets)[inner], torch.logit(d)[inner])
    assert theory.optimal_logit(theory.normal(X), theory.normal(X, 9), 1, 0).isfinite().all()


def test_the_optimal_d_is_undefined_where_there_is_nothing():
    d = theory.optimal_d(theory.uniform(X, 0, 1), theory.uniform(X, 3, 4))
    assert d[(X > 1) & (X < 3)].isnan().all() and (d[(X > 0) & (X < 1)] == 1).all()


def test_the_value_counts_nothing_where_there_is_no_mass():
    p, q = theory.uniform(X, 0, 1), theory.uniform(X, 3, 4)
    assert theory.best_value(p, q, X).item() == pytest.approx(0, abs=1e-12)


def test_a_location_gradient_is_the_slope_of_the_mean_loss_of_shifted_fakes():
    theta, eps = 1.3, 1e-4
    logit = theory.optimal_logit(theory.normal(X), theory.normal(X, theta, 0.8))
    ours = theory.location_gradient(
        partial(losses.slope, losses.g_non_saturating), logit, theory.normal(X, theta, 0.8), X
    )

    def mean_loss(shift: float) -> torch.Tensor:
        return theory.integrate(theory.normal(X, shift, 0.8) * torch.nn.functional.softplus(-logit), X)

    assert ours.item() == pytest.approx(
        ((mean_loss(theta + eps) - mean_loss(theta - eps)) / (2 * eps)).item(), rel=1e-5
    )


def test_weights_of_a_mixture_must_add_up_to_one():
    with pytest.raises(ValueError, match=r"add up to 0\.8"):
        theory.mixture([0.5, 0.3], SHIFTED)


def test_a_line_has_a_direction():
    with pytest.raises(ValueError, match="low < high"):
        theory.line(1, 1)


# --- the Dirac-GAN


def dirac_losses(game: DiracGame, theta: torch.Tensor, psi: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What D and G minimise, from the library's own losses on the logits psi x; noise by its quadrature nodes."""
    names = {"saturating": "saturating", "non_saturating": "non_saturating", "wasserstein": "wasserstein"}
    d, g = losses.LOSSES[names[game.loss]]
    noise = game.noise * dirac.NODES
    parts = [
        (w, d((psi * e)[None], (psi * (theta + e))[None]), g((psi * (theta + e))[None]))
        for w, e in zip(dirac.WEIGHTS, noise)
    ]
    loss_d = sum(w * a for w, a, _ in parts) + game.r1 / 2 * psi**2
    return loss_d, sum(w * b for w, _, b in parts)


@pytest.mark.parametrize(
    "game",
    [DiracGame(), DiracGame("non_saturating"), DiracGame("wasserstein", r1=0.7), DiracGame(r1=0.4, noise=0.8)],
)
def test_the_field_is_minus_the_gradient_of_the_librarys_losses(game):
    theta, psi = torch.tensor([0.7, -1.2], dtype=torch.float64, requires_grad=True).unbind()
    loss_d, loss_g = dirac_losses(game, theta, psi)
    push_g, push_d = game.field(theta.detach(), psi.detach())
    torch.testing.assert_close(push_g, -torch.autograd.grad(loss_g, theta, retain_graph=True)[0])
    torch.testing.assert_close(push_d, -torch.autograd.grad(loss_d, psi)[0])


@pytest.mark.parametrize("method", dirac.METHODS)
def test_an_update_matrix_is_what_one_small_step_does(method):
    game, h = DiracGame(r1=0.3, lr_ratio=1.5), 0.4
    start = torch.tensor([2e-5, -1e-5], dtype=torch.float64)
    path = theory.trajectory(game, tuple(start.tolist()), h, 1, method)
    torch.testing.assert_close(path[1], theory.update_matrix(game, h, method) @ start, rtol=1e-4, atol=1e-12)


def test_simultaneous_steps_leave_and_damped_ones_come_to_rest():
    start = (0.6, 0.2)
    out = theory.trajectory(DiracGame(), start, 0.3, 400).norm(dim=1)
    damped = theory.trajectory(DiracGame(r1=1.0), start, 0.3, 400).norm(dim=1)
    assert (out.diff() > 0).all() and damped[-1] < 1e-6


def test_alternating_steps_stay_near_their_orbit():
    radius = theory.trajectory(DiracGame(), (0.6, 0.2), 0.3, 3000, "alternating").norm(dim=1)
    assert radius.min() > 0.5 and radius.max() < 0.75


def test_the_ring_of_the_non_saturating_game_has_its_radius():
    radius = theory.trajectory(DiracGame("non_saturating"), (0.4, 0.0), 0.2, 1500).norm(dim=1)[-200:].mean()
    assert radius.item() == pytest.approx(dirac.limit_radius(0.2), rel=0.01)


def test_unknown_games_and_methods_are_refused_by_name():
    with pytest.raises(ValueError, match="loss='hinge'"):
        DiracGame("hinge")
    with pytest.raises(ValueError, match="method='together'"):
        theory.trajectory(DiracGame(), (1, 1), 0.1, 1, "together")
    with pytest.raises(ValueError, match="cannot be negative"):
        DiracGame(r1=-1)
