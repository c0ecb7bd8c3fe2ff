"""What chapter 4 states in formulas, symbolically or in numbers."""

import sympy as sp
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.losses import d_cross_entropy, g_non_saturating, slope
from dcgan_lib.training import Trainer

LOGIT, TARGET = sp.symbols("l t", real=True)
SIGMOID = 1 / (1 + sp.exp(-LOGIT))
COST = -TARGET * sp.log(SIGMOID) - (1 - TARGET) * sp.log(1 - SIGMOID)


def test_the_cost_of_a_real_image_is_softplus_minus_the_target_times_the_logit():
    assert sp.simplify(sp.expand_log(sp.diff(COST - (sp.log(1 + sp.exp(LOGIT)) - TARGET * LOGIT), LOGIT))) == 0
    assert sp.simplify((COST - sp.log(1 + sp.exp(LOGIT))).subs(LOGIT, 0)) == 0


def test_a_smoothed_target_is_met_where_the_sigmoid_equals_it():
    assert sp.simplify(sp.diff(COST, LOGIT) - (SIGMOID - TARGET)) == 0


def test_a_target_above_one_leaves_the_cost_without_a_lower_bound():
    cost = sp.log(1 + sp.exp(LOGIT)) - sp.Rational(11, 10) * LOGIT
    assert sp.limit(cost, LOGIT, sp.oo) == -sp.oo


def test_without_detach_a_fake_feels_two_d_minus_one():
    """d/dl of -log(1 - D) - log D, with D = sigmoid(l)."""
    both = -sp.log(1 - SIGMOID) - sp.log(SIGMOID)
    assert sp.simplify(sp.diff(both, LOGIT) - (2 * SIGMOID - 1)) == 0


def test_with_detach_a_fake_feels_d_minus_one():
    logits = torch.linspace(-4, 4, 9)
    torch.testing.assert_close(slope(g_non_saturating, logits), logits.sigmoid() - 1)


def test_one_sided_smoothing_moves_the_best_answer_to_nine_tenths_of_the_true_one():
    """Minimise p (softplus(l) - t l) + q softplus(l) over l: D = t p / (p + q)."""
    p, q = sp.symbols("p q", positive=True)
    total = p * (sp.log(1 + sp.exp(LOGIT)) - TARGET * LOGIT) + q * sp.log(1 + sp.exp(LOGIT))
    best = TARGET * p / (p + q)
    assert sp.simplify(sp.diff(total, LOGIT) - (p + q) * (SIGMOID - best)) == 0


def test_a_d_that_always_says_a_half_costs_two_log_two_and_log_two():
    zero = torch.zeros(5)
    torch.testing.assert_close(d_cross_entropy(zero, zero), torch.tensor(2.0).log() * 2)
    torch.testing.assert_close(g_non_saturating(zero), torch.tensor(2.0).log())


def test_a_run_begins_near_those_values():
    trainer = Trainer(DCGANConfig(image_size=32, nz=32, ngf=8, ndf=8), TrainConfig(batch_size=32), "cpu")
    numbers = trainer.step(torch.rand(32, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1).numbers()
    assert abs(numbers["loss_d"] - 1.386) < 0.3
    assert abs(numbers["d_fake"] - 0.5) < 0.15


def test_adams_first_step_has_the_length_of_the_learning_rate():
    p = torch.nn.Parameter(torch.tensor([1.0, 2.0, -3.0]))
    opt = torch.optim.Adam([p], 1e-3, (0.5, 0.999))
    (p * torch.tensor([1e-3, 1.0, 1e3])).sum().backward()
    opt.step()
    torch.testing.assert_close(p.detach(), torch.tensor([1.0, 2.0, -3.0]) - 1e-3, rtol=0, atol=1e-6)
