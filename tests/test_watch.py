"""The watch over a run's samples: it warns of a G that draws one image, and not of a good one."""

import json
import sys
import warnings
from pathlib import Path

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data import DrawnFaces
from dcgan_lib.data.images import Images
from dcgan_lib.models import Generator
from dcgan_lib.training import Trainer, history, train, watch
from dcgan_lib.training.film import Film
from dcgan_lib.training.watch import Alarms, CollapseWarning, Look, Watch, evenly, nearest_distance

FACES = DrawnFaces(600, 32).images()
LATE = watch.WARM_UP
RECORD = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "collapse_alarm.json"


def told(*rows):
    """The alarms that begin, for rows of (step, variety, lead)."""
    alarms = Alarms()
    return [alarms.judge(*row).begun for row in rows]


# --- the measure


def test_one_image_drawn_again_and_again_has_no_variety():
    assert Watch(FACES).look(LATE, FACES.batch([7] * 64)).variety == 0


def test_other_real_images_have_the_variety_of_real_ones():
    assert Watch(FACES).look(LATE, DrawnFaces(64, 32, seed=5).images().batch(slice(None))).variety == pytest.approx(
        1, abs=0.1
    )


def test_every_repetition_takes_variety_away():
    eye, fakes = Watch(FACES), FACES.batch(slice(64))
    varieties = [
        eye.look(LATE, fakes[torch.arange(64) % modes + (torch.arange(64) > 60)]).variety for modes in (4, 32, 60)
    ]
    assert varieties[0] < varieties[1] < varieties[2]


def test_variety_falls_with_the_share_of_samples_that_have_a_double():
    eye, faces = Watch(FACES), FACES.batch(slice(64))
    for share in (0.25, 0.5, 0.75):
        doubled = torch.where(torch.arange(64).view(-1, 1, 1, 1) < 64 * share, faces[0], faces)
        assert eye.look(LATE, doubled).variety == pytest.approx(1 - share, abs=0.1)


def test_the_nearest_neighbour_is_found_by_hand():
    images = torch.tensor([0.0, 0.1, 0.4]).view(3, 1, 1, 1).expand(3, 2, 32, 32)
    assert nearest_distance(images) == pytest.approx((0.1 + 0.1 + 0.3) / 3 * (2 * 16 * 16) ** 0.5, rel=1e-5)


def test_few_or_equal_real_images_are_no_yardstick():
    assert Watch(FACES.subset(slice(1))).look(LATE, FACES.batch([1])).variety is None
    assert Watch(Images("one", FACES.pixels[:1].expand(20, -1, -1, -1))).look(LATE, FACES.batch([1, 2])).variety is None


def test_few_real_images_are_compared_with_as_many_samples():
    assert Watch(FACES.subset(slice(12))).n == 12


def test_positions_are_spread_over_a_set_and_over_the_start_of_an_endless_one():
    assert evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly(5, 5).tolist() == [0, 1, 2, 3, 4]
    assert evenly(2**53, 3).tolist() == [0, 999_999, 1_999_999]


# --- the judgement


def test_an_alarm_is_told_once_until_it_has_ended():
    low, between, high = 0.1, (watch.ALIKE + watch.VARIED) / 2, 0.9
    told_at = told(*((LATE + i, v, 0.0) for i, v in enumerate((high, low, low, between, low, high, low))))
    assert told_at == [(), ("alike",), (), (), (), (), ("alike",)]


def test_the_grey_beginning_of_a_run_is_no_alarm_but_a_grey_end_is():
    assert told((1, 0.0, 0.0), (LATE - 1, 0.01, 0.0)) == [(), ()]
    assert told((1, 0.0, 0.0), (LATE, 0.01, 0.0)) == [(), ("alike",)]


def test_a_discriminator_has_won_only_at_two_looks_in_a_row():
    rows = [(LATE + i, 0.9, lead) for i, lead in enumerate((0.9999, 0.5, 0.9999, 0.9999, 0.9999, 0.5, 0.9999))]
    assert told(*rows) == [(), (), (), ("won",), (), (), ()]


