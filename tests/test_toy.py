"""Toy data, the measures on them, the small game, and the same game with many seeds at once."""

from dataclasses import replace

import pytest
import torch

from dcgan_lib import toy
from dcgan_lib.losses import d_cross_entropy
from dcgan_lib.plotting import toy as draw


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def bent(z):
    return 0.5 * z + 1.5 * torch.tanh(2 * z)


# --- data


@pytest.mark.parametrize("name", toy.DATA)
def test_a_density_integrates_to_one(name):
    data, ticks = toy.DATA[name](), torch.linspace(-4, 4, 401)
    points = ticks[:, None] if data.dim == 1 else torch.cartesian_prod(ticks, ticks)
    assert float(data.density(points).sum()) * 0.02**data.dim == pytest.approx(1, abs=1e-3)


def test_samples_follow_the_density():
    data, edges = toy.two_bumps(), torch.linspace(-4, 4, 41)
    shares = toy.histogram(data.sample(100_000, rng()), edges)
    expected = data.density(draw.centres(edges)) * 0.2
    assert (shares - expected).abs().max() < 0.005


def test_the_log_density_is_finite_where_the_density_rounds_to_zero():
    far = torch.tensor([[1e3]])
    assert toy.two_bumps().density(far) == 0 and torch.isfinite(toy.two_bumps().log_density(far)).all()


@pytest.mark.parametrize("curve", [toy.spiral(), toy.moons()])
def test_the_means_along_a_curve_lie_closer_than_its_noise_is_wide(curve):
    gaps = torch.cdist(curve.means, curve.means).fill_diagonal_(9).min(1).values
    assert gaps.max() < curve.scales[0]


@pytest.mark.parametrize(
    ("weights", "scales", "message"), [([0.5, 0.6], [1.0, 1.0], "sum to 1.1"), ([0.5, 0.5], [1.0, 0.0], "positive")]
)
def test_a_mixture_that_is_none_is_refused(weights, scales, message):
    with pytest.raises(ValueError, match=message):
        toy.Mixture("bad", torch.zeros(2, 1), torch.tensor(scales), torch.tensor(weights))


# --- measures


def test_a_histogram_sums_to_one_also_with_points_beyond_its_edges():
    shares = toy.histogram(torch.tensor([-9.0, 0.1, 0.2, 9.0]), torch.linspace(-1, 1, 5))
    assert shares.tolist() == [0.25, 0, 0.5, 0.25]


@pytest.mark.parametrize("G", [lambda z: z, bent, torch.square, lambda z: z * 0 + 0.33])
def test_a_pushforward_sums_to_one_and_agrees_with_samples(G):
    edges = torch.linspace(-3, 3, 31)
    mass = toy.pushforward(G, edges)
    assert float(mass.sum()) == pytest.approx(1, abs=1e-5)
    assert toy.total_variation(mass, toy.histogram(G(torch.randn(200_000, 1, generator=rng())), edges)) < 0.01


def test_the_change_of_variables_gives_the_density():
    z = torch.linspace(-1.5, 1.5, 61)[:, None].requires_grad_()
    x = bent(z)
    slope = torch.autograd.grad(x.sum(), z)[0].flatten()
    p_g = torch.exp(-(z.detach().flatten() ** 2) / 2) / (2 * torch.pi) ** 0.5 / slope
    edges = x.detach().flatten()
    width = edges.diff()
    mass = toy.pushforward(bent, edges, n=40_000)
    middle = (p_g[1:] + p_g[:-1]) / 2  # the outermost bins hold what lies beyond them
    assert torch.allclose((mass / width)[1:-1], middle[1:-1], rtol=0.02)


def test_coverage_counts_the_modes_that_got_a_fair_part():
    ring = toy.ring()
    assert toy.coverage(ring.sample(2000, rng()), ring).modes == 8
    assert toy.coverage(ring.means[3] + torch.zeros(500, 2), ring).modes == 1
    half = torch.cat([ring.means[:4].repeat(100, 1), torch.zeros(400, 2)])  # the other half lies in the middle
    found = toy.coverage(half, ring)
    assert found.modes == 4 and found.quality == 0.5


