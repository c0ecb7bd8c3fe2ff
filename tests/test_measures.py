"""Distances between sets of features, precision and recall, bias, coverage: against other code and known values."""

import math
import warnings

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from scipy.spatial.distance import cdist

from dcgan_lib.data.faces import ATTRIBUTES, attributes
from dcgan_lib.metrics import bias, binomial, coverage, precision_recall
from dcgan_lib.metrics.frechet import frechet_distance, moments
from dcgan_lib.metrics.kid import kid, mmd2
from dcgan_lib.metrics.precision_recall import expected_coverage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what another library says of itself at its import is not ours
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance


def features(n: int, d: int = 6, seed: int = 0, shift: float = 0.0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=torch.Generator().manual_seed(99))
    return torch.randn(n, d, generator=rng) @ mix + shift


class Flat(torch.nn.Module):
    """Images that are their own features, which torchmetrics takes for a network."""

    num_features = 48

    def forward(self, images):
        return images.flatten(1).double()


def images(n: int, seed: int, gain: float = 1.0) -> torch.Tensor:
    return gain * torch.rand(n, 3, 4, 4, generator=torch.Generator().manual_seed(seed))


# --- against torchmetrics and scipy ---


def test_the_frechet_distance_is_torchmetrics_and_scipys():
    a, b = images(300, 0), images(200, 1, gain=0.8)
    theirs = FrechetInceptionDistance(Flat(), normalize=True, input_img_size=(3, 4, 4)).set_dtype(torch.float64)
    theirs.update(a, real=True)
    theirs.update(b, real=False)
    ours = frechet_distance(a.flatten(1), b.flatten(1))
    assert ours == pytest.approx(float(theirs.compute()), rel=1e-4)
    ca, cb = (np.cov(x.flatten(1).double().numpy().T) for x in (a, b))
    apart = (a.flatten(1).double().mean(0) - b.flatten(1).double().mean(0)).square().sum().item()
    assert ours == pytest.approx(apart + np.trace(ca + cb - 2 * scipy.linalg.sqrtm(ca @ cb).real), rel=1e-4)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")  # that it keeps the features
def test_mmd_is_torchmetrics_kid_of_the_whole_sets():
    a, b = images(120, 2), images(120, 3, gain=0.7)
    theirs = KernelInceptionDistance(Flat(), subsets=1, subset_size=120, normalize=True).set_dtype(torch.float64)
    theirs.update(a, real=True)
    theirs.update(b, real=False)
    assert mmd2(a.flatten(1), b.flatten(1)) == pytest.approx(float(theirs.compute()[0]), rel=1e-4)


def test_mmd_is_the_mean_over_all_pairs_of_different_features():
    a, b = features(7, 3, 1).double(), features(5, 3, 2, shift=0.5).double()

    def k(x, y):
        return (float(x @ y) / 3 + 1) ** 3

    within = [np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)]
    across = np.mean([k(x, y) for x in a for y in b])
    assert mmd2(a, b, block=2) == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_precision_recall_density_and_coverage_are_those_of_a_plain_sum_over_balls(monkeypatch):
    monkeypatch.setattr(precision_recall, "BLOCK", 17)
    real, fake, k = features(60, 4, 1).double(), features(45, 4, 2, shift=0.8).double(), 3
    within_real, within_fake, across = cdist(real, real), cdist(fake, fake), cdist(real, fake)
    r_real, r_fake = np.sort(within_real)[:, k], np.sort(within_fake)[:, k]  # place 0 is the feature itself
    found = precision_recall.precision_recall(real, fake, k)
    assert found.precision == pytest.approx((across <= r_real[:, None]).any(0).mean(), rel=1e-6)
    assert found.recall == pytest.approx((across <= r_fake[None]).any(1).mean(), rel=1e-6)
    assert found.density == pytest.approx((across <= r_real[:, None]).sum(0).mean() / k, rel=1e-6)
    assert found.coverage == pytest.approx((across.min(1) <= r_real).mean(), rel=1e-6)
    assert 0 < found.recall < 1 and 0 < found.precision < 1


@pytest.mark.parametrize(("k", "n", "chance"), [(60, 100, 0.5), (3, 17, 0.3), (0, 8, 0.5), (12, 12, 0.4)])
def test_a_human_checks_p_value_and_interval_are_scipys(k, n, chance):
    test = scipy.stats.binomtest(k, n, chance)
    exact = test.proportion_ci(method="exact")
    assert binomial.p_value(k, n, chance) == pytest.approx(test.pvalue, rel=1e-6)
    assert binomial.interval(k, n) == pytest.approx((exact.low, exact.high), rel=1e-6, abs=1e-9)


