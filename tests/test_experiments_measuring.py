"""The experiments of measuring and of duplicates, with tiny budgets."""

import pytest

from dcgan_lib.experiments import experiment, measuring
from dcgan_lib.experiments.results import reproduce
from dcgan_lib.metrics.altered import CHANGES

MEASURING = {"n": 200, "reference": 400, "sizes": (100, 200), "pool": 200, "queries": 60, "seeds": (0, 1)}


@pytest.fixture(scope="module")
def found():
    return reproduce("measuring", "tiny", **MEASURING)["result"]


def test_every_sample_has_a_figure_for_each_seed(found):
    for name, figures in found["samples"].items():
        assert all(len(figures[key]) == 2 for key in ("precision", "recall", "density", "coverage")), name
        assert set(figures["frechet"]) == {"100", "200"}
        assert all(0 <= x <= 1 for values in figures["marginals"].values() for x in values)


def test_true_faces_are_the_best_sample_and_truncation_costs_recall(found):
    samples = found["samples"]
    best = min(samples, key=lambda name: sum(samples[name]["frechet_infinite"]))
    assert best == "true faces"
    assert sum(samples["truncated"]["recall"]) < sum(samples["fakes"]["recall"])
    assert sum(samples["fakes"]["recall"]) < sum(samples["true faces"]["recall"])


def test_the_distance_falls_as_the_sample_grows(found):
    for figures in found["samples"].values():
        assert sum(figures["frechet"]["200"]) < sum(figures["frechet"]["100"])


def test_copies_are_noticed(found):
    share = {name: sum(ways["pixels"]["prefer"]) / 2 for name, ways in found["memory"].items()}
    assert share["a tenth copied"] > share["fakes"]


def test_rows_say_that_figures_are_not_the_papers(found):
    lines = experiment("measuring").rows(found)
    assert lines and not any(row.same for row in lines)
    assert " of 100; " in lines[0].ours and "±" in lines[0].ours


def test_one_seed_has_no_spread():
    assert measuring.spread([0.5]) == "0.500"
    assert measuring.spread([0.25, 0.75], ".2f") == "0.50 ± 0.35"


def test_planted_duplicates_are_counted_by_every_way():
    about = experiment("duplicates")
    settings = {"originals": 250, "each": 20, "steps": 30, "seeds": (0,)}
    result = reproduce("duplicates", "tiny", **settings)["result"]
    assert set(result) == {"semantic hash", "random weights", "pixels", "equal codes"}
    for way in result.values():
        assert set(way["recall"]) == set(CHANGES)
        assert all(0 <= x <= 1 for values in way["recall"].values() for x in values)
    assert result["pixels"]["recall"]["noise"] == [1.0]
    assert "1 in 100" in about.rows(result)[-1].paper
