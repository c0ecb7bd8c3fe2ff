"""What did D learn of faces? Every attribute that they are drawn with, asked by a linear model on D's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.data.faces import ATTRIBUTES
from dcgan_lib.data.images import Images
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.experiments.contenders import beside, contenders
from dcgan_lib.probes import probe, published


def run(
    train: int,
    valid: int,
    test: int,
    n_labels: Sequence[int],
    draws: int,
    kmeans: dict,
    faces_seed: int,
    seeds: Sequence[int],
) -> dict:
    """By contender, attribute and number of labels the scores on the test part: a list, one for each draw.

    Args:
        train: faces of which some get labels; `valid` to choose C on, `test` to measure on.
        n_labels: how many faces have all their attributes told.
        draws: of labels, for each number.
        kmeans: settings of `probes.kmeans_features`.
        faces_seed: of the faces; D was trained on those of seed 0.
        seeds: each is one network with random weights. Its scores are appended, so that there are draws x seeds.
    """
    D = pretrained.load("faces64").D
    pool = published("faces", D.cfg.image_size, D.cfg.nc, valid, train, test, seed=faces_seed)
    found: dict[str, dict] = {}
    for name, features in contenders(D, pool, seeds, kmeans):
        asked = probe(features, pool, told, n_labels, draws)
        own = found.setdefault(name, {attribute: {} for attribute in asked})
        for attribute, by_n in asked.items():
            for n, entry in by_n.items():
                into = own[attribute].setdefault(n, {"scores": [], "settings": [], "n_test": entry["n_test"]})
                into["scores"] += entry["scores"]
                into["settings"].append(entry["setting"])
    return {"found": found, "chance": chance(pool.test)}


def told(images: Images) -> dict[str, Tensor]:
    """Every attribute as `probe` takes it: the shape of the frames where there are glasses, a circle as two numbers."""
    labels = dict(images.attributes)
    labels["frame"] = torch.where(labels["glasses"], labels["frame"], -1)
    angle = 2 * torch.pi * labels.pop("background")
    return labels | {"background (cosine)": angle.cos(), "background (sine)": angle.sin()}


def chance(images: Images) -> dict[str, float]:
    """The share of the most frequent answer of each attribute that is no number: what a guess is worth."""
    found = {}
    for name, values in told(images).items():
        if not values.is_floating_point():
            known = values[values >= 0].long() if values.dtype != torch.bool else values.long()
            found[name] = round(float(known.bincount().max() / len(known)), 5)
    return found


def averages(found: Mapping[str, Mapping], kind: str, n: str) -> dict[str, list[float]]:
    """By contender the scores of each draw, averaged over the attributes of one kind: "flag", "category", "number"."""
    out = {}
    for name, by_attribute in found.items():
        own = [by_n[n]["scores"] for attribute, by_n in by_attribute.items() if kind_of(attribute) == kind]
        out[name] = [mean(draw) for draw in zip(*own)]
    return out


def kind_of(attribute: str) -> str:
    kind = ATTRIBUTES[attribute.split(" (")[0]].kind
    return "number" if kind == "continuous" else kind


def rows(result: dict) -> list[Row]:
    """One line for each kind of attribute and number of labels."""
    paper = "no attributes were asked; CIFAR-10 82.8 % (5.1), SVHN with 1,000 labels 22.48 % error (5.2)"
    what = {"flag": "glasses", "category": "hair, frames, clothes", "number": "smile, turn, …, as R²"}
    counts = list(next(iter(result["found"]["D"].values())))
    lines = []
    for kind, says in what.items():
        for n in counts:
            ours = beside(averages(result["found"], kind, n))
            lines.append(Row(f"{says} of drawn faces from {n} labels", paper, ours, same=False))
    return lines


EXPERIMENT = Experiment(
    title="What did D learn of faces?",
    paper="Sections 5.1 and 5.2: D's features, trained without labels, max-pooled to 4x4 and given to a linear L2-SVM, "
    "classify images; there CIFAR-10 by a D of ImageNet, and SVHN. Faces with known attributes were not among them.",
    budgets={
        "tiny": {
            "train": 60,
            "valid": 40,
            "test": 40,
            "n_labels": (40,),
            "draws": 1,
            "kmeans": {"k": 8, "stride": 8, "patches": 400, "n": 20},
            "faces_seed": 1,
            "seeds": (0,),
        },
        "full": {
            "train": 2000,
            "valid": 500,
            "test": 1000,
            "n_labels": (100, 1000),
            "draws": 5,
            "kmeans": {"k": 200, "stride": 3, "patches": 30_000, "n": 500},
            "faces_seed": 1,
            "seeds": (0, 1, 2),
        },
    },
    run=run,
    rows=rows,
)
