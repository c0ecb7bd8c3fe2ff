"""What D learned: the experiments on its features, with their smallest budgets."""

from dataclasses import replace

import pytest
import torch

from dcgan_lib.data.faces import DrawnFaces
from dcgan_lib.experiments import d_features_faces, experiment
from dcgan_lib.experiments.contenders import KMEANS, PIXELS, RANDOM, TRAINED, contenders, per_cent
from dcgan_lib.experiments.results import reproduce
from dcgan_lib.pretrained import load
from dcgan_lib.probes import published


@pytest.fixture(scope="module")
def faces():
    return reproduce("d_features_faces", "tiny")["result"]


def test_every_drawn_attribute_is_asked_of_every_contender(faces):
    assert set(faces["found"]) == {TRAINED, RANDOM, KMEANS, PIXELS}
    for by_attribute in faces["found"].values():
        asked = {name.split(" (")[0] for name in by_attribute}
        assert asked == set(DrawnFaces(1, 16).attributes())


def test_a_d_that_saw_no_label_tells_glasses_from_few_labels_better_than_a_guess(faces):
    glasses = {name: by_attribute["glasses"]["40"]["scores"][0] for name, by_attribute in faces["found"].items()}
    assert glasses[TRAINED] > max(0.8, faces["chance"]["glasses"], glasses[RANDOM], glasses[PIXELS])


def test_frames_are_asked_only_of_those_who_wear_glasses(faces):
    assert faces["found"][TRAINED]["frame"]["40"]["n_test"] < 30 < faces["found"][TRAINED]["glasses"]["40"]["n_test"]


def test_a_guess_is_worth_the_share_of_the_most_frequent_answer():
    images = DrawnFaces(50, 16).images()
    share = images.attributes["glasses"].float().mean().item()
    assert d_features_faces.chance(images)["glasses"] == pytest.approx(max(share, 1 - share), abs=1e-4)


def test_the_faces_that_are_asked_are_not_those_that_d_was_trained_on(faces):
    trained_on = load("faces64").record["train"]["seed"]
    assert experiment("d_features_faces").budgets["full"]["faces_seed"] != trained_on


def test_rows_compare_what_the_paper_could_not_and_say_so(faces):
    lines = experiment("d_features_faces").rows(faces)
    assert [line.same for line in lines] == [False] * 3
    assert "82.8 %" in lines[0].paper and "22.48 % error" in lines[0].paper
    assert all(name in lines[0].ours for name in (TRAINED, RANDOM, KMEANS, PIXELS))


def test_trained_and_random_networks_are_read_with_the_statistics_of_the_same_images():
    D = load("fashion32").D
    pool = published("faces", 32, 1, valid=5, train=40, test=5)
    found = dict(contenders(D, pool, (3,), {"k": 4, "stride": 8, "patches": 50, "n": 10}))
    other = dict(contenders(D, replace(pool, train=pool.test), (3,), {"k": 4, "stride": 8, "patches": 50, "n": 5}))
    x = pool.valid.batch(slice(None))
    for name in (TRAINED, RANDOM):
        assert not torch.allclose(found[name](x), other[name](x))
        assert found[name](x).shape == (5, 3584)


def test_a_spread_is_stated_where_there_is_more_than_one_draw():
    assert per_cent([0.5]) == "50.0 %" and per_cent([0.25, 0.75]) == "50.0 ± 35.4 %"
