"""Several processes are one: the same batches, the same update, the same files, a state that fits any number."""

import dataclasses

import pytest
import torch
from torch import nn

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images, to_unit
from dcgan_lib.training import Trainer, checkpoint, history, refresh_batch_norm, train, tuning
from dcgan_lib.training.batch_norm import SharedBatchNorm, synchronise
from dcgan_lib.training.checkpoint import CheckpointError
from dcgan_lib.training.feed import feed
from dcgan_lib.training.step import follow
from dcgan_lib.training.team import ALONE, LostProcess, Team, join
from tests.processes import Processes

TINY = DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=9, batch_size=12, lr_g=1e-3, lr_d=2e-3, ema=0.9, flip=True)
NOISE = Images("noise", torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


@pytest.fixture(scope="module")
def processes():
    some = Processes(3)
    yield some
    some.close()


class Exact(Trainer):
    """In double precision, where two orders of a sum differ in the 16th digit and a wrong gradient in the first."""

    def advance(self, pixels):
        return self.step(to_unit(pixels).double())


def new(team, kind=Trainer, model=TINY, **changes):
    return kind(model, dataclasses.replace(RUN, **changes), "cpu", team)


def exact(team, model=TINY, until=RUN.steps, out=None, **changes):
    """The state after `until` steps of a run in double precision."""
    torch.set_default_dtype(torch.float64)
    try:
        trainer = new(team, Exact, model, **changes)
        for stats in train(trainer, NOISE, out):
            if stats.step == until:
                break
        return checkpoint.state(trainer)
    finally:
        torch.set_default_dtype(torch.float32)


def numbers_of(state):
    """All of a state's tensors in one row, without the random generator's bytes."""
    if isinstance(state, dict):
        return torch.cat([numbers_of(v) for k, v in state.items() if k not in ("model", "train", "plan", "rng")])
    if isinstance(state, (list, tuple)):
        return torch.cat([torch.zeros(0), *map(numbers_of, state)])
    return torch.as_tensor(0.0 if state is None else state, dtype=torch.float64).reshape(-1)


def same(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def assert_close(a, b):
    torch.testing.assert_close(numbers_of(a), numbers_of(b), rtol=1e-9, atol=1e-11)
    assert torch.equal(a["rng"], b["rng"])


# --- the update


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("model", [TINY, dataclasses.replace(TINY, hidden_units=8)], ids=["plain", "hidden"])
def test_several_processes_with_synchronised_batch_norm_make_the_update_of_one(processes, n, model):
    """Weights, both optimisers, the average, running statistics: all that a checkpoint holds."""
    alone = exact(ALONE, model)
    for state in processes.run(n, exact, model):
        assert_close(state, alone)


def test_batch_norm_of_each_process_by_itself_is_another_update(processes):
    alone = exact(ALONE)
    state, _ = processes.run(2, unsynchronised)
    assert (numbers_of(state["G"]) - numbers_of(alone["G"])).abs().max() > 1e-4


def unsynchronised(team):
    return exact(team, sync_batch_norm=False)


def test_the_processes_hold_the_same_weights_to_the_last_bit(processes):
    first, second, third = processes.run(3, exact)
    assert same(first, second) and same(second, third)


def test_means_are_taken_over_all_processes_whatever_the_layout(processes):
    expected = torch.arange(48.0).view(2, 2, 3, 4) + 1
    for mean, scalar in processes.run(3, means):
        assert torch.equal(mean, expected) and scalar == 1
        assert mean.is_contiguous(memory_format=torch.channels_last)


def means(team):
    own = (torch.arange(48.0).view(2, 2, 3, 4) + team.rank).contiguous(memory_format=torch.channels_last)
    scalar = torch.tensor(float(team.rank))
    team.mean_([own, scalar])
    return own, scalar


# --- the data


def test_an_epoch_shows_every_batch_once_over_all_processes(processes):
    shares = processes.run(3, pixels_seen)
    seen = torch.cat(shares, dim=1)  # (steps, batch)
    alone = pixels_seen(ALONE)
    assert torch.equal(seen, alone)
    assert sorted(seen[:4].flatten().tolist()) == sorted(set(alone[:4].flatten().tolist()))


def pixels_seen(team):
    numbered = torch.arange(48, dtype=torch.uint8).view(48, 1, 1, 1).expand(48, 1, 16, 16).contiguous()
    trainer, seen = new(team), []
    for pixels in feed(trainer, Images("numbered", numbered)):
        seen.append(pixels[:, 0, 0, 0])
        trainer.steps_done += 1
    return torch.stack(seen)


# --- files


def test_the_first_process_writes_and_its_numbers_are_those_of_the_whole_batch(processes, tmp_path):
    processes.run(2, exact, TINY, RUN.steps, tmp_path / "team")
    exact(ALONE, out=tmp_path / "alone")
    ours, alone = (history.read(tmp_path / name / "history.jsonl")[1] for name in ("team", "alone"))
    assert [entry["step"] for entry in ours] == [1, 9]
    for entry, expected in zip(ours, alone):
        assert entry == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3), (3, 2)])
