"""Forgetting: maps that speak for glasses are found, dropping them removes glasses, and random ones do not."""

import json

import pytest
import torch
from scipy import optimize

from dcgan_lib import pretrained
from dcgan_lib.experiments import forgetting
from dcgan_lib.inspect import dropped
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.attributes import load_reader
from dcgan_lib.metrics.forgetting import (
    LOOKS,
    TARGETS,
    box,
    evidence,
    has,
    inside,
    layers_of,
    logistic,
    outcome,
    upheaval,
    worst,
)

GLASSES = TARGETS["glasses"]
G, READER = pretrained.load("faces64").G, load_reader()
SIDE = 8


@pytest.fixture(scope="module")
def samples():
    return layers_of(G, sample_z(60, G.cfg, seed=5), READER)


@pytest.fixture(scope="module")
def result():
    return forgetting.run(**forgetting.EXPERIMENT.budgets["tiny"])


def test_glasses_are_boxed_where_eyes_are_and_a_smile_below_them():
    top, bottom, left, right = box(GLASSES)
    assert 24 <= top < 32 < bottom <= 42 and 10 < left < 20 and 44 < right < 54
    assert box(TARGETS["open smile"])[0] >= bottom - 2


def test_a_box_touches_the_spots_of_a_layer_that_it_overlaps():
    mask = inside((27, 39, 16, 48), 8)
    assert mask.nonzero().min(0).values.tolist() == [3, 2]
    assert mask.nonzero().max(0).values.tolist() == [4, 5]
    assert inside((27, 39, 16, 48), 64).sum() == 12 * 32


def test_the_regression_finds_the_map_that_speaks_for_it_and_that_which_speaks_against():
    torch.manual_seed(0)
    labels = torch.rand(200) < 0.4
    maps = torch.rand(200, 5, 8, 8)
    maps[labels, 3, 4, 4] += 9.0
    maps[~labels, 1] += 0.5
    maps[:, 2] = 0.25  # says nothing
    for look in ("place", "whole"):
        weights = logistic(*evidence(maps, labels, (27, 39, 16, 48), look))
        assert (weights.argmax(), weights.argmin()) == (3, 1)
        assert weights[2].abs() < 1e-3
    x, y = evidence(maps, labels, (27, 39, 16, 48), "boxes", boxes=20)
    assert x.shape == (2 * 20 * 8, 5) and y.sum() == 20 * 8
    assert logistic(x, y).argmax() == 3


def test_the_weights_are_those_of_scipys_minimiser():
    torch.manual_seed(1)
    x = torch.randn(80, 3) * torch.tensor([1.0, 5.0, 0.2]) + 2
    y = x[:, 0] + x[:, 1] / 5 + torch.randn(80) > 2
    s = ((x - x.mean(0)) / x.std(0)).double()

    def loss(w):
        margin = (s @ torch.tensor(w[1:]) + w[0]) * (2 * y - 1)
        return torch.nn.functional.softplus(-margin).mean().item() + 0.005 * (w[1:] ** 2).sum()

    best = optimize.minimize(loss, [0.0] * 4, tol=1e-10).x
    torch.testing.assert_close(logistic(x, y).double(), torch.tensor(best[1:]), atol=1e-3, rtol=1e-3)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ValueError, match="0 of 9 have it: a regression needs both kinds"):
        logistic(torch.rand(9, 2), torch.zeros(9).bool())
    with pytest.raises(ValueError, match="look='eyes': choose one of boxes, place, whole"):
        evidence(torch.rand(9, 2, 8, 8), torch.ones(9).bool(), (0, 9, 0, 9), "eyes")
    assert LOOKS == ("boxes", "place", "whole")


def test_going_on_from_a_layer_draws_what_dropping_its_maps_draws(samples):
    maps = torch.tensor([3, 57, 90])
    with dropped(G, {SIDE: maps.tolist()}), torch.no_grad():
        expected = G(sample_z(60, G.cfg, seed=5)[:12])
    torch.testing.assert_close(samples[SIDE].without(maps, 12), expected, rtol=0, atol=1e-5)


def test_a_map_filled_with_its_mean_is_as_bright_as_before_and_the_same_everywhere(samples):
    layer = samples[16]
    none = layer.without(torch.tensor([], dtype=torch.int64), 6)
    torch.testing.assert_close(none, layer.images[:6], rtol=0, atol=1e-5)
    zero, filled = (layer.without(torch.arange(10), 6, fill) for fill in ("zero", "mean"))
    assert not torch.equal(zero, filled)


def test_dropping_nothing_changes_nothing(samples):
    layer = samples[SIDE]
    seen = outcome(layer, layer.images, GLASSES, box(GLASSES), READER)
    assert seen["removed"] == seen["inside"] == seen["outside"] == 0 and worst(seen) < 1e-5
    assert seen["before"] == has(layer.table, GLASSES).float().mean().item() > 0.2
    assert "glasses" not in seen["shift"] and upheaval(seen) < 1e-5 and seen["between"] > 0.2


def test_glasses_are_forgotten_and_random_maps_do_not_do_it(result):
    (trial,) = result["forgetting"]["glasses"]
    shares = forgetting.summary([trial])
    assert shares["chosen"][0] > 0.6
    assert shares["random, chosen"][0] < shares["chosen"][0] / 2
    assert shares["largest of either sign"][0] < shares["chosen"][0]


def test_validation_prefers_the_gentlest_that_removes_enough():
    tried = [
        {"removed": 0.95, "upheaval": 0.7},
        {"removed": 0.92, "upheaval": 0.3},
        {"removed": 0.5, "upheaval": 0.1},
    ]
    assert forgetting.choose(tried) is tried[1]
    assert forgetting.choose(tried[2:]) is tried[2]


def test_the_record_is_plain_and_a_row_states_the_control(result):
    assert json.loads(json.dumps(result))["reader"]["degraded"]["glasses"] == 1.0
    (row,) = forgetting.rows(result)
    assert "random ones" in row.ours and not row.same
    (trial,) = result["forgetting"]["glasses"]
    assert len(trial["curve"]["maps"]) == len(trial["curve"]["random"])
    assert len(trial["chosen"]["which"]) == trial["chosen"]["maps"]