# --- KID ---


def test_kid_is_without_bias_where_the_frechet_distance_is_not():
    pairs = [(features(40, seed=i), features(40, seed=1000 + i)) for i in range(200)]
    values = torch.tensor([mmd2(a, b) for a, b in pairs])
    assert abs(values.mean()) < 3 * values.std() / 200**0.5
    assert (values < 0).float().mean() > 0.3
    assert min(frechet_distance(a, b) for a, b in pairs[:20]) > 0


def test_kid_reports_its_subsets_and_its_seed_decides():
    a, b = features(100, seed=1), features(80, seed=2, shift=1)
    found = kid(a, b, subsets=5, size=50, seed=3)
    assert found == kid(a, b, subsets=5, size=50, seed=3) != kid(a, b, subsets=5, size=50, seed=4)
    assert found.mean > found.sd > 0 and str(found).endswith("(5 subsets of 50)")
    assert kid(a, b, subsets=1, size=80).sd == 0


# --- precision and recall ---


def test_fakes_of_one_mode_of_two_are_precise_and_recall_half():
    real = torch.cat([features(200, seed=1), features(200, seed=2, shift=60)])
    found = precision_recall.precision_recall(real, features(200, seed=3))
    assert found.precision > 0.8
    assert 0.35 < found.recall <= 0.5 and found.coverage <= 0.5


def test_density_of_one_distribution_is_one_and_coverage_is_as_expected():
    found = [precision_recall.precision_recall(features(300, 3, i), features(200, 3, 50 + i), 5) for i in range(12)]
    assert np.mean([x.density for x in found]) == pytest.approx(200 / 200, abs=0.05)
    assert np.mean([x.coverage for x in found]) == pytest.approx(expected_coverage(300, 200, 5), abs=0.015)


# --- bias ---


def test_the_frechet_distance_falls_like_1_over_n_and_the_line_finds_its_limit():
    reference = moments(features(60_000, 8, seed=1))
    pool = features(8000, 8, seed=2, shift=0.3)
    true = frechet_distance(features(60_000, 8, seed=3, shift=0.3), reference)
    sizes = (100, 200, 400, 1600)
    table = bias.against_n(pool, lambda x: frechet_distance(x, reference), sizes, repeats=12)
    assert table.shape == (4, 12) and (table.mean(1).diff() < 0).all()
    line = bias.extrapolate(sizes, table)
    assert abs(line.infinite - true) < 0.15 * (table[0].mean() - true)
    assert line.slope > 0
    assert line.at(200) == pytest.approx(float(table[1].mean()), rel=0.1)


def test_subsets_are_drawn_at_random_without_repeats_and_the_seed_decides():
    rows = torch.arange(50.0)[:, None]
    found = bias.against_n(rows, lambda x: float(x.sum()), (5, 50), repeats=4, seed=1)
    assert len(set(found[0].tolist())) > 1
    assert (found[1] == 1225).all()
    assert torch.equal(found, bias.against_n(rows, lambda x: float(x.sum()), (5, 50), repeats=4, seed=1))


def test_extrapolation_of_a_true_line_is_exact_and_agrees_with_numpy():
    sizes = (10, 20, 50)
    found = bias.extrapolate(sizes, torch.tensor([2 + 30 / n for n in sizes]))
    assert (found.infinite, found.slope, found.r2) == pytest.approx((2, 30, 1), rel=1e-6)
    noisy = torch.tensor([5.0, 4.0, 2.5])
    slope, infinite = np.polyfit([1 / n for n in sizes], noisy.numpy(), 1)
    found = bias.extrapolate(sizes, noisy)
    assert (found.infinite, found.slope) == pytest.approx((infinite, slope), rel=1e-5)


def test_frechet_infinity_is_nearer_to_the_truth_than_the_distance_of_all():
    reference = moments(features(50_000, 8, seed=1))
    values = [bias.frechet_infinity(features(1000, 8, seed=i), reference).infinite for i in range(5, 11)]
    plain = [frechet_distance(features(1000, 8, seed=i), reference) for i in range(5, 11)]
    assert abs(np.mean(values)) < np.mean(plain) / 3


# --- coverage ---


