"""PlaneGAN: its traits, the game that they ask for, and its measures, without a browser."""

import math

import pytest
import torch
import traitlets

from dcgan_lib import toy
from dcgan_lib.widgets.plane import DATA, EDGES, PlaneGAN


def test_it_opens_half_way():
    widget = PlaneGAN()
    assert (widget.data, widget.step, widget.playing) == ("ring", 400, False)
    assert repr(widget) == "PlaneGAN(ring, non_saturating, step 400, lr_d=0.01, lr_g=0.005, seed=0)"


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("data", "circle"),
        ("loss", "focal"),
        ("optimiser", "adamw"),
        ("lr_g", 3.0),
        ("lr_d", 0.0),
        ("beta1", 1.0),
        ("d_steps", 0),
        ("batch_size", 100),
        ("noise", -0.5),
        ("real_target", 1.1),
        ("weight_clip", 2.0),
        ("latent", "normal"),
        ("width", 33),
        ("seed", -1),
        ("step", -5),
        ("ground", "surface"),
        ("speed", "warp"),
        ("layers", ["arrows"]),
    ],
)
def test_what_it_cannot_play_is_refused_by_name(trait, value):
    with pytest.raises(traitlets.TraitError, match=trait):
        PlaneGAN(**{trait: value})


@pytest.mark.parametrize(
    ("drawn", "message"),
    [([], "holds 0 points"), ([[0, 9]], r"\[0, 9\]"), ([[1]], r"\[1\]"), ([[0, 0]] * 401, "401 points")],
)
def test_a_drawing_lies_on_the_plane(drawn, message):
    with pytest.raises(traitlets.TraitError, match=message):
        PlaneGAN(drawn=drawn)


def test_its_settings_are_a_game_of_the_library():
    widget = PlaneGAN(loss="hinge", optimiser="sgd", lr_g=0.1, d_steps=2, real_target=0.9, latent="uniform", seed=7)
    cfg = widget.config
    assert (cfg.loss, cfg.optimiser, cfg.lr_g, cfg.d_steps, cfg.latent, cfg.seed) == (
        "hinge",
        "sgd",
        0.1,
        2,
        "uniform",
        7,
    )
    assert cfg.real_target == 1  # smoothing is for the cross-entropy losses
    widget.loss = "saturating"
    assert widget.config.real_target == 0.9


@pytest.mark.parametrize("data", DATA)
def test_every_data_set_has_a_density_and_a_floor(data):
    widget = PlaneGAN(data=data, step=1)
    assert float(widget.mixture.cell_masses(EDGES.float()).sum()) == pytest.approx(1, abs=1e-4)
    measured = widget.measures()
    assert 0.01 < measured.floor < 0.06 < measured.divergence < math.log(2) + 1e-6
    assert (measured.modes is None) == (data not in ("ring", "grid", "blob"))


def test_a_perfect_generator_reads_the_floor():
    widget = PlaneGAN(step=1)
    data, rng = widget.mixture.double(), torch.Generator().manual_seed(5)
    measured = widget.measures(lambda z: data.sample(len(z), rng))
    assert measured.divergence == pytest.approx(measured.floor, rel=0.2)
    assert measured.modes == 8


def test_where_fakes_are_as_common_as_data_the_best_d_says_a_half_or_half_the_target():
    widget = PlaneGAN(step=1, real_target=0.9)
    data, rng = widget.mixture.double(), torch.Generator().manual_seed(5)
    best = widget.best_d(lambda z: data.sample(len(z), rng))
    weight = toy.smoothed(data.cell_masses(EDGES), 1)
    assert float((best.nan_to_num() * weight).sum()) == pytest.approx(0.45, abs=0.03)


def test_where_only_data_are_the_best_d_says_one():
    widget = PlaneGAN(data="blob", step=1)
    best = widget.best_d(lambda z: torch.full((len(z), 2), -2.5, dtype=torch.float64))
    known = best[~best.isnan()]
    assert known.max() == pytest.approx(1) and known.min() == pytest.approx(0, abs=1e-6)


def test_weights_from_the_page_are_its_players():
    widget = PlaneGAN(step=3)
    G, D = widget.players
    values = torch.cat([p.detach().flatten() for p in [*G.parameters(), *D.parameters()]])
    widget.weights = (2 * values).numpy().tobytes()
    torch.testing.assert_close(next(widget.G.parameters()), 2 * next(G.parameters()))
    torch.testing.assert_close(list(widget.D.parameters())[-1], 2 * list(D.parameters())[-1])
    widget.seed = 1
    assert widget.weights == b""