def test_a_single_point_does_not_cover_a_mode():
    ring = toy.ring()
    points = torch.cat([ring.means[:1].repeat(799, 1), ring.means[1:2]])
    assert toy.coverage(points, ring).modes == 1


def test_total_variation_is_the_share_in_the_wrong_place():
    assert toy.total_variation(torch.tensor([0.5, 0.5, 0]), torch.tensor([0.5, 0.2, 0.3])) == pytest.approx(0.3)


def test_the_pull_is_the_slope_of_the_logit_weighed_as_the_loss_has_it():
    D, x = toy.ToyD(2), torch.randn(7, 2, generator=rng()).requires_grad_()
    slope = torch.autograd.grad(D(x).sum(), x)[0]
    d = D(x).sigmoid()[:, None].detach()
    assert torch.allclose(toy.pull(D, x), (1 - d) * slope, atol=1e-6)
    assert torch.allclose(toy.pull(D, x, "saturating"), d * slope, atol=1e-6)


def test_cells_hold_the_whole_density_and_agree_with_samples():
    data, edges = toy.moons(), torch.linspace(-1.5, 1.5, 13)  # part of the data lies beyond
    masses = data.cell_masses(edges)
    assert float(masses.sum()) == pytest.approx(1, abs=1e-5)
    shares = toy.cell_shares(data.sample(200_000, rng()), edges)
    assert float(shares.sum()) == pytest.approx(1, abs=1e-5) and (masses - shares).abs().max() < 0.003
    with pytest.raises(ValueError, match="plane"):
        toy.two_bumps().cell_masses(edges)


def test_rows_are_the_second_axis():
    shares = toy.cell_shares(torch.tensor([[0.9, -0.9]]), torch.tensor([-1.0, 0, 1]))
    assert shares.tolist() == [[0, 1], [0, 0]]
    assert float(toy.blob(0.9, -0.9, 0.1).cell_masses(torch.tensor([-1.0, 0, 1]))[0, 1]) == pytest.approx(1)


def test_the_divergence_of_shares_is_zero_for_equals_and_log_two_for_strangers():
    p = torch.tensor([[0.5, 0.5], [0, 0]])
    assert toy.divergence(p, p) == pytest.approx(0, abs=1e-7)
    assert toy.divergence(p, p.flip(0)) == pytest.approx(0.6931, abs=1e-4)
    with pytest.raises(ValueError, match=r"q sums to 0\.5"):
        toy.divergence(p, p / 2)


def test_a_perfect_generator_reads_less_with_more_points():
    edges = torch.linspace(-3.2, 3.2, 33)
    few, many = (toy.divergence_floor(toy.ring(), edges, n) for n in (500, 5000))
    assert 0 < many < few / 5 < 0.02


def test_smoothing_keeps_the_sum_and_reflects_at_the_border():
    shares = torch.zeros(9, 9, dtype=torch.float64)
    shares[0, 4] = 1
    blurred = toy.smoothed(shares, 1.0)
    assert float(blurred.sum()) == pytest.approx(1)
    assert blurred[0, 4] > blurred[1, 4] > blurred[2, 4] and blurred[0, 4] > 0.2
    assert torch.allclose(blurred[:, 3], blurred[:, 5])


# --- identities


def test_the_best_logit_is_the_difference_of_the_log_densities():
    p, q = torch.rand(2, 9, generator=rng(), dtype=torch.float64)
    assert torch.allclose(torch.logit(p / (p + q)), p.log() - q.log())


def test_against_a_fixed_d_no_generator_beats_one_point():
    D, x = toy.ToyD(2), torch.randn(500, 2, generator=rng())
    losses = torch.nn.functional.softplus(-D(x))
    assert torch.isclose(losses.min(), -D(x).sigmoid().max().log()) and losses.mean() > losses.min() + 0.01


def test_a_linear_d_at_one_half_feels_the_difference_of_the_means_alone():
    real, fake = toy.two_bumps().sample(4000, rng()), toy.gaussian(0.4, 2.0).sample(4000, rng(1))
    w = torch.zeros(1, requires_grad=True)
    slope = torch.autograd.grad(d_cross_entropy((w * real).flatten(), (w * fake).flatten()), w)[0]
    assert torch.allclose(slope, (fake.mean(0) - real.mean(0)) / 2, atol=1e-5)
    assert float((toy.two_bumps().means[:, 0] * toy.two_bumps().weights).sum()) == pytest.approx(-0.3)


