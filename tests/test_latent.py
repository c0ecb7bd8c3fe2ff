"""Moving about in z."""

import math

import pytest
import torch

from dcgan_lib import latent
from dcgan_lib.config import DCGANConfig

CFG = DCGANConfig(image_size=16, nz=100, ngf=8, ndf=8)


def points(n: int = 2, nz: int = 100, seed: int = 3) -> torch.Tensor:
    return torch.randn(n, nz, generator=torch.Generator().manual_seed(seed))


# --- sampling ---


def test_the_same_seed_gives_the_same_latents_and_another_seed_others():
    assert latent.sample_z(4, CFG, seed=5).equal(latent.sample_z(4, CFG, seed=5))
    assert not latent.sample_z(4, CFG, seed=5).equal(latent.sample_z(4, CFG, seed=6))


def test_sampling_does_not_disturb_the_global_random_numbers():
    torch.manual_seed(1)
    before = torch.rand(1)
    torch.manual_seed(1)
    latent.sample_z(4, CFG, seed=5)
    latent.sample_z(4, CFG, seed=5, truncation=1.0)
    assert torch.rand(1).equal(before)


def test_uniform_latents_fill_the_cube_of_the_paper():
    z = latent.sample_z(2000, DCGANConfig.paper(), seed=0)
    assert z.abs().max() <= 1
    assert z.var().item() == pytest.approx(1 / 3, rel=0.01)


def test_gaussian_latents_have_norms_near_the_square_root_of_nz():
    norms = latent.sample_z(4000, CFG, seed=0).norm(dim=1)
    expected = math.sqrt(2) * math.exp(math.lgamma(101 / 2) - math.lgamma(100 / 2))  # mean of a chi variable
    assert norms.mean().item() == pytest.approx(expected, abs=0.05)
    assert norms.std().item() == pytest.approx(1 / math.sqrt(2), abs=0.03)


def test_truncation_keeps_every_coordinate_within_the_bound():
    z = latent.sample_z(1000, CFG, seed=0, truncation=0.7)
    assert z.abs().max() <= 0.7
    assert z.abs().max() > 0.69  # and uses all of it


def test_truncated_latents_have_the_variance_of_the_truncated_normal():
    c = 1.3
    density, inside = math.exp(-(c**2) / 2) / math.sqrt(2 * math.pi), math.erf(c / math.sqrt(2))
    variance = 1 - 2 * c * density / inside
    assert latent.sample_z(4000, CFG, seed=0, truncation=c).var().item() == pytest.approx(variance, rel=0.01)


@pytest.mark.parametrize("bound", [0, -1.5])
def test_a_bound_that_is_not_positive_is_named(bound):
    with pytest.raises(ValueError, match=f"truncation={bound}"):
        latent.sample_z(4, CFG, truncation=bound)


def test_uniform_latents_have_no_tails_to_cut():
    with pytest.raises(ValueError, match="only Gaussian"):
        latent.sample_z(4, DCGANConfig.paper(), truncation=1.0)


# --- paths ---


@pytest.mark.parametrize("path", [latent.lerp, latent.slerp])
def test_a_path_begins_and_ends_where_it_should(path):
    a, b = points()
    torch.testing.assert_close(path(a, b, 0.0), a)
    torch.testing.assert_close(path(a, b, 1.0), b)


def test_slerp_takes_the_norm_evenly_from_one_end_to_the_other():
    a, b = points()
    a = a * 1.7
    for t in (0.2, 0.5, 0.9):
        wanted = (1 - t) * a.norm() + t * b.norm()
        torch.testing.assert_close(latent.slerp(a, b, t).norm(), wanted)


def test_slerp_turns_by_equal_angles():
    a, b = points()
    path = torch.stack([latent.slerp(a, b, t) for t in torch.linspace(0, 1, 6).tolist()])
    unit = path / path.norm(dim=1, keepdim=True)
    angles = torch.acos((unit[1:] * unit[:-1]).sum(1))
    assert angles.std() < 1e-3
    assert angles.sum().item() == pytest.approx(math.acos(float(unit[0] @ unit[-1])), abs=1e-3)


def test_slerp_stays_in_the_plane_of_its_ends():
    a, b = points()
    basis = torch.linalg.qr(torch.stack([a, b]).T).Q
    there = latent.slerp(a, b, 0.37)
    torch.testing.assert_close(basis @ (basis.T @ there), there, atol=1e-4, rtol=1e-4)


def test_half_way_along_the_line_the_norm_is_about_071_of_what_it_was():
    a, b = points(2000), points(2000, seed=4)
    shrunk = latent.lerp(a, b, 0.5).norm(dim=1) / ((a.norm(dim=1) + b.norm(dim=1)) / 2)
    assert shrunk.mean().item() == pytest.approx(math.sqrt(0.5), abs=0.005)


@pytest.mark.parametrize("factor", [1.0, 2.5, -1.0])
def test_slerp_between_parallel_vectors_is_the_line(factor):
    a = points(1)[0]
    torch.testing.assert_close(latent.slerp(a, factor * a, 0.3), latent.lerp(a, factor * a, 0.3))


