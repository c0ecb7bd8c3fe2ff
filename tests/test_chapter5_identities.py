"""Every displayed identity about latents, checked: by symbols where they suffice, else by many samples."""

import math

import pytest
import sympy
import torch

from dcgan_lib import latent
from dcgan_lib.metrics.arithmetic import combine


def gaussian(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_squared_normal_number_has_mean_1_and_variance_2():
    x = sympy.symbols("x", real=True)
    density = sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    mean = sympy.integrate(x**2 * density, (x, -sympy.oo, sympy.oo))
    fourth = sympy.integrate(x**4 * density, (x, -sympy.oo, sympy.oo))
    assert (mean, fourth - mean**2) == (1, 2)  # n of them: n and 2n


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_the_spread_of_the_norm_is_about_071_whatever_n_is(n):
    mean = math.sqrt(2) * math.exp(math.lgamma((n + 1) / 2) - math.lgamma(n / 2))  # of a chi variable
    assert math.sqrt(n - mean**2) == pytest.approx(math.sqrt(2 * n) / (2 * math.sqrt(n)), rel=0.03)
    assert mean == pytest.approx(math.sqrt(n), rel=0.03)


def test_uniform_latents_have_a_squared_norm_of_n_thirds_and_a_tighter_shell():
    x = sympy.symbols("x", real=True)
    mean, fourth = (sympy.integrate(x**p, (x, -1, 1)) / 2 for p in (2, 4))
    assert mean == sympy.Rational(1, 3)
    spread = math.sqrt(100 * (fourth - mean**2)) / (2 * math.sqrt(100 * mean))
    assert spread / math.sqrt(100 * mean) < math.sqrt(0.5) / 10  # relative to the radius
    norms = (torch.rand(20_000, 100, generator=torch.Generator().manual_seed(0)) * 2 - 1).norm(dim=1)
    assert norms.std().item() == pytest.approx(spread, rel=0.03)


def test_the_line_between_orthogonal_ends_has_the_displayed_norm():
    t, r = sympy.symbols("t r", positive=True)
    a, b = sympy.Matrix([r, 0]), sympy.Matrix([0, r])
    squared = ((1 - t) * a + t * b).dot((1 - t) * a + t * b)
    assert sympy.simplify(squared - ((1 - t) ** 2 + t**2) * r**2) == 0
    assert sympy.sqrt(squared.subs(t, sympy.Rational(1, 2))) == r / sympy.sqrt(2)


def test_slerp_is_a_rotation_by_t_times_the_angle():
    t, omega = sympy.symbols("t omega", positive=True)
    a, b = sympy.Matrix([1, 0]), sympy.Matrix([sympy.cos(omega), sympy.sin(omega)])
    arc = (sympy.sin((1 - t) * omega) * a + sympy.sin(t * omega) * b) / sympy.sin(omega)
    turned = sympy.Matrix([sympy.cos(t * omega), sympy.sin(t * omega)])
    difference = (arc - turned).subs({t: sympy.Rational(3, 10), omega: sympy.Rational(7, 5)})
    assert all(abs(entry.evalf()) < 1e-12 for entry in difference)


def test_the_library_follows_the_displayed_formula_for_ends_of_one_length():
    a, b = gaussian(2, 100)
    a, b = 10 * a / a.norm(), 10 * b / b.norm()
    omega = torch.acos(torch.cosine_similarity(a, b, dim=0))
    for t in (0.1, 0.5, 0.8):
        formula = (torch.sin((1 - t) * omega) * a + torch.sin(t * omega) * b) / torch.sin(omega)
        torch.testing.assert_close(latent.slerp(a, b, t), formula)


def test_the_line_turns_twice_as_fast_in_the_middle_as_at_its_ends():
    t = sympy.symbols("t", positive=True)
    rate = sympy.diff(sympy.atan(t / (1 - t)), t)
    assert sympy.simplify(rate - 1 / ((1 - t) ** 2 + t**2)) == 0
    assert (rate.subs(t, 0), rate.subs(t, sympy.Rational(1, 2))) == (1, 2)


def test_one_coordinate_in_twelve_of_the_arcs_middle_leaves_the_cube():
    outside = (2 - sympy.sqrt(2)) ** 2 / 4
    a, b = (torch.rand(2, 400_000, generator=torch.Generator().manual_seed(0)) * 2 - 1).unbind()
    measured = ((a + b).abs() / math.sqrt(2) > 1).float().mean().item()
    assert measured == pytest.approx(float(outside), abs=0.002)
    assert 1 / 12 < float(outside) < 1 / 11


@pytest.mark.parametrize("k", [1, 3, 10, 30])
def test_a_sum_of_three_means_of_k_has_the_displayed_norm(k):
    trays = [gaussian(500, 100, seed=seed) for seed in range(3)]
    norms = combine(trays[:2], trays[2:], k, trials=200).norm(dim=1)
    assert norms.mean().item() == pytest.approx(math.sqrt(3 * 100 / k), rel=0.03)


def test_steins_lemma_a_mean_of_z_times_a_reading_is_its_mean_gradient():
    n, w = 400_000, torch.tensor([1.5, -0.7, 0.0, 0.3], dtype=torch.float64)
    z = gaussian(n, 4)
    f = torch.sigmoid(z @ w + 0.4)
    gradient = (f * (1 - f)).mean() * w
    torch.testing.assert_close((z * f[:, None]).mean(0), gradient, atol=0.005, rtol=0)


def test_the_difference_of_two_means_points_along_the_mean_gradient():
    z, w = gaussian(200_000, 6, seed=3), gaussian(6, seed=4)
    has = torch.rand(len(z), generator=torch.Generator().manual_seed(5)) < torch.sigmoid(2 * (z @ w) - 1)
    assert torch.cosine_similarity(latent.direction(z[has], z[~has]), w, dim=0) > 0.999


def test_a_column_of_the_pseudo_inverse_changes_one_reading_and_is_the_shortest_that_does():
    W = gaussian(3, 10)
    d = torch.linalg.pinv(W)[:, 1]
    torch.testing.assert_close(W @ d, torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64), atol=1e-10, rtol=0)
    longer = torch.linalg.lstsq(W[:, :5], torch.tensor([[0.0], [1.0], [0.0]], dtype=torch.float64)).solution[:, 0]
    torch.testing.assert_close(W[:, :5] @ longer, W @ d, atol=1e-10, rtol=0)
    assert longer.norm() > d.norm()


def test_for_linear_readings_the_correlation_is_the_cosine_of_the_gradients():
    z, w = gaussian(200_000, 8), gaussian(2, 8, seed=7)
    cosine = torch.cosine_similarity(w[0], w[1], dim=0).item()
    assert torch.corrcoef((z @ w.T).T)[0, 1].item() == pytest.approx(cosine, abs=0.01)


def test_most_gaussian_mass_lies_at_the_root_of_n_less_1():
    r, n = sympy.symbols("r n", positive=True)
    log_mass = (n - 1) * sympy.log(r) - r**2 / 2  # volume of the shell times density
    assert sympy.solve(sympy.diff(log_mass, r), r) == [sympy.sqrt(n - 1)]