# --- the game


def test_a_game_is_decided_by_its_seed():
    cfg = toy.ToyConfig(steps=3)
    (_, a), (_, b), (_, c) = (toy.record(toy.ToyGame(toy.ring(), replace(cfg, seed=s))) for s in (1, 1, 2))
    assert a == b != c


def test_a_game_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(0)
    toy.record(toy.ToyGame(toy.ring(), toy.ToyConfig(steps=2, noise=0.1)))
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.rand(1) == after


def test_the_step_moves_d_by_its_loss_and_then_g_by_its_own():
    game, twin = (toy.ToyGame(toy.ring(), toy.ToyConfig()) for _ in range(2))
    game.step()
    real, fake = twin.data.sample(128, twin.rng), twin.G(twin.draw_z())
    toy.update(twin.opt_d, d_cross_entropy(twin.D(real), twin.D(fake.detach())))
    toy.update(twin.opt_g, torch.nn.functional.softplus(-twin.D(fake)).mean())
    for ours, by_hand in zip(
        [*game.D.parameters(), *game.G.parameters()], [*twin.D.parameters(), *twin.G.parameters()]
    ):
        assert torch.equal(ours, by_hand)


def test_fresh_players_pay_log_two_for_each_i_do_not_know():
    stats = toy.ToyGame(toy.ring()).step()
    assert stats.loss_d == pytest.approx(1.386, abs=0.15) and stats.loss_g == pytest.approx(0.693, abs=0.15)


def test_a_recorded_moment_is_not_changed_by_later_ones():
    shots, stats = toy.record(toy.ToyGame(toy.ring(), toy.ToyConfig(steps=4)), at=[0, 2, 4])
    assert [shot.step for shot in shots] == [0, 2, 4] and len(stats) == 4
    first, last = (next(shot.G.parameters()) for shot in (shots[0], shots[-1]))
    assert not torch.equal(first, last)


def test_a_game_finds_the_mean_of_a_gaussian():
    cfg = toy.ToyConfig(nz=1, steps=150, batch_size=64, width=16, lr_g=5e-3, lr_d=1e-2, beta1=0.0)
    game = toy.ToyGame(toy.gaussian(3.0, 0.5), cfg)
    before = float(game.sample(500).mean())
    toy.record(game)
    assert abs(float(game.sample(500).mean()) - 3) < 0.6 < abs(before - 3)


def test_plain_steps_go_down_the_gradient():
    cfg = toy.ToyConfig(optimiser="sgd", lr_d=0.1, lr_g=0.2)
    game, twin = (toy.ToyGame(toy.ring(), cfg) for _ in range(2))
    real, fake = twin.data.sample(128, twin.rng), twin.G(twin.draw_z())
    loss = d_cross_entropy(twin.D(real), twin.D(fake.detach()))
    slopes = torch.autograd.grad(loss, list(twin.D.parameters()))
    game.step()
    for moved, before, slope in zip(game.D.parameters(), twin.D.parameters(), slopes):
        assert torch.allclose(moved, before - 0.1 * slope)


def test_smoothing_lets_real_scores_rest_at_their_target():
    loss = toy.game.loss_of(toy.ToyConfig(real_target=0.9))
    score = torch.logit(torch.tensor([0.9], dtype=torch.float64)).requires_grad_()
    slope = torch.autograd.grad(loss.d(score, torch.tensor([-3.0])), score)[0]
    assert abs(float(slope)) < 1e-12


def test_clipped_weights_stay_within_their_bound():
    game = toy.ToyGame(toy.ring(), toy.ToyConfig(loss="wasserstein", weight_clip=0.05))
    game.step()
    assert max(float(w.detach().abs().max()) for w in game.D.parameters()) == pytest.approx(0.05)
    assert max(float(w.detach().abs().max()) for w in game.G.parameters()) > 0.1