def test_every_attributes_true_probabilities_add_up_and_are_met_by_drawn_faces():
    known = attributes(1, torch.arange(20_000))
    floors = coverage.marginal_floors(list(ATTRIBUTES), 20_000)
    for name, apart in coverage.marginals(known).items():
        assert float(coverage.probabilities(name).sum()) == pytest.approx(1, abs=1e-6), name
        assert apart < 3 * floors[name], name


@pytest.mark.parametrize("n", [1, 7, 30, 500])
def test_the_floor_is_the_mean_distance_of_samples_of_the_truth(n):
    p, k = torch.tensor([0.5, 0.3, 0.15, 0.05, 0.0], dtype=torch.float64), np.arange(n + 1)
    exact = sum((abs(k / n - q) * scipy.stats.binom.pmf(k, n, q)).sum() for q in p.tolist()) / 2
    assert coverage.total_variation_floor(p, n) == pytest.approx(exact, rel=1e-9)


def test_a_flag_that_is_always_on_is_as_far_as_its_probability_says():
    found = coverage.marginals({"glasses": torch.ones(50, dtype=torch.bool), "skin": torch.full((50,), 0.05)})
    assert found["glasses"] == pytest.approx(1 - ATTRIBUTES["glasses"].p)
    assert found["skin"] == pytest.approx(0.9)


def test_combinations_of_true_faces_are_as_many_as_expected_and_a_collapsed_sample_has_one():
    true = coverage.joint(attributes(2, torch.arange(3000)))
    assert true.of == 2 * 7 * 7 * 7
    assert true.seen == pytest.approx(true.seen_expected, rel=0.03)
    assert true.mass == pytest.approx(true.mass_expected, abs=0.01)
    assert true.total_variation == pytest.approx(true.floor, rel=0.1)
    one = coverage.joint({name: values[:1].expand(3000) for name, values in attributes(2, torch.arange(1)).items()})
    assert one.seen == 1 and one.effective == pytest.approx(1) and one.total_variation > 0.99


def test_modes_are_counted_from_a_least_number_on():
    labels = torch.tensor([0] * 50 + [1] * 50 + [7])
    assert coverage.modes(labels, 10).seen == 3
    found = coverage.modes(labels, 10, least=2)
    assert found.seen == 2 and 2 < found.effective < 2.2 and found.of == 10


# --- a human check ---


def test_sixty_per_cent_is_told_from_chance_by_some_200_cases():
    n = binomial.cases_needed(0.6)
    assert 190 < n < 215
    assert all(binomial.power(0.6, m) >= 0.8 for m in range(n, n + 50)) and binomial.power(0.6, n - 1) < 0.8


def test_power_is_the_share_of_studies_that_reject_chance():
    n, share = 60, 0.7
    rejects = [scipy.stats.binomtest(k, n).pvalue <= 0.05 for k in range(n + 1)]
    expected = scipy.stats.binom.pmf(np.arange(n + 1), n, share)[rejects].sum()
    assert binomial.power(share, n) == pytest.approx(expected, rel=1e-9)


# --- what cannot be measured ---


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mmd2(features(5, 3), features(5, 4)), r"\(5, 3\) and \(5, 4\)"),
        (lambda: kid(features(9), features(9), size=10), "subsets of 10 from 9 and 9"),
        (lambda: precision_recall.precision_recall(features(5, 3), features(5, 4)), "same network"),
        (lambda: precision_recall.radii(features(3), 3), "k=3 nearest of 2 others"),
        (lambda: bias.against_n(features(9), frechet_distance, (5, 10)), "subsets of 10 from 9"),
        (lambda: bias.extrapolate((5, 5), torch.zeros(2)), "two different"),
        (lambda: coverage.probabilities("hat"), "no attribute 'hat'"),
        (lambda: coverage.joint({"skin": torch.zeros(3)}, ["skin"]), "'skin' is no flag or category"),
        (lambda: coverage.modes(torch.tensor([3]), 3), "from 0 to 2"),
        (lambda: binomial.p_value(5, 4), "5 right of 4"),
        (lambda: binomial.cases_needed(0.501, most=50), "50 cases do not tell"),
    ],
)
def test_what_cannot_be_measured_is_named_with_a_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_effective_number_counts_even_cells_and_one():
    assert coverage.effective_number(torch.ones(6)) == pytest.approx(6)
    assert coverage.effective_number(torch.tensor([9, 0, 0])) == pytest.approx(1)
    assert math.isclose(coverage.effective_number(torch.tensor([0.5, 0.25, 0.25])), 2**1.5, rel_tol=1e-6)
