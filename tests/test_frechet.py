"""The Fréchet distance between sets of features."""

import numpy as np
import pytest
import scipy.linalg
import torch

from dcgan_lib.data import DrawnFaces
from dcgan_lib.metrics.frechet import Moments, face_moments, frechet_distance, moments


def features(n: int, d: int, seed: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=rng, dtype=torch.float64)
    return torch.randn(n, d, generator=rng, dtype=torch.float64) @ mix + torch.randn(d, generator=rng)


def gaussian(mean, covariance) -> Moments:
    return Moments(torch.tensor(mean, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64), 1000)


def test_in_one_dimension_it_is_the_gap_of_the_means_and_of_the_standard_deviations():
    # (3 - 1)^2 + (5 - 2)^2
    assert frechet_distance(gaussian([3.0], [[25.0]]), gaussian([1.0], [[4.0]])) == pytest.approx(4 + 9)


def test_features_of_one_number_are_features_too():
    a = torch.randn(50, 1, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(a, a + 2) == pytest.approx(4)


def test_independent_coordinates_add_up():
    a = gaussian([0.0, 2.0], [[9.0, 0.0], [0.0, 0.25]])
    b = gaussian([1.0, 2.5], [[4.0, 0.0], [0.0, 2.25]])
    assert frechet_distance(a, b) == pytest.approx((1 + 1) + (0.25 + 1))


def test_it_equals_the_formula_with_scipys_matrix_root():
    a, b = moments(features(200, 7, seed=1)), moments(features(150, 7, seed=2))
    ca, cb = a.covariance.numpy(), b.covariance.numpy()
    expected = ((a.mean - b.mean) ** 2).sum().item() + np.trace(ca + cb - 2 * scipy.linalg.sqrtm(ca @ cb).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_a_shift_alone_is_measured_exactly():
    x = features(60, 5, seed=3)
    shift = torch.tensor([0.5, -1.0, 0.0, 2.0, 0.25], dtype=torch.float64)
    assert frechet_distance(x, x + shift) == pytest.approx(shift.square().sum().item())


def test_a_feature_that_never_changes_and_fewer_images_than_features_are_no_special_case():
    x = features(6, 9, seed=4)
    x[:, 3] = 0
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, x + 1) == pytest.approx(9)


def test_moments_are_those_of_numpy_and_single_precision_is_summed_in_double():
    x = features(40, 3, seed=5).float() + 1000
    found = moments(x)
    assert found.n == 40 and found.covariance.dtype == torch.float64
    np.testing.assert_allclose(found.covariance, np.cov(x.double().numpy().T), rtol=1e-9)


def test_two_halves_of_one_sample_are_nearer_than_another_distribution_and_nearer_still_when_large():
    x = features(8000, 6, seed=6)
    small, large = frechet_distance(x[:100], x[100:200]), frechet_distance(x[:4000], x[4000:])
    assert large < small / 10
    assert frechet_distance(x[:4000], 1.3 * x[4000:]) > 10 * large


def test_darker_faces_are_farther_from_faces_than_other_faces():
    real, other = (DrawnFaces(200, 32, seed=seed).images().batch(slice(None)) for seed in (0, 1))
    to = face_moments(real)
    near, far = (frechet_distance(face_moments(images), to) for images in (other, 0.5 * other - 0.5))
    assert 0 < near < far / 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.zeros(5), r"\(5,\).*\(n, d\)"),
        (torch.zeros(1, 5), r"n of at least 2"),
        (torch.full((3, 2), torch.nan), "not numbers"),
    ],
)
def test_features_that_cannot_be_used_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        moments(wrong)


def test_features_of_two_networks_are_not_compared():
    with pytest.raises(ValueError, match=r"length 3 and 4.*same network"):
        frechet_distance(features(9, 3, 0), features(9, 4, 0))
