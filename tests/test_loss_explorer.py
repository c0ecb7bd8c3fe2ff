"""LossExplorer: its traits, and the losses of one sample that it computes, without a browser."""

import math

import pytest
import torch
import traitlets

from dcgan_lib.losses import LOSSES, d_cross_entropy
from dcgan_lib.widgets import LossExplorer
from dcgan_lib.widgets.losses import SETTLED, of_one


def test_it_opens_on_a_fake_that_is_seen_through():
    explorer = LossExplorer()
    assert (explorer.loss, explorer.role, explorer.logit) == ("non_saturating", "g", -3.0)
    assert explorer.probability == pytest.approx(1 / (1 + math.exp(3)))


def test_the_two_slopes_of_g_share_out_one():
    slopes = LossExplorer(logit=-7).slopes
    assert slopes["saturating"] + slopes["non_saturating"] == pytest.approx(-1)
    assert slopes["non_saturating"] / slopes["saturating"] == pytest.approx(math.exp(7))


@pytest.mark.parametrize("name", LOSSES)
def test_the_two_halves_of_ds_loss_add_up_to_it(name):
    real, fake = torch.tensor([0.7], dtype=torch.float64), torch.tensor([-1.9], dtype=torch.float64)
    halves = of_one(name, "d_real", real) + of_one(name, "d_fake", fake)
    torch.testing.assert_close(halves, LOSSES[name].d(real, fake))


def test_smoothing_changes_the_half_of_real_images():
    real, fake = torch.tensor([0.7]), torch.tensor([-1.9])
    halves = of_one("saturating", "d_real", real, 0.9) + of_one("saturating", "d_fake", fake, 0.9)
    torch.testing.assert_close(halves, d_cross_entropy(real, fake, real_target=0.9))


@pytest.mark.parametrize("d", SETTLED)
def test_a_settled_pair_of_scores_costs_nothing(d):
    real, fake = (torch.tensor([float(score)]) for score in SETTLED[d])
    assert d(real, fake) == 0


@pytest.mark.parametrize(
    "trait, value", [("loss", "focal"), ("role", "G"), ("logit", 9), ("axis", "score"), ("real_target", 0.2)]
)
def test_what_it_cannot_draw_is_refused_by_name(trait, value):
    with pytest.raises(traitlets.TraitError, match=f"{value}"):
        LossExplorer(**{trait: value})


def test_it_describes_itself_in_a_line():
    assert repr(LossExplorer()) == "LossExplorer(non_saturating, g, logit -3: loss 3.0486, slope -0.9526)"
