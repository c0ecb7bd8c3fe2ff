"""Pairs of densities: against theory.densities, against SciPy, and against each other."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import integrate as scipy_integrate
from scipy import stats

from dcgan_lib import losses, theory
from dcgan_lib.theory import Pair, Shape
from dcgan_lib.theory.pair import BAR, BARS, GAMES, LINE, STEP

HILL = tuple(float(max(0, 6 - abs(k - 9)) + (k == 17)) for k in range(BARS))
SHAPES = {
    "bell": Shape(mean=-0.75, width=0.7),
    "two bells": Shape(mean=0.5, width=0.4, gap=2.6),
    "block": Shape("blocks", 1.05, 1.3),
    "two blocks": Shape("blocks", -0.4, 0.6, gap=1.9),
    "drawn": Shape("drawn", 0.35, 0.7, bars=HILL),
}
SMOOTH = [("bell", "two bells", 0.0), ("block", "bell", 0.4), ("drawn", "two blocks", 0.9), ("two bells", "drawn", 0.3)]


def pair(data, fakes, noise):
    return Pair(SHAPES[data], SHAPES[fakes], noise)


@pytest.mark.parametrize("noise", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_has_mass_one_and_stands_at_its_mean(name, noise):
    shape = SHAPES[name]
    density = shape.log_density(LINE, noise).exp()
    assert theory.integrate(density, LINE).item() == pytest.approx(1, abs=1e-9)
    if name != "drawn":
        assert theory.integrate(density * LINE, LINE).item() == pytest.approx(shape.mean, abs=1e-9)


@pytest.mark.parametrize("noise", [0.0, 0.6])
def test_densities_are_those_of_the_theory(noise):
    bells = theory.mixture([0.5, 0.5], [theory.normal(LINE, m, math.hypot(0.4, noise)) for m in (-0.8, 1.8)])
    torch.testing.assert_close(SHAPES["two bells"].log_density(LINE, noise).exp(), bells)
    block = theory.uniform(LINE, 0.4, 1.7, noise)
    torch.testing.assert_close(SHAPES["block"].log_density(LINE, noise).exp(), block)


def test_a_drawn_density_is_a_histogram_of_its_bars():
    weights = np.array(HILL) / sum(HILL)
    edges = 0.35 + 0.7 * BAR * (np.arange(BARS + 1) - BARS / 2)
    expected = stats.rv_histogram((weights, edges), density=False).pdf(LINE.numpy())
    np.testing.assert_allclose(SHAPES["drawn"].log_density(LINE).exp(), expected, atol=1e-12)


@pytest.mark.parametrize("name, noise", [("bell", 0.0), ("two bells", 0.2), ("block", 0.4), ("drawn", 0.3)])
def test_the_score_is_the_slope_of_the_log_density(name, noise):
    x = torch.tensor([-14.0, -1.3, 0.2, 1.9, 11.0], dtype=torch.float64)
    ahead, behind = (SHAPES[name].log_density(x + e, noise) for e in (1e-5, -1e-5))
    torch.testing.assert_close(SHAPES[name].score(x, noise), (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-6)


def test_a_log_density_far_away_is_no_infinity():
    far = Shape(mean=-4, width=0.2).log_density(torch.tensor([9.0], dtype=torch.float64))
    assert far.item() == pytest.approx(stats.norm(-4, 0.2).logpdf(9.0)) and far.exp() == 0
    blurred = Shape("blocks", 0, 1).log_density(torch.tensor([9.0], dtype=torch.float64), 0.2)
    assert blurred.item() == pytest.approx(stats.norm.logcdf(-42.5), rel=1e-9)


@pytest.mark.parametrize("data, fakes, noise", SMOOTH)
def test_divergences_and_value_are_those_of_the_theory(data, fakes, noise):
    ours = pair(data, fakes, noise)
    p, q = ours.densities
    assert ours.jsd == pytest.approx(theory.jsd(p + 1e-300, q + 1e-300, LINE).item(), abs=1e-9)
    assert ours.value == pytest.approx(-math.log(4) + 2 * ours.jsd, abs=1e-9)


def test_gaussians_agree_with_scipys_quadrature_and_with_closed_forms():
    ours = Pair(Shape(mean=0, width=1), Shape(mean=2.3, width=1.4))
    p, q = stats.norm(0, 1), stats.norm(2.3, 1.4)

    def from_average(x, mine):
        return mine.pdf(x) * (mine.logpdf(x) - math.log((p.pdf(x) + q.pdf(x)) / 2))

    halves = [scipy_integrate.quad(from_average, -11, 14, (one,), epsabs=1e-12, limit=200)[0] for one in (p, q)]
    assert ours.jsd == pytest.approx(sum(halves) / 2, abs=1e-9)
    assert ours.kl_data_fakes == pytest.approx(math.log(1.4) + (1 + 2.3**2) / (2 * 1.4**2) - 0.5, abs=1e-9)
    assert ours.kl_fakes_data == pytest.approx(-math.log(1.4) + (1.4**2 + 2.3**2) / 2 - 0.5, abs=1e-9)


def test_a_kl_of_hundreds_is_finite_where_a_density_has_no_float():
    ours = Pair(Shape(mean=-4, width=1), Shape(mean=3, width=0.2))
    assert ours.kl_data_fakes == pytest.approx(math.log(0.2) + (1 + 49) / 0.08 - 0.5, rel=1e-9)


def test_blocks_that_are_apart_reach_the_ceilings_and_kl_is_infinite():
    apart = Pair(Shape("blocks", -1.5, 1), Shape("blocks", 1.5, 1))
    assert apart.jsd == pytest.approx(math.log(2)) and apart.value == pytest.approx(0, abs=1e-12)
    assert apart.kl_data_fakes == apart.kl_fakes_data == math.inf
    assert apart.gradients()["saturating"] == 0 and math.isnan(apart.gradients()["non_saturating"])
    assert Pair(Shape(width=0.2), Shape("blocks", 1)).kl_data_fakes == math.inf
    assert Pair(Shape("blocks", 0, 2), Shape("blocks", 0, 1)).kl_fakes_data == pytest.approx(math.log(2))


def test_overlapping_bars_have_the_closed_form_of_the_jsd():
    for shift in (0.05, 0.3, 0.85, 1.2):
        ours = Pair(Shape("blocks", 0, 1), Shape("blocks", shift, 1))
        assert ours.jsd == pytest.approx(min(shift, 1) * math.log(2))


@pytest.mark.parametrize("data, fakes, noise", SMOOTH)
def test_the_two_slopes_by_a_shift_are_those_of_the_divergences(data, fakes, noise):
    """equations of Arjovsky and Bottou 2017: minimax descends on 2 JSD, and the two share out the slope of KL."""
    ours, eps = pair(data, fakes, noise), STEP
    steps = {k: ours.moved(ours.fakes.mean + k * eps) for k in (-2, -1, 1, 2)}

    def slope(read):
        near, far = ((read(steps[k]) - read(steps[-k])) / (2 * k * eps) for k in (1, 2))
        return (4 * near - far) / 3

    found = ours.gradients()
    assert found["saturating"] == pytest.approx(slope(lambda p: 2 * p.jsd), rel=2e-3, abs=1e-5)
    assert sum(found.values()) == pytest.approx(slope(lambda p: p.kl_fakes_data), rel=2e-3, abs=1e-4)


def test_gradients_are_the_librarys_location_gradients():
    ours = pair("bell", "two bells", 0.0)
    fine = theory.line(-8, 8, 40_000)
    log_p, log_q = (shape.log_density(fine) for shape in (ours.data, ours.fakes))
    for name, loss in GAMES.items():
        expected = theory.location_gradient(partial(losses.slope, loss), log_p - log_q, log_q.exp(), fine)
        assert ours.gradients()[name] == pytest.approx(expected.item(), rel=1e-5)


def test_noise_on_both_gives_the_slope_back():
    apart = (Shape("blocks", -1.5, 1), Shape("blocks", 1.5, 1))
    strength = {noise: Pair(*apart, noise).gradients()["saturating"] for noise in (0.3, 0.6, 1.5)}
    assert 0 < strength[0.3] < strength[0.6] < strength[1.5]


def test_samples_stand_at_quantiles_of_the_fakes():
    x = LINE[Pair(Shape(), Shape(mean=1, width=0.5)).samples(9)]
    np.testing.assert_allclose(x, stats.norm(1, 0.5).ppf((np.arange(9) + 0.5) / 9), atol=STEP)
