"""What D learned: the experiments on its features, with their smallest budgets."""

from dataclasses import replace

import pytest
import torch

from dcgan_lib.data.errors import DataError
from dcgan_lib.data.faces import DrawnFaces
from dcgan_lib.experiments import d_features_faces, d_features_fruits, experiment
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


# --- clothes, or what stands in for them ---


@pytest.fixture(scope="module")
def fashion():
    return reproduce("d_features_fashion", "tiny")["result"]


def test_few_labels_are_drawn_again_and_again_and_all_of_them_once(fashion):
    for by_n in fashion["found"].values():
        assert len(by_n["14"]["scores"]) == 2 and len(by_n["all"]["scores"]) == 1
        assert by_n["all"]["n_test"] == fashion["images"]["test"] == 60
        assert by_n["all"]["scores"][0] > by_n["14"]["scores"][0]


def test_a_second_random_network_is_asked_with_few_labels_only():
    found = reproduce("d_features_fashion", "tiny", seeds=(0, 1))["result"]["found"][RANDOM]
    assert len(found["14"]["scores"]) == 4 and len(found["all"]["scores"]) == 1


def test_the_rows_of_clothes_have_the_papers_numbers_beside_ours_but_not_as_the_same(fashion):
    few, every = experiment("d_features_fashion").rows(fashion)
    assert few.paper == "not tried" and "80.6 %" in every.paper and "95 % interval" in every.ours
    assert not few.same and not every.same


# --- fruits, or what stands in for them ---


def test_varieties_that_are_measured_were_not_learned_from():
    images, varieties = d_features_fruits.stand_in(200)
    numbered = replace(images, attributes={"variety": varieties})
    pool = d_features_fruits.split(numbered, varieties, seed=3)
    parts = [set(part.attributes["variety"].tolist()) for part in (pool.train, pool.valid, pool.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert sum(len(part) for part in (pool.train, pool.valid, pool.test)) == 200
    assert all(set(part.labels.tolist()) == {0, 1} for part in (pool.train, pool.valid, pool.test))


def test_no_variety_has_more_frames_than_asked_for():
    varieties = torch.tensor([0] * 9 + [1] * 2)
    assert varieties[d_features_fruits.few(varieties, 4, seed=0)].tolist() == [0] * 4 + [1] * 2


def test_photographs_carry_their_fruit_and_their_variety(tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.setenv("DCGAN_DATA", str(tmp_path))
    monkeypatch.setenv("DCGAN_CACHE", str(tmp_path / "cache"))
    for part in ("train", "test"):
        for name in ("apple/red-r0_000", "apple/red-r0_002", "apple/green-r0_000", "cherry/red-r0_000"):
            (tmp_path / "fruits" / part / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 64), (200, 0, 0)).save(tmp_path / "fruits" / part / f"{name}.jpg")
    images, varieties = d_features_fruits.photographs("fruits", 64)
    assert images.label_names == ("apple", "cherry") and images.labels.tolist() == [0, 0, 0, 1]
    assert varieties.tolist() == [0, 1, 1, 2]


def test_photographs_that_are_not_there_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"no photographs of fruit in .*fruits64: unpack them there"):
        reproduce("d_features_fruits", "full")


def test_both_ways_of_splitting_are_measured_for_every_contender():
    result = reproduce("d_features_fruits", "tiny")["result"]
    assert set(result["found"]) == {d_features_fruits.FRAMES, d_features_fruits.VARIETIES}
    assert all(set(by_name) == {TRAINED, RANDOM, KMEANS, PIXELS} for by_name in result["found"].values())
    lines = experiment("d_features_fruits").rows(result)
    assert len(lines) == 2 and "of other varieties" in lines[1].what and not lines[1].same
    assert "always the most frequent" in lines[1].ours and 0.5 <= result["chance"][d_features_fruits.VARIETIES][0] < 1
