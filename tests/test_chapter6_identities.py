"""What chapter 6 states in formulas, symbolically or in numbers."""

import copy
import json
import re
import tempfile
from pathlib import Path

import pytest
import sympy as sp
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dcgan_lib import forms
from dcgan_lib.config import DCGANConfig
from dcgan_lib.cost import cost
from dcgan_lib.metrics.frechet import frechet_distance
from dcgan_lib.training.step import update

BOOK = Path(__file__).parents[1] / "book"
CELLS = json.loads((BOOK / "06-speed.ipynb").read_text(encoding="utf-8"))["cells"]
CELLS = {cell["id"]: "".join(cell["source"]) for cell in CELLS}


def counts(model):
    """F_G, F_D, g_1, d_1 in multiply-adds."""
    counted = cost(model)
    return (*counted.forward(), counted.G[0].macs, counted.D[0].macs)


@pytest.mark.parametrize("model", [DCGANConfig(), DCGANConfig(image_size=32, ngf=5, ndf=7, nz=9, nc=1)], ids=str)
def test_a_step_costs_eight_d_and_three_g_less_the_first_layers(model):
    f_g, f_d, g1, d1 = counts(model)
    assert cost(model).step() == 8 * f_d - 2 * d1 + 3 * f_g - g1


def test_the_usual_recipe_costs_one_d_more():
    assert cost(DCGANConfig()).step("reference") - cost(DCGANConfig()).step() == counts(DCGANConfig())[1]


def test_both_gradients_of_a_layer_cost_twice_its_forward_pass():
    layer, x = nn.ConvTranspose2d(3, 5, 4, 2, 1), torch.randn(2, 3, 6, 6, requires_grad=True)
    with FlopCounterMode(display=False) as forward:
        y = layer(x)
    with FlopCounterMode(display=False) as backward:
        y.sum().backward()
    assert backward.get_total_flops() == 2 * forward.get_total_flops() > 0


def test_copying_windows_out_and_adding_them_up_are_transposes():
    x = torch.randn(3, 5, 8, 6, dtype=torch.float64)
    rows = forms.windows(x)
    other = torch.randn_like(rows)
    torch.testing.assert_close((rows * other).sum(), (x * forms.add_windows(other, 3, 4, 3)).sum())


def test_windows_times_kernels_are_the_convolution():
    x, kernels = torch.randn(2, 3, 8, 6, dtype=torch.float64), torch.randn(7, 3, 4, 4, dtype=torch.float64)
    product = forms.windows(x) @ kernels.permute(2, 3, 1, 0).reshape(48, 7)
    by_library = F.conv2d(x, kernels, stride=2, padding=1)
    torch.testing.assert_close(product.view(2, 4, 3, 7).permute(0, 3, 1, 2), by_library)


def test_the_cheapest_way_from_one_gaussian_to_another_costs_means_and_deviations_squared():
    """E[(x - m_b - s_b/s_a (x - m_a))^2] with x = m_a + s_a e, E[e] = 0, E[e^2] = 1."""
    m_a, m_b, e = sp.symbols("m_a m_b e", real=True)
    s_a, s_b = sp.symbols("s_a s_b", positive=True)
    x = m_a + s_a * e
    terms = sp.Poly(sp.expand((x - m_b - s_b / s_a * (x - m_a)) ** 2), e).all_coeffs()[::-1]
    assert sp.simplify(terms[0] + terms[2] - (m_a - m_b) ** 2 - (s_a - s_b) ** 2) == 0


def test_in_many_dimensions_the_distance_adds_up_over_coordinates_that_do_not_mix():
    normal = torch.linalg.qr(torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)).double()).Q
    normal = (normal - normal.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky((normal - normal.mean(0)).T.cov())).T
    means, deviations = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([2.0, 0.3, 1.0]).double()
    expected = means.square().sum() + (deviations - 1).square().sum()
    assert frechet_distance(normal, means + deviations * normal) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 5, 4, 2, 1), nn.ConvTranspose2d(3, 5, 4, 2, 1)], ids=["conv", "up"])
def test_a_batch_norm_folds_into_the_layer_before_it(layer):
    layer, norm = layer.double(), nn.BatchNorm2d(5).double()
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    for _ in range(5):
        norm(layer(torch.randn(8, 3, 8, 8, dtype=torch.float64)))
    layer.eval(), norm.eval()
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    folded = copy.deepcopy(layer)
    along = [1, -1, 1, 1] if isinstance(layer, nn.ConvTranspose2d) else [-1, 1, 1, 1]
    folded.weight.data = layer.weight * gain.view(along)
    folded.bias.data = gain * (layer.bias - norm.running_mean) + norm.bias
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(folded(x), norm(layer(x)))


@pytest.mark.parametrize(("dtype", "p"), [(torch.bfloat16, 8), (torch.float16, 11), (torch.float32, 24)])
def test_counting_stops_at_two_to_the_bits(dtype, p):
    last = torch.tensor(2.0**p, dtype=dtype)
    assert last + 1 == last and last - 1 != last


def test_a_dot_product_of_ones_in_bfloat16_is_right():
    ones = torch.ones(1000, dtype=torch.bfloat16)
    assert ones @ ones == 1000


def test_a_gradient_in_its_weights_layout_makes_fused_adam_right():
    def moved(fused: bool) -> torch.Tensor:
        rng = torch.Generator().manual_seed(0)
        w = torch.zeros(8, 4, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
        opt = torch.optim.Adam([w], lr=1.0, fused=fused)
        for _ in range(3):
            update(opt, (w * torch.randn(8, 4, 4, 4, generator=rng)).sum())
        return w.detach()

    torch.testing.assert_close(moved(True), moved(False), rtol=0, atol=1e-4)


# --- the exercises: a stub is told so, and each folded solution satisfies its checker

EXERCISES = {"stuck": "Right in all", "fold": "Right in all", "whole": "Right", "quarter": "Well found"}


def verdict(name: str, answer: str, capsys) -> str:
    room = {"torch": torch, "Path": Path, "tempfile": tempfile, "cost": cost, "DCGANConfig": DCGANConfig}
    exec("from dcgan_lib.exercises import try_on\n" + answer + "\n" + CELLS[f"ex-{name}-check"], room)
    return capsys.readouterr().out


def solution(name: str) -> str:
    text = CELLS[f"ex-{name}-solution"].split(":::{exercise}")[0]
    block = re.search(r"```python\n(.+?)```", text, flags=re.DOTALL)
    lines = block[1] if block else re.search(r"`(return [^`]+)`", text)[1]
    body = "\n".join("    " + line for line in lines.splitlines())
    return CELLS[f"ex-{name}-stub"].replace("    return ...", body)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_stub_is_told_that_it_is_one(name, capsys):
    assert "Not filled in yet" in verdict(name, CELLS[f"ex-{name}-stub"], capsys)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_folded_solution_satisfies_the_checker(name, capsys):
    assert verdict(name, solution(name), capsys).startswith(EXERCISES[name])


def test_writing_over_the_old_file_does_not_satisfy_the_checker(capsys):
    naive = "def write_whole(path, parts):\n    with path.open('wb') as file:\n        file.writelines(parts)"
    assert "killed after 0 of 3 pieces, the file holds b''" in verdict("whole", naive, capsys)
