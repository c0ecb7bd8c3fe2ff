"""What the chapter on the architecture displays as a formula, checked by numbers."""

import json

import pytest
import torch

from dcgan_lib.config import DCGANConfig
from dcgan_lib.convolution import conv_matrix, overlap
from dcgan_lib.summary import summary
from dcgan_lib.training.film import SHIPPED


@pytest.mark.parametrize("c", [3, 16, 64])
def test_parameters_and_multiply_adds_of_g_by_formula(c):
    G = summary(DCGANConfig(ngf=c)).G
    kernels = (100 * 8 * c, 8 * c * 4 * c, 4 * c * 2 * c, 2 * c * c, c * 3)
    assert G.params == 16 * sum(kernels) + 2 * (8 + 4 + 2 + 1) * c
    assert G.macs == 16 * sum(k * places for k, places in zip(kernels, (1, 16, 64, 256, 1024)))


def test_the_three_middle_layers_of_each_network_cost_the_same():
    pair = summary(DCGANConfig())
    assert {row.macs for row in pair.G.rows[1:4] + pair.D.rows[1:4]} == {33_554_432}


def test_batch_norm_is_gain_times_the_standardised_value_plus_shift():
    torch.manual_seed(0)
    norm, a = torch.nn.BatchNorm2d(5), 3 * torch.randn(8, 5, 4, 4) + 2
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    mean, var = a.mean((0, 2, 3), keepdim=True), a.var((0, 2, 3), correction=0, keepdim=True)
    want = norm.weight.view(1, -1, 1, 1) * (a - mean) / (var + 1e-5).sqrt() + norm.bias.view(1, -1, 1, 1)
    assert torch.allclose(norm(a), want, atol=1e-5)


def test_a_batch_of_one_is_nothing_but_the_shift_behind_a_per_unit_norm():
    a = torch.randn(1, 7)
    assert ((a - a.mean(0)) == 0).all()


@pytest.mark.parametrize(("k", "s"), [(4, 2), (5, 2), (7, 3), (3, 3), (6, 4)])
def test_stamps_on_a_pixel_number_the_multiples_of_the_stride_below_it(k, s):
    counts = overlap(20, k, s)
    assert all(counts[j] == j // s - (j - k) // s for j in range(k, 20))


def test_the_convolution_of_the_chapter_has_rank_4_and_no_inverse():
    C = conv_matrix(torch.tensor([1.0, -2.0, 0.0, 1.0]), 8, 2, 1)
    x = torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0, 1.0, 0.0, 2.0])
    assert torch.linalg.matrix_rank(C) == 4
    assert not torch.allclose(C.T @ (C @ x), x, atol=1.0)
    assert torch.equal(torch.cat([x[0:4], x[2:6], x[4:8]]).view(3, 4) @ torch.tensor([1.0, -2, 0, 1]),
                       torch.tensor([0.0, -7.0, 4.0]))  # fmt: skip


def test_the_recorded_runs_say_what_the_text_says_about_them():
    rows = json.loads((SHIPPED / "guidelines.json").read_text())["rows"]
    end = {row["variant"]: row["distance"] for row in rows if row["step"] == 1200}
    early = {row["variant"]: row["distance"] for row in rows if row["step"] == 300}
    assert max(end, key=end.get) == "hidden linear layers"
    assert end["no batch norm"] > 1.5 * end["all five"]
    assert early["max pooling in D"] < early["all five"] and end["max pooling in D"] > 1.5 * end["all five"]
    assert early["tanh in G"] > 2 * end["tanh in G"] and end["tanh in G"] < 1.3 * end["all five"]
    assert end["batch norm everywhere"] < 1.3 * end["all five"]
