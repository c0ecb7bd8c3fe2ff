"""The fast ways of making a step: the same update as the plain one."""

import copy
import dataclasses

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, captured, checkpoint, engine, train, tuning

TINY = DCGANConfig(image_size=16, nc=3, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=8, batch_size=8, lr_g=1e-3, lr_d=2e-3, ema=0.9, flip=True)
EVERYWHERE = {f"{layer}": "product" for layer in (
    "G.blocks.0.1", "G.blocks.1.0", "G.blocks.2.0", "D.blocks.0.0", "D.blocks.1.0", "D.blocks.2.0",
)}  # fmt: skip
NOISE = Images("noise", torch.randint(0, 256, (50, 3, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


def new(**changes):
    return Trainer(TINY, dataclasses.replace(RUN, **changes), device="cpu")


def everything(trainer):
    saved = checkpoint.state(trainer) | {"plan": None}
    return _tensors(saved)


def _tensors(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _tensors(v)]
    return [value] if isinstance(value, torch.Tensor) else []


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def reals(seed):
    return torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


# --- other forms of the layers


@pytest.mark.parametrize("loss", ["non_saturating", "hinge"])
def test_products_everywhere_make_the_update_of_the_plain_step(double_precision, loss):
    """Weights, running statistics, both Adams' moments, the average, the random state: after three steps."""
    plain, fast = new(loss=loss), new(loss=loss)
    tuning.apply(fast, EVERYWHERE)
    for seed in range(3):
        a, b = plain.step(reals(seed)), fast.step(reals(seed))
    torch.testing.assert_close(b.loss_d, a.loss_d, rtol=1e-10, atol=0)
    for ours, theirs in zip(everything(fast), everything(plain), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-11)


def test_the_comparison_would_see_a_wrong_update(double_precision):
    plain, other = new(), new(lr_d=2.001e-3)
    plain.step(reals(0)), other.step(reals(0))
    with pytest.raises(AssertionError):
        for ours, theirs in zip(everything(other), everything(plain), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-11)


def test_a_plan_can_be_taken_back():
    trainer = new()
    kinds = [type(m) for m in trainer.G.modules()]
    tuning.apply(trainer, EVERYWHERE)
    assert [type(m) for m in trainer.G.modules()] != kinds
    tuning.apply(trainer, {})
    assert [type(m) for m in trainer.G.modules()] == kinds


@pytest.mark.parametrize("plan", [{"G.blocks.9.0": "product"}, {"G.blocks.0.1": "fft"}, {"G.blocks.0.2": "product"}])
def test_a_plan_that_does_not_fit_is_refused_and_changes_nothing(plan):
    trainer = new()
    with pytest.raises(ValueError, match=rf"{next(iter(plan))} the form .* these networks do not have"):
        tuning.apply(trainer, {"G.blocks.1.0": "product", **plan})
    assert trainer.plan == {} and "Product" not in repr(trainer.G)


def test_a_resumed_run_takes_the_plan_of_its_checkpoint_and_is_the_uninterrupted_one(tmp_path):
    whole, parts = new(), new()
    for trainer in (whole, parts):
        tuning.apply(trainer, {"D.blocks.1.0": "product"})
    list(train(whole, NOISE))
    for stats in train(parts, NOISE, tmp_path):
        if stats.step == 3:
            break
    resumed = new()
    list(train(resumed, NOISE, tmp_path))
    assert resumed.plan == {"D.blocks.1.0": "product"}
    assert all(torch.equal(a, b) for a, b in zip(everything(resumed), everything(whole), strict=True))


# --- which form


def test_the_faster_form_is_taken_and_no_other(monkeypatch):
    monkeypatch.setattr(tuning, "WORTH", 0)
    monkeypatch.setattr(tuning, "faster", lambda layer, precision: layer.name in ("G.blocks.1.0", "D.blocks.2.0"))
    trainer = new(steps=1000)
    plan = tuning.tune(trainer)
    assert plan == trainer.plan == {"G.blocks.1.0": "product", "D.blocks.2.0": "product"}


def test_larger_maps_are_not_tried_where_a_smaller_one_lost(monkeypatch):
    tried = []
    monkeypatch.setattr(tuning, "WORTH", 0)
    monkeypatch.setattr(tuning, "faster", lambda layer, precision: tried.append(layer.name))
    tuning.tune(new(steps=1000))
    assert tried == ["G.blocks.0.1", "G.blocks.1.0", "D.blocks.2.0", "D.blocks.1.0"]


@pytest.mark.parametrize("slow", ["product", "plain"])
def test_the_form_that_needs_less_time_wins(monkeypatch, slow):
    clock = iter(range(10_000))
    monkeypatch.setattr(tuning.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(tuning.time, "process_time", lambda: next(clock))
    monkeypatch.setattr(tuning, "_pass", _taking(clock, lambda form: ("Product" in repr(form)) == (slow == "product")))
    layer = tuning._layers(new(), "D")[1]
    assert tuning.faster(layer, "fp32") == (slow == "plain")


def test_a_form_that_only_the_neighbours_made_look_faster_is_not_taken(monkeypatch):
    """By the clock it was faster, but it took as much processor time."""
    clock = iter(range(10_000))
    monkeypatch.setattr(tuning.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(tuning.time, "process_time", lambda: 0.0)
    monkeypatch.setattr(tuning, "_pass", _taking(clock, lambda form: "Product" not in repr(form)))
    assert not tuning.faster(tuning._layers(new(), "D")[1], "fp32")


def _taking(clock, is_slow):
    def run(form, x, precision):
        for _ in range(20 if is_slow(form) else 2):
            next(clock)

    return run


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_real_measurement_chooses_one_of_the_two(precision):
    assert tuning.faster(tuning._layers(new(), "D")[1], precision) in (True, False)


def test_layers_are_measured_at_the_sizes_of_the_run():
    shapes = {layer.name: layer.shape for layer in tuning._layers(new(), "G") + tuning._layers(new(), "D")}
    assert shapes["G.blocks.1.0"] == (8, 8, 4, 4)
    assert shapes["D.blocks.2.0"] == (8, 8, 4, 4)


def test_measuring_moves_nothing(monkeypatch):
    monkeypatch.setattr(tuning, "WORTH", 0)
    trainer = new(steps=1000)
    before = copy.deepcopy(everything(trainer))
    torch.manual_seed(4)
    state = torch.get_rng_state()
    tuning.tune(trainer)
    assert all(torch.equal(a, b) for a, b in zip(everything(trainer), before, strict=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_short_runs_and_small_networks_are_not_measured(monkeypatch):
    monkeypatch.setattr(tuning, "faster", lambda *_: pytest.fail("measured"))
    assert tuning.tune(new(steps=10_000)) == {}
    monkeypatch.setattr(tuning, "WORTH", 0)
    assert tuning.tune(new(steps=tuning.LONG - 1)) == {}


# --- the captured step, its logic: the graph itself needs a GPU


class Uncaptured(captured.CapturedStep):
    """Recording does nothing, and each replay computes what would have been recorded."""

    def _as_usual(self):
        return self.trainer.advance(self.pixels)

    def _record(self):
        self.graph = "recorded"

    def _replay(self):
        buffers = self.numbers
        self._into_buffers()
        self.numbers = self.numbers if buffers is None else buffers.copy_(self.numbers)


def test_a_captured_run_is_the_plain_run():
    plain, fast = new(), new()
    step = Uncaptured(fast)
    for start in range(0, 40, 8):
        pixels = NOISE.pixels[start : start + 8]
        assert step(pixels).numbers() == plain.advance(pixels).numbers()
    assert all(torch.equal(a, b) for a, b in zip(everything(fast), everything(plain), strict=True))


def test_numbers_of_a_captured_step_can_be_read_later():
    plain, step = new(), Uncaptured(new())
    batches = [NOISE.pixels[start : start + 8] for start in range(0, 40, 8)]
    late = [step(pixels) for pixels in batches]
    assert [s.numbers() for s in late] == [plain.advance(pixels).numbers() for pixels in batches]


def test_the_first_steps_are_not_captured():
    step = Uncaptured(new())
    for start in range(0, 8 * captured.WARM_UP, 8):
        step(NOISE.pixels[start : start + 8])
        assert step.graph is None
    step(NOISE.pixels[:8])
    assert step.graph == "recorded"


def test_a_gpu_gets_the_captured_step_and_a_team_of_several_the_plain_one(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    trainer = new()
    trainer.device = torch.device("cuda")
    monkeypatch.setattr(engine, "CapturedStep", lambda t: "captured")
    assert engine.prepare(trainer) == "captured"
    monkeypatch.setattr(trainer, "team", type("Two", (), {"size": 2})())
    assert engine.prepare(trainer) == trainer.advance
