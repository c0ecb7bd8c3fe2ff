"""Single units of D and parts of faces, with the smallest budget."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from dcgan_lib.data.faces import DrawnFaces
from dcgan_lib.experiments import d_units, experiment
from dcgan_lib.experiments.results import reproduce


@pytest.fixture(scope="module")
def result():
    return reproduce("d_units", "tiny")["result"]


def test_the_area_is_that_of_scikit_learn():
    rng = torch.Generator().manual_seed(0)
    responses, wears = torch.randn(50, 3, generator=rng), torch.rand(50, generator=rng) < 0.3
    want = [roc_auc_score(wears.numpy(), responses[:, k].numpy()) for k in range(3)]
    assert d_units.area(responses, wears).tolist() == pytest.approx(want)


def test_every_answer_of_flags_and_categories_is_asked():
    images = DrawnFaces(300, 16).images()
    asked = d_units.answers(images)
    assert {"glasses", "hair style: bob", "clothes: navy", "neck: v"} <= set(asked)
    assert torch.equal(asked["hair style: bob"], images.attributes["hair_style"] == 2)
    assert not any(name.startswith(("frame", "skin")) for name in asked)


def test_trained_units_tell_more_than_random_ones(result):
    ours, random = (result["found"][name][0] for name in ("D", "random weights"))
    assert ours["best"]["glasses"][1] > random["best"]["glasses"][1]
    assert all(0.5 <= value <= 1 for _, value in ours["best"].values())
    assert len(ours["focus"]) == 2 and all(0.1 <= value <= 1 for value in ours["focus"])


def test_rows_say_that_the_paper_judged_by_eye(result):
    count, sharp = experiment("d_units").rows(result)
    assert "minority" in count.paper and "by eye" in sharp.paper
    assert not count.same and not sharp.same
