"""Films of runs: kept, written, read; and sweeps of short runs."""

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, train
from dcgan_lib.training.film import SHIPPED, Film, sample
from dcgan_lib.training.sweep import sweep
from dcgan_lib.training.watch import Watch

TINY = DCGANConfig(image_size=16, nc=3, nz=6, ngf=4, ndf=4)
RUN = TrainConfig(steps=12, batch_size=8)
NOISE = Images("noise", torch.randint(0, 256, (50, 3, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


@pytest.fixture(scope="module")
def film():
    trainer = Trainer(TINY, RUN, "cpu")
    film = Film(trainer, at=(1, 5, 12), n=6)
    film.drawn = [stats.step for stats in train(trainer, NOISE) if film.look(stats)]
    return film


def test_a_film_keeps_every_number_and_the_chosen_pictures(film):
    assert film.drawn == film.steps == [1, 5, 12]
    assert film.columns["step"] == list(range(1, 13))
    assert film.images[5].shape == (6, 3, 16, 16)


def test_the_last_picture_is_what_the_generator_draws_now(film):
    torch.testing.assert_close(film.images[12], sample(film.trainer.best_G, film.trainer.fixed_z[:6]))


def test_drawing_samples_leaves_the_mode_and_the_statistics_of_g(film):
    G = film.trainer.G.train()
    before = G.blocks[0][2].running_mean.clone()
    sample(G, torch.randn(4, 6))
    assert G.training
    assert torch.equal(G.blocks[0][2].running_mean, before)


def test_a_film_comes_back_from_its_folder(film, tmp_path):
    film.save(tmp_path / "f", {"model": {"image_size": 16}, "wrong": "nothing"}, every=4)
    back = Film.load(tmp_path / "f")
    assert back.header["wrong"] == "nothing"
    assert back.columns["step"] == [1, 4, 5, 8, 12]
    assert back.columns["loss_d"][-1] == pytest.approx(film.columns["loss_d"][-1], abs=1e-3)
    assert back.steps == [1, 5, 12]
    torch.testing.assert_close(back.images[12].mean((2, 3)), film.images[12].mean((2, 3)), atol=0.1, rtol=0)


def test_a_watched_film_knows_how_different_its_samples_were(tmp_path):
    trainer = Trainer(TINY, RUN, "cpu")
    film = Film(trainer, at=(1, 12), n=6, watch=Watch(NOISE))
    for stats in train(trainer, NOISE):
        film.look(stats)
    assert [look.step for look in film.looks] == [1, 12]
    assert film.looks[1].variety == Watch(NOISE).look(12, sample(trainer.G, trainer.fixed_z)).variety
    film.save(tmp_path / "f", {"model": {"image_size": 16}})
    assert Film.load(tmp_path / "f").looks == film.looks


def test_an_unknown_film_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no recorded run 'nothing'"):
        Film.load("nothing")


@pytest.mark.parametrize(
    "folder", sorted(p.parent for p in SHIPPED.glob("failures/*/samples.webp")), ids=lambda p: p.name
)
def test_every_shipped_film_is_whole(folder):
    film = Film.load(folder)
    assert film.columns["step"][-1] == film.steps[-1] == film.header["train"]["steps"]
    assert {"wrong", "command", "versions", "hardware", "cpu_seconds"} <= film.header.keys()


def test_a_sweep_runs_every_variant_with_every_seed():
    trials = sweep(
        TINY, RUN, {"base": {}, "slow": {"lr_g": 1e-5}}, NOISE, lambda x: float(x.std()), seeds=(0, 3), at=(4,), n=20
    )
    assert [(t.name, t.seed) for t in trials] == [("base", 0), ("base", 3), ("slow", 0), ("slow", 3)]
    assert trials[0].steps == [4, 12]
    assert trials[0].scores != trials[1].scores
    assert trials[0].images.shape == (64, 3, 16, 16)


def test_a_trial_averages_the_last_quarter_of_its_numbers():
    numbers = [stats.numbers() for stats in train(Trainer(TINY, RUN, "cpu"), NOISE)]
    trial = sweep(TINY, RUN, {"base": {}}, NOISE, lambda x: 0.0, seeds=(0,), n=2)[0]
    assert trial.last["loss_g"] == pytest.approx(sum(n["loss_g"] for n in numbers[-3:]) / 3)