def test_a_run_of_some_processes_goes_on_with_another_number(processes, tmp_path, before, after):
    stop, end = 5, RUN.steps
    processes.run(before, exact, TINY, stop, tmp_path) if before > 1 else exact(ALONE, TINY, stop, tmp_path)
    state = processes.run(after, exact, TINY, end, tmp_path)[0] if after > 1 else exact(ALONE, TINY, end, tmp_path)
    assert_close(state, exact(ALONE))


@pytest.mark.parametrize("sync", [True, False], ids=["synchronised", "each by itself"])
def test_two_processes_resume_bit_for_bit(processes, tmp_path, sync):
    whole = processes.run(2, rounded, RUN.steps, None, sync)[0]
    processes.run(2, rounded, 5, tmp_path, sync)
    resumed = processes.run(2, rounded, RUN.steps, tmp_path, sync)
    assert same(resumed[0], whole)


def rounded(team, until, out, sync):
    trainer = new(team, sync_batch_norm=sync)
    for stats in train(trainer, NOISE, out):
        if stats.step == until:
            break
    return checkpoint.state(trainer)


def test_one_plan_of_the_layers_forms_serves_all(processes):
    assert processes.run(2, planned) == [{"G.blocks.1.0": "product"}] * 2


def planned(team):
    tuning.tune = lambda trainer: {"G.blocks.1.0": "product"} if team.leads else {}
    trainer = new(team)
    next(train(trainer, NOISE))
    return trainer.plan


# --- what goes wrong


def test_a_batch_that_cannot_be_shared_is_refused_with_one_that_can(processes):
    with pytest.raises(ValueError, match=r"batch_size=10 cannot be shared equally by 3.*multiple of 3, such as 12"):
        processes.run(3, odd)


def odd(team):
    new(team, batch_size=10)


def test_one_image_for_each_process_needs_synchronised_batch_norm(processes):
    processes.run(2, pairs, True)
    with pytest.raises(ValueError, match=r"leaves each of 2 processes one image.*sync_batch_norm=True"):
        processes.run(2, pairs, False)


def pairs(team, sync):
    next(train(new(team, batch_size=2, sync_batch_norm=sync), NOISE))


def test_a_process_with_other_images_or_settings_is_named(processes):
    with pytest.raises(ValueError, match=r"process 1 is not set up as process 0 is \(images=50 there, 49 here\)"):
        processes.run(2, unlike, True)
    with pytest.raises(CheckpointError, match=r"process 0: made with another train configuration \(seed=0 there"):
        processes.run(2, unlike, False)


def unlike(team, images):
    trainer = new(team, seed=0 if images else team.rank)
    list(train(trainer, NOISE.subset(slice(0, 50 - team.rank)) if images else NOISE))


def test_who_loses_a_process_hears_of_it_at_once_in_the_middle_of_a_step(processes):
    message, torn = processes.run(2, left)[0]
    assert "process 0 of 2 has lost another one, which was killed or whose machine is gone" in message
    assert torn


def left(team):
    from dcgan_lib.training import progress

    trainer = new(team)
    try:
        for stats in train(trainer, NOISE):
            if stats.step == 2 and team.rank == 1:
                torch.distributed.destroy_process_group()
                return None
    except LostProcess as lost:
        return str(lost), progress.of(trainer).torn


def test_one_process_that_is_asked_to_stop_is_enough(processes):
    assert processes.run(3, asked) == [True] * 3 and processes.run(3, not_asked) == [False] * 3


def asked(team):
    return team.any(team.rank == 1)


def not_asked(team):
    return team.any(False)


def test_the_images_are_read_once_before_they_are_read_by_all(processes, tmp_path):
    order = processes.run(3, read, tmp_path)
    assert order[0] == [] and order[1:] == [["leader"]] * 2


