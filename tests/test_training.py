"""The step against a textbook's, the loop, and what a run may and may not touch."""

import copy
import dataclasses

import pytest
import torch
import torch.nn.functional as F

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.models import draw_z
from dcgan_lib.training import NonFiniteLoss, Trainer, refresh_batch_norm, train
from dcgan_lib.training.step import update

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=7, batch_size=8, lr_g=1e-3, lr_d=2e-3)


def noise_images(n=50, size=16, nc=1):
    return Images(
        "noise", torch.randint(0, 256, (n, nc, size, size), generator=torch.Generator().manual_seed(3)).byte()
    )


def new(**changes):
    return Trainer(TINY, dataclasses.replace(RUN, **changes), device="cpu")


def reals(n=8, seed=0):
    return torch.rand(n, 1, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def weights(module):
    return torch.cat([p.detach().flatten() for p in module.state_dict().values()])


def run_to_end(trainer, **options):
    return [stats.numbers() for stats in train(trainer, noise_images(), **options)]


# --- the step


def textbook_step(G, D, opt_g, opt_d, real, z):
    """The usual tutorial's iteration: three backward passes, cross-entropy against labels."""
    ones, zeros = torch.ones(len(real)), torch.zeros(len(real))
    opt_d.zero_grad()
    F.binary_cross_entropy_with_logits(D(real), ones).backward()
    fake = G(z)
    F.binary_cross_entropy_with_logits(D(fake.detach()), zeros).backward()
    opt_d.step()
    opt_g.zero_grad()
    F.binary_cross_entropy_with_logits(D(fake), ones).backward()
    opt_g.step()


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_the_step_makes_the_textbook_update_to_rounding(double_precision):
    ours = new()
    G, D = copy.deepcopy(ours.G), copy.deepcopy(ours.D)
    opt_g = torch.optim.Adam(G.parameters(), 1e-3, (0.5, 0.999))
    opt_d = torch.optim.Adam(D.parameters(), 2e-3, (0.5, 0.999))
    rng = torch.Generator().manual_seed(0)
    for seed in range(3):
        ours.step(reals(seed=seed).double())
        textbook_step(G, D, opt_g, opt_d, reals(seed=seed).double(), draw_z(8, TINY, rng))
    torch.testing.assert_close(weights(ours.G), weights(G), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(weights(ours.D), weights(D), rtol=1e-9, atol=1e-11)


def test_the_step_says_what_it_saw(double_precision):
    trainer = new()
    G, D, real = copy.deepcopy(trainer.G), copy.deepcopy(trainer.D), reals().double()
    stats = trainer.step(real)
    fake = G(draw_z(8, TINY, torch.Generator().manual_seed(0)))
    assert stats.step == 1
    torch.testing.assert_close(stats.d_real, D(real).sigmoid().mean())
    torch.testing.assert_close(stats.d_fake, D(fake).sigmoid().mean())
    torch.testing.assert_close(stats.loss_g, F.softplus(-trainer.D(fake)).mean(), rtol=1e-6, atol=0)


def test_an_update_moves_its_own_network_and_leaves_the_other():
    trainer = new()
    before = weights(trainer.D).clone()
    update(trainer.opt_g, trainer.D(trainer.G(torch.randn(8, 6))).mean())
    params = torch.cat([p.detach().flatten() for p in trainer.D.parameters()])
    assert torch.isin(params, before).all()
    assert all(p.grad is None for p in trainer.D.parameters())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_g_is_judged_by_the_d_that_has_just_moved(precision):
    """A large step of D changes its mind about the same fakes. Autocast could keep the old weights alive."""
    stats = new(precision=precision, lr_d=0.05).step(reals())
    assert abs(stats.d_fake_after - stats.d_fake) > 0.1


def test_bfloat16_rounds_and_does_not_change_the_game():
    fine, coarse = new().step(reals()).numbers(), new(precision="bf16").step(reals()).numbers()
    assert fine != coarse
    assert coarse == pytest.approx(fine, rel=0.05, abs=0.02)


def test_different_rates_move_the_networks_by_different_lengths():
    """Adam's first step has the length lr in every weight with a gradient, whatever the gradient's size."""
    trainer = new(lr_g=1e-4, lr_d=4e-4)
    before = {name: [p.detach().clone() for p in getattr(trainer, name).parameters()] for name in "GD"}
    trainer.step(reals())
    moved = {
        name: max((p - q).abs().max().item() for p, q in zip(getattr(trainer, name).parameters(), before[name]))
        for name in "GD"
    }
    assert moved["G"] == pytest.approx(1e-4, rel=1e-2)
    assert moved["D"] == pytest.approx(4e-4, rel=1e-2)


def test_smoothing_changes_what_d_minimises_on_real_images_only():
    plain, smooth = new(), new(real_target=0.9)
    real = reals()
    a, b = plain.step(real), smooth.step(real)
    logits = copy.deepcopy(new().D)(real)
    expected = (0.1 * logits).mean()  # softplus(l) - softplus(-l) = l
    assert (b.loss_d - a.loss_d).item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_weight_clip_bounds_every_weight_of_d_and_none_of_g():
    trainer = new(loss="wasserstein", weight_clip=0.01)
    trainer.step(reals())
    assert max(p.abs().max().item() for p in trainer.D.parameters()) <= 0.01
    assert max(p.abs().max().item() for p in trainer.G.parameters()) > 0.01


@pytest.mark.parametrize("loss", ["non_saturating", "saturating", "least_squares", "wasserstein", "hinge"])
def test_every_loss_trains_both_networks(loss):
    trainer = new(loss=loss)
    before = weights(trainer.G).clone(), weights(trainer.D).clone()
    trainer.step(reals())
    assert not torch.equal(weights(trainer.G), before[0])
    assert not torch.equal(weights(trainer.D), before[1])


def test_the_average_follows_g_with_its_decay():
    trainer = new(ema=0.9)
    trainer.step(reals())
    first = trainer.G.blocks[0][1].weight.detach().clone()
    trainer.step(reals(seed=1))
    second = trainer.G.blocks[0][1].weight.detach()
    torch.testing.assert_close(trainer.best_G.blocks[0][1].weight, 0.9 * first + 0.1 * second)


def test_without_an_average_the_best_generator_is_g():
    trainer = new()
    assert trainer.best_G is trainer.G


def test_refreshed_batch_norm_has_the_statistics_of_many_latents():
    G = new().G
    refresh_batch_norm(G, batches=4, n=500, seed=1)
    maps = G.blocks[0][1](G.blocks[0][0](draw_z(20_000, TINY, torch.Generator().manual_seed(9))))
    torch.testing.assert_close(G.blocks[0][2].running_var, maps.var((0, 2, 3)), rtol=0.1, atol=0)
    assert G.blocks[0][2].momentum == 0.1


# --- the loop


def test_train_stops_after_the_steps_of_the_config():
    assert [n["step"] for n in run_to_end(new())] == [1, 2, 3, 4, 5, 6, 7]


def test_the_same_seed_gives_the_same_run():
    a, b = new(flip=True), new(flip=True)
    assert run_to_end(a) == run_to_end(b)
    assert torch.equal(weights(a.G), weights(b.G))


def test_another_seed_gives_another_run():
    a, b = new(), new(seed=1)
    assert run_to_end(a) != run_to_end(b)


def test_the_callers_random_numbers_are_not_disturbed(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run_to_end(new(ema=0.9, flip=True), out=tmp_path, sample_every=2, save_every=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_callers_random_numbers_do_not_disturb_the_run():
    torch.manual_seed(1)
    a = run_to_end(new())
    torch.manual_seed(2)
    assert run_to_end(new()) == a


def test_an_epoch_shows_every_batch_once_in_an_order_of_its_own(monkeypatch):
    images = Images(
        "numbered", torch.arange(48, dtype=torch.uint8).view(48, 1, 1, 1).expand(48, 1, 16, 16).contiguous()
    )
    trainer, seen = new(steps=12), []
    monkeypatch.setattr(trainer, "step", _watch(trainer.step, seen))
    list(train(trainer, images))
    first, second = torch.cat(seen[:6]).tolist(), torch.cat(seen[6:]).tolist()
    assert sorted(first) == sorted(second) == list(range(48))
    assert first != second


def test_flip_mirrors_some_images_and_not_others(monkeypatch):
    """Each image is dark on the left: a bright left edge is a mirrored one."""
    ramp = torch.arange(16, dtype=torch.uint8).expand(48, 1, 16, 16).contiguous()
    trainer, seen = new(steps=6, flip=True), []
    monkeypatch.setattr(trainer, "step", _watch(trainer.step, seen))
    list(train(trainer, Images("ramps", ramp)))
    assert set(torch.cat(seen).tolist()) == {0, 15}


def _watch(step, seen):
    def watched(real):
        seen.append(((real[:, 0, 0, 0] + 1) * 127.5).round())
        return step(real)

    return watched


def test_a_loop_that_was_left_goes_on_where_it_stopped():
    whole, parts = new(), new()
    numbers = run_to_end(whole)
    for stats in train(parts, noise_images()):
        if stats.step == 4:
            break
    assert run_to_end(parts) == numbers[4:]
    assert torch.equal(weights(parts.G), weights(whole.G))


# --- what cannot be trained says so


def test_too_few_images_are_refused_with_a_batch_size_that_fits():
    with pytest.raises(ValueError, match=r"has 7 images, fewer than one batch of 8.*batch_size=2"):
        next(train(new(), noise_images(7)))


def test_images_of_another_size_are_refused_with_both_remedies():
    with pytest.raises(ValueError, match=r"32 pixels wide, the networks 16: load them with image_size=16"):
        next(train(new(), noise_images(size=32)))


def test_images_with_other_channels_are_refused_with_both_remedies():
    with pytest.raises(ValueError, match=r"have 3 channels, the networks 1: load them with nc=1"):
        next(train(new(), noise_images(nc=3)))


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_last_good_checkpoint(tmp_path):
    trainer = new(steps=20)
    expected = r"step 7: loss_d = nan .*lower learning rate.*step-00000005\.ckpt"
    with pytest.raises(NonFiniteLoss, match=expected):
        for stats in train(trainer, noise_images(), tmp_path, log_every=1, save_every=5):
            if stats.step == 6:
                torch.nn.init.constant_(trainer.D.blocks[0][0].weight, float("nan"))


def test_a_step_leaves_no_gradient_graph_behind():
    stats = new().step(reals())
    assert not any(getattr(stats, name).requires_grad for name in stats.names())
