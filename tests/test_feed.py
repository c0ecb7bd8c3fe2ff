"""Three ways from images to batches: the same images in the same order, whichever way, wherever it begins."""

import dataclasses
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import DrawnFaces, EndlessFaces, Images, batches, memory
from dcgan_lib.training import Trainer, feed, stream, train
from dcgan_lib.training.team import ALONE, Alone

RUN = TrainConfig(steps=17, batch_size=6, seed=4)  # 40 images: six batches an epoch, four images left over


def at(steps_done=0, device="cpu", team=ALONE, **changes):
    """What `feed` needs of a trainer."""
    cfg = dataclasses.replace(RUN, **changes)
    return SimpleNamespace(cfg=cfg, steps_done=steps_done, device=torch.device(device), team=team)


class OneOf(Alone):
    """One process of several, with no other there."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def share(self, rows):
        return rows.tensor_split(self.size)[self.rank]


@pytest.fixture(scope="module")
def images():
    return Images("noise", torch.randint(0, 256, (40, 3, 8, 8), generator=torch.Generator().manual_seed(3)).byte())


@pytest.fixture(params=["one batch", "two batches", "less than a batch", "everything"])
def chunk(request, monkeypatch):
    size = {"one batch": 6, "two batches": 13, "less than a batch": 1, "everything": 1000}[request.param]
    monkeypatch.setattr(stream, "CHUNK", size * 3 * 8 * 8)


def plain(images, cfg=RUN):
    """The batches as anyone would write them."""
    epochs = (batches(images, cfg.batch_size, cfg.seed, epoch) for epoch in range(cfg.steps))
    return [images.pixels[rows] for epoch in epochs for rows in epoch][: cfg.steps]


def same(ours, theirs):
    return len(ours) == len(theirs) and all(torch.equal(a, b) for a, b in zip(ours, theirs))


def reading():
    return [thread for thread in threading.enumerate() if thread.name == "images"]


# --- the same batches


@pytest.mark.parametrize("steps_done", [0, 1, 5, 6, 7, 16, 17])
def test_every_way_gives_the_plain_batches_from_any_step_on(images, chunk, steps_done):
    expected = plain(images)[steps_done:]
    assert same(list(feed.resident(at(steps_done), images)), expected)
    assert same(list(feed.streamed(at(steps_done), images)), expected)


def test_a_run_trained_from_a_stream_is_the_run_trained_from_memory(monkeypatch):
    pixels = torch.randint(0, 256, (40, 1, 16, 16), generator=torch.Generator().manual_seed(3)).byte()
    finals = []
    for share in (0.5, 0.0):
        monkeypatch.setattr(feed, "RESIDENT", share)
        trainer = Trainer(DCGANConfig(image_size=16, nc=1, nz=6, ngf=4, ndf=4), RUN, "cpu")
        for _ in range(2):  # left in the middle of an epoch, and taken up again
            for stats in train(trainer, Images("noise", pixels)):
                if stats.step == 9:
                    break
        finals.append([*trainer.G.state_dict().values(), *trainer.D.state_dict().values()])
    assert trainer.steps_done == 17 and same(*finals) and reading() == []


@pytest.mark.parametrize("way", [feed.resident, feed.streamed])
def test_a_team_shares_each_batch_and_nobody_sees_an_image_twice(images, way):
    parts = [list(way(at(team=OneOf(rank, 3)), images)) for rank in range(3)]
    assert all(len(part) == 2 for part in parts[0])
    assert same([torch.cat(batch) for batch in zip(*parts)], plain(images))


def test_a_map_that_cannot_be_written_to_is_streamed(images, tmp_path, monkeypatch):
    np.save(tmp_path / "pixels.npy", images.pixels.numpy())
    monkeypatch.setattr(memory, "memory", lambda: 1000)
    pixels = memory.as_tensor(memory.map_npy(tmp_path / "pixels.npy"))
    assert same(list(feed.streamed(at(), Images("mapped", pixels))), plain(images))


def test_images_stay_on_the_device_where_there_is_room(images, monkeypatch):
    pixels, device = images.pixels, torch.device("cpu")
    monkeypatch.setattr(feed, "memory", lambda: 2 * pixels.nbytes)
    assert feed.fits(pixels, device)
    monkeypatch.setattr(feed, "memory", lambda: 2 * pixels.nbytes - 2)
    assert not feed.fits(pixels, device)


def test_on_a_gpu_its_own_free_memory_counts(images, monkeypatch):
    free = 2 * images.pixels.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free if device.index == 1 else free - 2, 10**12))
    assert feed.fits(images.pixels, torch.device("cuda:1")) and not feed.fits(images.pixels, torch.device("cuda:0"))


def test_too_few_images_are_told_with_the_remedy(images):
    with pytest.raises(ValueError, match="40 images are too few for one batch of 50: choose a batch size of at most"):
        next(feed.feed(at(batch_size=50), images))


# --- faces without end


@pytest.mark.parametrize("ahead", [1, 13, 512])
@pytest.mark.parametrize("steps_done", [0, 5])
def test_each_step_draws_the_next_faces_and_none_twice(monkeypatch, ahead, steps_done):
    monkeypatch.setattr(feed, "DRAWN_AHEAD", ahead)
    expected = DrawnFaces(17 * 6, 16, nc=1, seed=2).images().pixels.split(6)[steps_done:]
    assert same(list(feed.feed(at(steps_done), EndlessFaces(16, 1, seed=2))), list(expected))


def test_a_team_shares_the_faces(monkeypatch):
    parts = [list(feed.feed(at(team=OneOf(rank, 2)), EndlessFaces(16))) for rank in range(2)]
    whole = list(feed.feed(at(), EndlessFaces(16)))
    assert same([torch.cat(batch) for batch in zip(*parts)], whole)


def test_networks_train_on_faces_without_end(tmp_path):
    trainer = Trainer(DCGANConfig(image_size=16, nz=6, ngf=4, ndf=4), dataclasses.replace(RUN, steps=3), "cpu")
    assert [stats.step for stats in train(trainer, EndlessFaces(16), tmp_path)] == [1, 2, 3]


# --- what happens on a GPU, as far as that can be told without one


@pytest.mark.parametrize("source", [Images("none", torch.zeros(40, 3, 16, 16).byte()), EndlessFaces(16)])
def test_no_step_reads_anything_back_from_the_device(source):
    # a tensor on "meta" has no values: whatever needs one raises
    found = list(feed.feed(at(device="meta"), source))
    assert len(found) == 17 and all(batch.is_meta and batch.shape == (6, 3, 16, 16) for batch in found)
