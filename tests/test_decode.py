"""Decoding losses: each constant is made to happen in torch, and each reading is one that can be worked out by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from dcgan_lib import losses
from dcgan_lib.training.decode import decode, floor_of_d, outputs, parse, recognise
from dcgan_lib.training.film import Film
from dcgan_lib.training.telltale import CONSTANTS, EXAMPLES, REMARKS, STATES

USUAL = "[3/5][100/1583]\tLoss_D: 0.3517\tLoss_G: 3.2\tD(x): 0.85\tD(G(z)): 0.15 / 0.05"
VALUES = {constant.key: constant.value for constant in CONSTANTS}

ZERO, ONE = torch.zeros(1), torch.ones(1)
CERTAIN = ONE - 1e-7  # what float32 makes of it


def clipped_cross_entropy(d: torch.Tensor, target: torch.Tensor, eps: float = 1e-7) -> torch.Tensor:
    """As libraries of probabilities write it: clip, then take the logit."""
    return F.binary_cross_entropy_with_logits(torch.logit(d.clamp(eps, 1 - eps)), target)


HAPPENS = {
    "2log2": losses.d_cross_entropy(ZERO, ZERO),
    "log2": losses.g_non_saturating(ZERO),
    "-log2": losses.g_saturating(ZERO),
    "-log4": -losses.d_cross_entropy(ZERO, ZERO),
    "zero": losses.d_cross_entropy(ONE * 200, -ONE * 200),
    "H(0.9)": losses.d_cross_entropy(torch.logit(ONE * 0.9), -ONE * 200, real_target=0.9),
    "least squares": losses.d_least_squares(ONE / 2, ONE / 2),
    "hinge": losses.d_hinge(ZERO, ZERO),
    "clamp": F.binary_cross_entropy(ZERO, ONE),
    "clamp/2": (F.binary_cross_entropy(ZERO, ONE) + F.binary_cross_entropy(ZERO, ZERO)) / 2,
    "23log2": clipped_cross_entropy(ONE, ZERO),
    "23log2/2": (clipped_cross_entropy(ONE, ONE) + clipped_cross_entropy(ONE, ZERO)) / 2,
    "2^-23": clipped_cross_entropy(ONE, ONE),
    "2^-24": (clipped_cross_entropy(ONE, ONE) + 0) / 2,
    "1e-7/2": (clipped_cross_entropy(ZERO, ONE) + clipped_cross_entropy(ZERO, ZERO)) / 2,
}
HAPPENS |= {f"1e-{n}": -(ZERO + 10.0**-n).log() for n in (5, 6, 7, 8, 10, 12)}
HAPPENS |= {f"1e-{n}/2": -(ZERO + 10.0**-n).log() / 2 for n in (6, 8)}


@pytest.mark.parametrize("constant", CONSTANTS, ids=lambda constant: constant.key)
def test_every_constant_happens_in_torch(constant):
    found = HAPPENS[constant.key].item()
    assert found == pytest.approx(constant.value, rel=2e-6, abs=1e-12)
    quantity = next(iter(constant.says))
    assert constant.key in recognise(f"{found:#.8g}", quantity)


def test_the_last_step_of_the_sigmoid_below_one_is_the_same_number():
    d = torch.sigmoid(torch.tensor([16.0]))
    assert F.binary_cross_entropy(d, ZERO).item() == pytest.approx(VALUES["23log2"], rel=1e-6)
    assert F.binary_cross_entropy(torch.sigmoid(torch.tensor([17.5])), ZERO) == 100


def test_a_line_of_the_usual_example_is_read():
    expected = {"loss_d": "0.3517", "loss_g": "3.2", "d_real": "0.85", "d_fake": "0.15", "d_fake_after": "0.05"}
    assert parse(USUAL) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "D 0.50  G 2.30  D(x) 0.80  D(G(z)) 0.20, 812 images/s",
        '{"step": 7, "loss_d": 0.50, "loss_g": 2.30, "d_real": 0.80, "d_fake": 0.20}',
        "Epoch: [ 0/25] [   1/1234] time: 4.3, d_loss: 0.50, g_loss: 2.30 D(x)=0.80 D(G(z))=0.20",
        "Gen_loss: 2.30 Dis_loss: 0.50 Cls_loss: N/A D(x): 0.80 D(G(z)): 0.20",
        "0.50 2.30 0.80 0.20",
    ],
)
def test_other_programs_lines_are_read_too(line):
    assert parse(line) == [{"loss_d": "0.50", "loss_g": "2.30", "d_real": "0.80", "d_fake": "0.20"}]


def test_words_and_counts_are_not_losses():
    assert parse("epoch 12 of 100: all is well, 3 2 1") == parse("the end") == parse("") == []


@pytest.mark.parametrize("a, b", [(0.5, 0.5), (0.9, 0.2), (0.7, 0.4), (0.2, 0.9)])
def test_the_outputs_of_a_d_that_gives_all_the_same_are_found(a, b):
    loss_d, loss_g = -math.log(a) - math.log(1 - b), -math.log(b)
    assert outputs(loss_d, loss_g) == pytest.approx((a, b))
    assert outputs(loss_d, math.log(1 - b)) == pytest.approx((a, b))  # the saturating loss


def test_printed_outputs_bound_the_losses_from_below():
    scores = 3 * torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    real, fake = scores[0] + 1, scores[1] - 1
    floor = floor_of_d(real.sigmoid().mean().item(), fake.sigmoid().mean().item())
    assert floor < losses.d_cross_entropy(real, fake).item()
    same = torch.full((4,), 0.7)
    assert floor_of_d(0.7, 0.2) == pytest.approx(
        losses.d_cross_entropy(same.logit(), torch.full((4,), 0.2).logit()).item()
    )


def test_the_push_is_the_mean_slope():
    fake = torch.tensor([-3.0, 0.5, 1.0])
    d = fake.sigmoid().mean().item()
    reading = decode(f"Loss_G: {losses.g_non_saturating(fake).item()} D(G(z)): 0.9 / {d}")
    assert reading.push == pytest.approx(-losses.slope(losses.g_non_saturating, fake).mean().item())
    assert reading.push_saturating == pytest.approx(-losses.slope(losses.g_saturating, fake).mean().item())


@pytest.mark.parametrize(
    "text, state",
    [
        (USUAL, "healthy"),
        ("1.386 0.693", "same"),
        ("Loss_D: 0.05 Loss_G: 7", "won"),
        ("Loss_D: 0.15 Loss_G: 2.5", "far"),
        ("3.0 0.2", "backwards"),
        ("D(x): 0.9 D(G(z)): 0.7", "g_ahead"),
        ("nan 0.3", "broken"),
        ("loss_d=inf", "broken"),
        ("100", "frozen"),
        ("13.8155", "frozen"),
        ("16.118", "frozen"),
        ("[D loss: 7.971192, acc.: 50.00%] [G loss: 1.192093e-07]", "frozen"),
        ("Loss_D: 1.0000 Loss_G: 0.0071 D(x): 1.0000 D(G(z)): 1.0000", "other"),
        ("-3.2 1.0", "other"),
        ("0.693", "single"),
        ("d_loss: 1.386", "same"),
        ("g_loss: 6", "won"),
        ("", "nothing"),
    ],
)
def test_the_state_of_the_game(text, state):
    assert decode(text).state == state


def test_every_example_is_what_it_says():
    states = {name: decode(text).state for name, text in EXAMPLES.items()}
    assert states == {
        "usual": "healthy", "chance": "same", "D has won": "won", "100": "frozen", "7.971192": "frozen",
        "13.82": "frozen", "16.118": "frozen", "nan": "broken",
    }  # fmt: skip


def test_the_mean_of_the_halves_is_noticed():
    assert decode("[D loss: 0.693, acc.: 50%] [G loss: 0.693]").halves == "mean"
    assert decode("d_loss: 0.18 D(x): 0.85 D(G(z)): 0.15").halves == "mean"  # the sum could not be below 0.325
    assert decode("d_loss: 0.36 D(x): 0.85 D(G(z)): 0.15").halves == "sum"
    assert decode("0.693 0.693").state == "same"


def test_what_the_reader_says_of_the_halves_goes_before_a_guess():
    assert decode("0.5 1.0", halves="mean").real == pytest.approx(math.exp(-1.0) / (1 - math.exp(-1.0)))
    with pytest.raises(ValueError, match="halves='both'"):
        decode("0.5 1.0", halves="both")


def test_lines_are_averaged_and_repeats_noticed():
    reading = decode("Loss_D: 0.4 Loss_G: 1.0\nLoss_D: 0.6 Loss_G: 2.0")
    assert reading.values == pytest.approx({"loss_d": 0.5, "loss_g": 1.5})
    assert decode("Loss_D: 0.4213\n" * 3).state == "frozen"
    assert decode("".join(f"Loss_D: 0.0000 Loss_G: 1{i}.5\n" for i in range(3))).state == "won"
    assert decode("Loss_D: 0.9\n" * 60 + "\n".join(f"Loss_D: {i % 7}.5" for i in range(50))).remarks == ["last"]


def test_a_number_is_recognised_to_its_printed_digits_only():
    assert recognise("0.69", "loss_g") == ["log2"]
    assert recognise("0.7", "loss_g") == recognise("0.6950", "loss_g") == recognise("13.8", "loss_d") == []
    assert recognise("13.82", "loss_d") == ["1e-6"]
    assert recognise("1.19e-07", "loss_g") == ["2^-23"]


def test_a_loss_of_d_bounds_the_divergence():
    assert decode("d_loss: 0.5").jsd == pytest.approx((math.log(4) - 0.5) / 2)
    assert decode("d_loss: 1.5").jsd == 0
    assert decode("d_loss: 13.8155").jsd is None  # a clipped loss proves nothing


def test_every_state_and_remark_has_its_words():
    assert set(STATES) == {
        "nothing", "single", "broken", "frozen", "other", "won", "far", "healthy", "same", "g_ahead", "backwards",
    }  # fmt: skip
    assert set(REMARKS) == {"mean", "saturating", "no_pair", "repeats", "last"}


@pytest.mark.parametrize(
    "name, state",
    [("healthy", "healthy"), ("strong-d", "won"), ("collapse", "same"), ("no-detach", "healthy"), ("gains", "healthy")],
)
def test_recorded_runs_are_read_by_their_numbers_which_do_not_show_every_illness(name, state):
    line = "Loss_D: {loss_d} Loss_G: {loss_g} D(x): {d_real} D(G(z)): {d_fake} / {d_fake_after}"
    film = Film.load(f"failures/{name}")
    assert decode("\n".join(line.format(**entry) for entry in film.entries[-20:])).state == state