def read(team, folder):
    with team.one_at_first():
        found = [path.name for path in folder.iterdir() if path.name == "leader"]
        if team.leads:
            (folder / "leader").touch()
    return found


def test_without_torchrun_there_is_no_team(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    assert join() is ALONE
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert join() is ALONE


@pytest.mark.parametrize(
    ("device", "gpus", "says"),
    [("cuda", 2, r"4 processes on this machine, but it has 2 GPUs: use torchrun --nproc-per-node=2, or --device cpu"),
     ("cuda:1", 4, r"--device cuda:1: with torchrun each process takes its own; give cpu, cuda or nothing")],
)  # fmt: skip
def test_a_device_that_a_team_cannot_have_is_refused(monkeypatch, device, gpus, says):
    for name, value in {"RANK": 0, "WORLD_SIZE": 4, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 4}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(ValueError, match=says):
        Team(device)


# --- batch norm


@pytest.mark.parametrize(
    ("kind", "shape", "momentum"),
    [(nn.BatchNorm2d, (12, 5, 4, 3), 0.1), (nn.BatchNorm1d, (12, 5), 0.1), (nn.BatchNorm1d, (12, 5), None)],
)
def test_shared_batch_norm_is_batch_norm_of_all_shares(processes, kind, shape, momentum):
    x = 50 + 3 * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = normalise(ALONE, kind, x, momentum)
    results = processes.run(3, normalise, kind, x, momentum)
    for i in (0, 1):  # outputs and gradients of the input: the shares of all, one below the other
        torch.testing.assert_close(torch.cat([r[i] for r in results]), expected[i], rtol=1e-9, atol=1e-11)
    for i in (2, 3):  # gradients of the gain and the shift: each process has its part of the sum
        torch.testing.assert_close(sum(r[i] for r in results), expected[i], rtol=1e-9, atol=1e-11)
    for result in results:
        torch.testing.assert_close(result[4:], expected[4:], rtol=1e-9, atol=1e-11)


def normalise(team, kind, x, momentum):
    chain = nn.Sequential(kind(5, momentum=momentum)).double()
    nn.init.normal_(chain[0].weight, generator=torch.Generator().manual_seed(2))
    names = list(chain.state_dict())
    if team.size > 1:
        synchronise(chain, team)
        assert isinstance(chain[0], SharedBatchNorm) and list(chain.state_dict()) == names
    for _ in range(2):
        own = team.share(x).clone().requires_grad_()
        y = chain(own)
    weights = torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(3))
    (y * team.share(weights)).sum().backward()
    norm = chain[0]
    y_eval = chain.eval()(x[:2]).detach()
    return [y.detach(), own.grad, norm.weight.grad, norm.bias.grad, norm.running_mean, norm.running_var, y_eval]


def test_shared_batch_norm_in_bfloat16_is_as_good_as_torchs(processes):
    exactly, theirs, ours = processes.run(2, coarse)[0]
    assert (ours - exactly).norm() <= 1.1 * (theirs - exactly).norm()


def coarse(team):
    """The gradient of the input in double precision, with torch's batch norm in bfloat16, and with ours."""
    x = 3 + torch.randn(16, 4, 6, 6, generator=torch.Generator().manual_seed(team.rank))
    both = team.stack(x).flatten(0, 1)
    own = slice(16 * team.rank, 16 * (team.rank + 1))
    gradients = []
    for dtype, shared in ((torch.float64, False), (torch.bfloat16, False), (torch.bfloat16, True)):
        norm = nn.Sequential(nn.BatchNorm2d(4))
        norm = norm.double() if dtype == torch.float64 else norm
        if shared:
            synchronise(norm, team)
        given = (x if shared else both).to(dtype).requires_grad_()
        norm(given).square().mul(both[own].to(dtype) if shared else both.to(dtype)).sum().backward()
        gradients.append((given.grad if shared else given.grad[own]).double())
    return gradients


def test_the_average_and_the_statistics_of_a_teams_generator_can_be_used_alone(processes):
    before, after = processes.run(2, finished)[0]
    assert not torch.equal(before, after)


def finished(team):
    trainer = new(team)
    follow(trainer.average, trainer.G, 0.5)
    if not team.leads:
        return None
    alone = new(ALONE)
    checkpoint.restore(alone, checkpoint.state(trainer))
    before = alone.best_G.blocks[0][2].running_mean.clone()
    refresh_batch_norm(alone.best_G, batches=2, n=8)
    return before, alone.best_G.blocks[0][2].running_mean
