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


# --- momentum, clipping, and the closed forms beside the simulation

EVERY_WAY = [
    (DiracGame(), 0.3, "simultaneous", 0.0),
    (DiracGame(), 0.9, "alternating", -0.5),
    (DiracGame("non_saturating", r1=0.7), 0.6, "simultaneous", 0.4),
    (DiracGame("wasserstein", r1=0.2, lr_ratio=1.5), 0.5, "alternating", 0.3),
    (DiracGame("saturating", noise=0.8, r1=0.1), 0.4, "alternating", 0.0),
    (DiracGame("non_saturating", noise=1.3), 1.1, "simultaneous", -0.7),
]


@pytest.mark.parametrize("game, h, method, momentum", EVERY_WAY)
def test_an_update_matrix_is_the_derivative_of_a_step(game, h, method, momentum):
    way = dirac.Steps(h, method, momentum)
    derivative = torch.autograd.functional.jacobian(
        lambda state: way.take(game, state), torch.zeros(4, dtype=torch.float64)
    )
    matrix = theory.update_matrix(game, h, method, momentum)
    torch.testing.assert_close(matrix, derivative if momentum else derivative[:2, :2])


@pytest.mark.parametrize("game, h, method, momentum", EVERY_WAY)
def test_steps_near_rest_grow_by_the_largest_eigenvalue(game, h, method, momentum):
    largest = theory.eigenvalues(theory.update_matrix(game, h, method, momentum)).abs().max().item()
    assert theory.growth(game, h, method, momentum) == pytest.approx(largest, rel=2e-4)


def test_heavy_ball_is_torchs_momentum():
    game, h, beta = DiracGame("non_saturating", r1=0.2), 0.3, 0.6
    theta, psi = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.8, -0.5))
    optimiser = torch.optim.SGD([theta, psi], lr=h, momentum=beta)
    for _ in range(20):
        theta.grad, psi.grad = (-push.detach() for push in game.field(theta, psi))
        optimiser.step()
    ours = theory.trajectory(game, (0.8, -0.5), h, 20, momentum=beta)[-1]
    torch.testing.assert_close(ours, torch.stack([theta, psi]).detach())


@pytest.mark.parametrize("method", dirac.METHODS)
def test_the_characteristic_equation_with_momentum(method):
    """P (P + h g) + c^2 = 0, alternating P (P + h g) + c^2 l = 0, where P = (l - 1)(l - beta) / l and c = h f'(0)."""
    h, beta, g, slope = 0.7, -0.35, 0.4, 0.5
    for root in theory.eigenvalues(theory.update_matrix(DiracGame(r1=g), h, method, beta)):
        p = (root - 1) * (root - beta) / root
        rest = p * (p + h * g) + (h * slope) ** 2 * (root if method == "alternating" else 1)
        assert rest.abs() < 1e-12


def test_undamped_simultaneous_steps_leave_with_any_momentum():
    for beta in np.linspace(-0.9, 0.9, 13):
        for h in np.geomspace(0.05, 6, 12):
            assert theory.eigenvalues(theory.update_matrix(DiracGame(), h, momentum=beta)).abs().max() > 1


def test_undamped_alternating_steps_rest_with_negative_momentum_below_a_border():
    for beta in (-0.9, -0.6, -0.3, -0.05, 0.1, 0.5, 0.9):
        border = 4 * (1 + beta)  # of h: there h f'(0) = 2 (1 + beta)
        for h in border * np.array([0.02, 0.3, 0.7, 0.99, 1.01, 1.5]):
            size = theory.eigenvalues(theory.update_matrix(DiracGame(), h, "alternating", beta)).abs().max()
            assert (size < 1) == (beta < 0 and h < border)


def test_damped_steps_have_the_moduli_and_borders_that_are_said_of_them():
    slope = 0.5
    for g in (0.1, 0.4, 0.8):
        for h in (0.1, 0.5, 1.5):  # they turn: the eigenvalues are a pair
            for method, squared in (
                ("simultaneous", 1 - h * g + (h * slope) ** 2),
                ("alternating", 1 - h * g),
            ):
                if method == "alternating" and g > slope * (2 - h * slope):
                    continue
                sizes = theory.eigenvalues(theory.update_matrix(DiracGame(r1=g), h, method)).abs()
                torch.testing.assert_close(sizes, torch.full_like(sizes, math.sqrt(squared)))
    for h in (0.2, 1.1, 2.3):
        c = h * slope
        for method, critical in (("simultaneous", 2 * slope), ("alternating", slope * (2 - c))):
            pair = theory.eigenvalues(theory.update_matrix(DiracGame(r1=critical), h, method))
            assert (pair[0] - pair[1]).abs() < 1e-6
        border = (4 - c**2) / (2 * h)  # alternating steps overshoot beyond it
        below, above = (
            theory.eigenvalues(theory.update_matrix(DiracGame(r1=border * by), h, "alternating")).abs().max()
            for by in (0.98, 1.02)
        )
        assert below < 1 < above


@pytest.mark.parametrize("game", [DiracGame("wasserstein"), DiracGame("wasserstein", r1=0.6)])
def test_the_linear_flow_is_the_wasserstein_games(game):
    times = np.linspace(0, 9, 7)
    flow = solve_flow(game, (0.8, -0.6), times)
    torch.testing.assert_close(theory.linear_flow(game, (0.8, -0.6), torch.tensor(times)), flow, rtol=0, atol=1e-7)


def test_the_saturating_flow_stays_on_its_circle_and_near_rest_flows_are_linear():
    times = np.linspace(0, 30, 11)
    radius = solve_flow(DiracGame(), (1.1, -0.4), times).norm(dim=1)
    torch.testing.assert_close(radius, torch.full_like(radius, math.hypot(1.1, 0.4)), rtol=0, atol=1e-7)
    for game in (DiracGame(r1=0.3), DiracGame("non_saturating", noise=0.7)):
        near = (1e-3, -4e-4)
        torch.testing.assert_close(
            theory.linear_flow(game, near, torch.tensor(times)), solve_flow(game, near, times), rtol=0, atol=1e-8
        )


def solve_flow(game: DiracGame, start: tuple[float, float], times: np.ndarray) -> torch.Tensor:
    """The field's flow by SciPy's Runge-Kutta."""

    def field(_, position):
        return torch.stack(game.field(*torch.from_numpy(position))).numpy()

    solved = scipy_integrate.solve_ivp(field, (times[0], times[-1]), start, t_eval=times, rtol=1e-10, atol=1e-13)
    return torch.from_numpy(solved.y.T)


def test_clipping_keeps_psi_and_ends_on_a_loop_of_about_its_size():
    path = theory.trajectory(DiracGame("wasserstein", clip=0.5), (2.0, 0.1), 0.02, 4000)
    assert path[1:, 1].abs().max() <= 0.5
    late = path[-400:].norm(dim=1)
    assert late.min() > 0.49 and late.max() < 0.53


def test_a_path_ends_where_it_is_too_far_off():
    path = theory.trajectory(DiracGame("wasserstein"), (1, 0), 3.0, 400, until=1e6)
    assert len(path) < 20 and path[-2].norm() <= 1e6 < path[-1].norm()


def test_steps_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="between -1 and 1"):
        dirac.Steps(0.1, momentum=1.0)
    with pytest.raises(ValueError, match="h must be positive"):
        dirac.Steps(0.0)
    with pytest.raises(ValueError, match="clip must be positive"):
        DiracGame(clip=0)