def test_a_run_that_goes_on_is_not_told_again():
    alarms = Alarms()
    looks = [alarms.judge(LATE, 0.1, 0.9999), alarms.judge(LATE + 1, 0.1, 0.9999)]
    resumed = Watch(FACES)
    resumed.recall(Look(**json.loads(json.dumps(look.record()))["look"]) for look in looks)
    assert resumed.alarms.judge(LATE + 2, 0.1, 0.9999).begun == ()


def test_a_message_says_what_was_measured_and_what_to_do():
    alike = Look(1500, 0.0831, 0.5, ("alike",)).warnings[0]
    assert "step 1,500" in alike and "0.08" in alike and str(watch.ALIKE) in alike and "lr_g" in alike
    won = Look(900, 0.8, 0.9991, ("won",)).warnings[0]
    assert "0.9991" in won and str(watch.WON) in won and "lr_d" in won


# --- in a run

TINY = DCGANConfig(image_size=32, nz=8, ngf=4, ndf=4)


def run(out, steps=6):
    trainer = Trainer(TINY, TrainConfig(steps=steps, batch_size=8), "cpu")
    list(train(trainer, FACES, out, sample_every=2))
    return history.looks(out / "history.jsonl")


@pytest.fixture
def early(monkeypatch):
    monkeypatch.setattr(watch, "WARM_UP", 1)


def test_a_constant_generator_is_warned_of_once_and_on_record(tmp_path, monkeypatch, early):
    monkeypatch.setattr(Generator, "forward", lambda self, z: _faces(self, z, one=True))
    with pytest.warns(CollapseWarning, match="step 1: the samples are alike") as caught:
        looks = run(tmp_path)
    assert sum(w.category is CollapseWarning for w in caught) == 1
    assert [look["begun"] for look in looks] == [["alike"], [], [], []]


def test_a_generator_that_draws_different_faces_is_not_warned_of(tmp_path, monkeypatch, early):
    monkeypatch.setattr(Generator, "forward", lambda self, z: _faces(self, z, one=False))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        looks = run(tmp_path)
    assert [look["step"] for look in looks] == [1, 2, 4, 6]
    assert all(look["begun"] == [] and look["variety"] > 0.8 for look in looks)


def _faces(G, z, one):
    faces = FACES.batch([3] * len(z) if one else slice(len(z)))
    return faces + 0 * sum(p.sum() for p in G.parameters())  # a gradient, which moves nothing


def test_a_loss_without_probabilities_is_judged_by_its_samples_alone(tmp_path):
    trainer = Trainer(TINY, TrainConfig(steps=2, batch_size=8, loss="hinge"), "cpu")
    list(train(trainer, FACES, tmp_path, sample_every=1))
    assert {look["lead"] for look in history.looks(tmp_path / "history.jsonl")} == {None}


@pytest.mark.parametrize(("name", "rings"), [("healthy", False), ("collapse", True), ("strong-d", True)])
def test_recorded_runs_are_judged_rightly(name, rings):
    film = Film.load(f"failures/{name}")
    eye = Watch(FACES, film.n)
    assert any(eye.look(step, images).begun for step, images in film.images.items()) == rings


def test_the_recorded_calibration_is_that_of_these_bounds():
    sys.path.insert(0, str(RECORD.parents[1]))
    import collapse_alarm

    record = json.loads(RECORD.read_text())
    assert record["results"] == collapse_alarm.summary(record["runs"])  # else: collapse_alarm.py --judge
    check = record["results"]["check"]["either"]
    assert check["false_alarms"] == 0 and check["found"] == check["failing_runs"]


def test_the_bound_of_a_rate_is_the_rule_of_three():
    sys.path.insert(0, str(RECORD.parents[1]))
    import collapse_alarm

    assert collapse_alarm.upper(0, 100) == pytest.approx(3 / 100, rel=0.02)
    assert collapse_alarm.upper(1, 10) == pytest.approx(0.3942, abs=1e-4)  # 0.6058^10 + 10 * 0.3942 * 0.6058^9 = 0.05