def test_slerp_treats_every_row_by_itself():
    a, b = points(3), points(3, seed=9)
    together = latent.slerp(a, b, 0.4)
    alone = torch.stack([latent.slerp(x, y, 0.4) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(together, alone)


# --- walks and planes ---


def test_an_open_walk_visits_every_point():
    stops = points(4)
    path = latent.walk(stops, frames=5)
    assert path.shape == (3 * 5 + 1, 100)
    torch.testing.assert_close(path[::5], stops)


def test_a_closed_walk_comes_back_without_repeating_its_first_frame():
    stops = points(3)
    path = latent.walk(stops, frames=5, closed=True)
    assert path.shape == (15, 100)
    torch.testing.assert_close(path[::5], stops)
    last_leg = latent.slerp(stops[2], stops[0], 0.8)
    torch.testing.assert_close(path[-1], last_leg)


def test_a_walk_can_be_straight():
    a, b = points()
    torch.testing.assert_close(latent.walk(torch.stack([a, b]), frames=2, path="lerp")[1], (a + b) / 2)


def test_a_walk_through_one_point_or_along_an_unknown_path_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 100\)"):
        latent.walk(points(1))
    with pytest.raises(ValueError, match="path='bezier'"):
        latent.walk(points(2), path="bezier")


def test_a_plane_has_its_origin_in_the_middle_and_u_to_the_right_v_downward():
    origin, u, v = points(3)
    sheet = latent.plane(origin, u, v, n=3, extent=2.0).reshape(3, 3, 100)
    torch.testing.assert_close(sheet[1, 1], origin)
    torch.testing.assert_close(sheet[1, 2], origin + 2 * u)
    torch.testing.assert_close(sheet[2, 0], origin - 2 * u + 2 * v)


# --- directions and arithmetic ---


def test_a_direction_leads_from_one_mean_to_the_other():
    having, lacking = points(5) + 1, points(7, seed=8)
    torch.testing.assert_close(lacking.mean(0) + latent.direction(having, lacking), having.mean(0))


def test_arithmetic_adds_and_subtracts_the_means_of_its_trays():
    a, b, c = points(3), points(3, seed=1) + 1, points(4, seed=2) - 2
    torch.testing.assert_close(latent.arithmetic([a, c], [b]), a.mean(0) + c.mean(0) - b.mean(0))
    torch.testing.assert_close(latent.arithmetic([a]), a.mean(0))


def test_arithmetic_with_nothing_to_add_is_refused():
    with pytest.raises(ValueError, match="at least one tray"):
        latent.arithmetic([], [points(3)])


def test_a_fitted_direction_finds_the_slopes_of_a_linear_measurement():
    z, slopes = points(400, nz=12), points(1, nz=12, seed=2)[0]
    torch.testing.assert_close(latent.fit_direction(z, z @ slopes + 5), slopes, atol=1e-4, rtol=1e-4)


def test_fitted_directions_of_several_measurements_are_those_of_each():
    z, values = points(60, nz=8), points(60, nz=3, seed=5)
    both = latent.fit_direction(z, values)
    assert both.shape == (3, 8)
    for row, one in zip(both, values.T, strict=True):
        torch.testing.assert_close(row, latent.fit_direction(z, one))


def test_a_fit_with_fewer_latents_than_slopes_is_refused():
    with pytest.raises(ValueError, match="20 latents for 100"):
        latent.fit_direction(points(20), torch.zeros(20))


def test_the_panel_has_its_latent_in_the_centre_and_the_noise_within_a_quarter():
    z = points(1)[0]
    panel = latent.neighbourhood(z, noise=0.25, seed=1)
    assert panel.shape == (9, 100)
    assert panel[4].equal(z)
    offsets = (panel - z).abs()
    assert 0.2 < offsets.max() <= 0.25 + 1e-6
    assert (offsets.sum(1) > 0).sum() == 8


# --- the sheet through three points


@pytest.mark.parametrize("path", latent.PATHS)
def test_a_sheet_has_its_three_points_in_its_corners(path):
    a, b, c = points(3)
    for (x, y), corner in {(0, 0): a, (1, 0): b, (0, 1): c}.items():
        torch.testing.assert_close(latent.sheet(a, b, c, x, y, path), corner, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("path", latent.PATHS)
def test_a_sheets_upper_edge_is_the_path(path):
    a, b, c = points(3)
    torch.testing.assert_close(latent.sheet(a, b, c, 0.3, 0, path), latent.PATHS[path](a, b, 0.3))


def test_a_straight_sheet_is_the_plane_through_its_points():
    a, b, c = points(3)
    torch.testing.assert_close(latent.sheet(a, b, c, 0.3, 0.8, "lerp"), a + 0.3 * (b - a) + 0.8 * (c - a))


def test_an_arched_sheet_stays_on_the_shell():
    a, b, c = 8 * torch.nn.functional.normalize(points(3), dim=1)
    x, y = torch.rand(2, 50, 1, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(latent.sheet(a, b, c, x, y).norm(dim=1), torch.full((50,), 8.0))


def test_a_sheet_of_an_unknown_path_is_refused():
    with pytest.raises(ValueError, match="path='arc': choose one of"):
        latent.sheet(*points(3), 0, 0, path="arc")