def test_a_uniform_z_stays_in_its_square():
    z = toy.ToyGame(toy.ring(), toy.ToyConfig(latent="uniform", batch_size=500)).draw_z()
    assert z.abs().max() < 1 and z.abs().max() > 0.95


def test_a_game_with_data_in_double_plays_in_double():
    games = [toy.ToyGame(data, toy.ToyConfig(noise=0.1)) for data in (toy.ring(), toy.ring().double())]
    single, double = (game.step() for game in games)
    assert next(games[1].G.parameters()).dtype == games[1].sample(3).dtype == torch.float64
    assert single.loss_d == pytest.approx(double.loss_d, abs=1e-5)


VARIANTS = [
    {},
    {"pack": 4},
    {"noise": 0.3},
    {"d_steps": 2, "loss": "saturating"},
    {"optimiser": "sgd", "real_target": 0.9, "latent": "uniform"},
    {"loss": "wasserstein", "weight_clip": 0.05},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_games_side_by_side_make_the_moves_of_each_game_alone(variant):
    cfg = toy.ToyConfig(steps=5, batch_size=16, width=8, **variant)
    many = toy.ManyGames(toy.ring(), cfg, seeds=(3, 5)).play().sample(6)
    for seed, samples in zip((3, 5), many):
        alone = toy.ToyGame(toy.ring(), replace(cfg, seed=seed))
        toy.record(alone)
        assert torch.allclose(alone.sample(6), samples, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pack": 3}, "no multiple of pack=3"),
        ({"loss": "mse"}, "'mse': choose one of"),
        ({"width": 0}, "width=0"),
        ({"noise": -1.0}, "noise=-1"),
        ({"optimiser": "adamw"}, "'adamw': choose one of 'adam', 'sgd'"),
        ({"latent": "normal"}, "'normal': choose one of"),
        ({"weight_clip": -0.1}, "weight_clip=-0.1"),
        ({"real_target": 1.1}, "real_target=1.1"),
        ({"real_target": 0.9, "loss": "hinge"}, "cross-entropy"),
    ],
)
def test_a_config_that_cannot_be_played_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        toy.ToyConfig(**change)


# --- exercises


def test_the_uniform_checker_knows_right_from_wrong(capsys):
    assert toy.check_uniform(torch.special.ndtr)
    assert not toy.check_uniform(torch.sigmoid)
    assert not toy.check_uniform(lambda z: z)
    assert not toy.check_uniform(lambda z: ...)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Right") and "holds" in said[1] and "outside" in said[2] and "Not filled" in said[3]


def test_the_rescue_checker_refuses_another_task(capsys):
    assert not toy.check_rescue(...)
    assert not toy.check_rescue(toy.ToyConfig(lr_g=1e-3, lr_d=1e-3))
    said = capsys.readouterr().out
    assert "Not filled in" in said and "changes the task" in said


def test_the_rescue_checker_counts_modes(capsys):
    assert not toy.check_rescue(toy.ToyConfig(steps=1, lr_d=5e-4), seeds=range(2))
    assert "of 8" in capsys.readouterr().out


# --- figures


def test_every_figure_of_a_small_game_is_drawn():
    import matplotlib.pyplot as plt

    line, _ = toy.record(toy.ToyGame(toy.two_bumps(), toy.ToyConfig(nz=1, steps=1)), at=[1])
    plane, stats = toy.record(toy.ToyGame(toy.ring(), toy.ToyConfig(steps=1)), at=[1])
    x = draw.centres(draw.EDGES)
    p = toy.two_bumps().density(x)
    draw.plot_samples_and_density(toy.two_bumps())
    draw.plot_push(bent, samples=100)
    draw.plot_line(line[0], toy.two_bumps())
    draw.plot_ratio(line[0].D, p, p, x)
    draw.plot_judges({"a": line[0].D, "b": line[0].D}, x, p, p)
    draw.plot_stats(stats, [1], [0.5])
    draw.plot_plane(plane[0], toy.ring())
    draw.plot_map(plane[0].G, toy.ring())
    draw.plot_games(toy.ring().sample(600).reshape(3, 200, 2), toy.ring())
    fig = draw.plot_counts({"one": [0, 1, 1], "two": [8, 8, 8]})
    assert len(fig.axes) == 1
    plt.close("all")
