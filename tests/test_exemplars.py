"""Choosing exemplars for the paper's arithmetic, and following a turn vector."""

import pytest
import torch

from dcgan_lib import pretrained
from dcgan_lib.experiments import arithmetic, turn
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.attributes import COLUMNS
from dcgan_lib.metrics.exemplars import add_up, kinds, pick, pick_near, pick_shown, trays

GLASSES, LONG = COLUMNS.index("glasses"), COLUMNS.index("long_hair")


def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def table():
    torch.manual_seed(0)
    return torch.rand(400, len(COLUMNS))


def test_trays_hold_those_that_have_one_neither_and_the_other(table):
    first, second, third = trays(table, "glasses", "long_hair")
    assert table[first, GLASSES].min() > 0.8 > 0.2 > table[first, LONG].max()
    assert table[second][:, [GLASSES, LONG]].max() < 0.2
    assert table[third, LONG].min() > 0.8 > 0.2 > table[third, GLASSES].max()
    assert kinds("a", "b")[0] == {"a": True, "b": False}


def test_clear_exemplars_are_those_of_which_the_reader_is_surer(table):
    sure, surer = (trays(table, "glasses", "long_hair", sure=s)[0] for s in (None, 0.9))
    assert 0 < len(surer) < len(sure) and set(surer.tolist()) <= set(sure.tolist())
    assert table[surer, GLASSES].min() > 0.9 and table[surer, LONG].max() < 0.1


def test_no_exemplar_is_taken_twice_and_too_few_are_refused():
    some = (torch.arange(5), torch.arange(5, 10), torch.arange(10, 15))
    picks = pick(some, 4, 30, rng())
    assert all(picked.shape == (30, 4) for picked in picks)
    assert all(len(set(row.tolist())) == 4 for picked in picks for row in picked)
    assert picks[1].min() >= 5 and picks[1].max() < 10
    with pytest.raises(ValueError, match="trays of 5, 5, 5: each must hold 6; sample more latents"):
        pick(some, 6, 1, rng())


def test_what_is_taken_away_is_the_nearest_of_its_tray():
    z = torch.tensor([[0.0, 0.0], [9.0, 9.0], [0.5, 0.0], [8.0, 9.0], [3.0, 3.0]])
    first, second, third = pick_near(z, (torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([4])), 1, 10, rng())
    assert second.flatten().tolist() == [{0: 2, 1: 3}[i] for i in first.flatten().tolist()]
    torch.testing.assert_close(add_up(z, (first, second, third))[0], z[first[0, 0]] - z[second[0, 0]] + z[4])


class Reads:
    """A reader of images that are latents: the first coordinate is the glasses, the second the long hair."""

    def table(self, images):
        table = torch.zeros(len(images), len(COLUMNS))
        table[:, GLASSES], table[:, LONG] = images[:, 0], images[:, 1]
        return table


def test_only_averages_that_show_their_kind_are_kept():
    z = torch.tensor([[0.9, 0.0], [0.9, 0.1], [-9.0, 0.0], [0.0, 0.0], [0.1, 0.1], [0.0, 0.9], [0.1, 0.9]])
    some = (torch.tensor([0, 1, 2]), torch.tensor([3, 4]), torch.tensor([5, 6]))  # number 2 spoils an average
    first, second, third = pick_shown(z, some, "glasses", "long_hair", 2, 20, rng(), lambda z: z, Reads())
    assert 0 < len(first) < 20 and len(first) == len(second) == len(third)
    assert not (first == 2).any()


def test_sums_on_maps_of_one_and_the_same_are_its_image():
    G = pretrained.load("faces64").G
    z = sample_z(3, G.cfg, seed=1)
    same = torch.tensor([[2, 0], [1, 1]])
    drawn = arithmetic.on_maps(G, z, (same, same, torch.tensor([[1, 1], [2, 2]])))
    torch.testing.assert_close(drawn, G(z[[1, 2]]).detach(), rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def turns():
    return turn.run(**turn.EXPERIMENT.budgets["tiny"])


def test_faces_turn_along_the_turn_vector_and_not_along_any_difference(turns):
    along = turns["along"][4]
    (vector,), (control,) = along["turn vector"], along["at random"]
    assert vector["turn"] == sorted(vector["turn"]) and vector["follows"] > 0.9
    assert vector["turn"][-1] - vector["turn"][0] > 1 > abs(control["turn"][-1] - control["turn"][0])
    assert control["follows"] < 0.7
    (row,) = turn.rows(turns)
    assert "reliably" in row.paper and not row.same


def test_readings_say_who_follows_how_evenly_and_what_else_changes():
    read = torch.zeros(1, 3, 2, len(COLUMNS))
    read[0, :, 0, turn.PLACE] = torch.tensor([-0.5, 0.0, 0.5])  # one of two faces turns
    read[0, 2, :, GLASSES] = torch.tensor([0.6, -0.6])  # both change; their mean does not
    found = turn.turned(read, torch.full((len(COLUMNS),), 0.5))
    assert found["turn"] == [-0.25, 0.0, 0.25]
    assert (found["follows"], found["evenly"], found["turn moved"]) == (0.5, 0.5, 1.0)
    assert found["others"]["glasses"] == pytest.approx(1.2) and found["drift"]["glasses"] == 0
    assert "turn" not in found["others"]


def test_other_ways_of_adding_three_are_reported_beside_the_first():
    budget = dict(arithmetic.EXPERIMENT.budgets["tiny"]) | {"exemplars": (3,)}
    result = arithmetic.run(**budget)
    assert result["three"]["the third and a direction"][0] > result["rates"][arithmetic.WAYS[0]][3][0] - 0.1
    assert {"any", "clear exemplars", "averages that show it"} <= set(result["three"])
    assert 0.8 < result["anatomy of three"]["length of the sum"][0] < 1.2
    assert set(result["other pairs"]) == {f"{a} and {b}" for a, b in arithmetic.PAIRS}
    first, *others = arithmetic.rows(result)
    assert first.what == "arithmetic with 3 in each term" and len(others) == 3
