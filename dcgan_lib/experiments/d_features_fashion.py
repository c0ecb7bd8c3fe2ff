"""What did D learn of clothes? Ten classes from 100, 1,000 and all labels, by a linear model on D's features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.data.images import Images
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.experiments.contenders import beside, contenders
from dcgan_lib.metrics.rates import Rate
from dcgan_lib.probes import probe, published

STAND_IN = "hair_style"  # the classes of drawn faces, where they stand in for a published data set


def run(
    data: str,
    networks: str,
    train: int | None,
    valid: int,
    test: int | None,
    n_labels: Sequence[int],
    draws: int,
    kmeans: dict,
    seeds: Sequence[int],
) -> dict:
    """By contender and number of labels ("all" too) the accuracies on the test split, one for each draw of labels.

    Args:
        data: a data set that `data.load` knows: "cifar10" and "svhn" too, where they are, with networks for them.
        networks: a trained pair by name, or its folder; its D is asked.
        train: images to draw labels from; None is all but the `valid` ones. `test` so many of the test split.
        draws: of labels, for each number; with all labels there is one.
        kmeans: settings of `probes.kmeans_features`.
        seeds: each is one network with random weights. With all labels only the first.

    Raises:
        DataError: the data set is not there and cannot be downloaded; the message has the remedy.
    """
    D = pretrained.load(networks).D
    pool = published(data, D.cfg.image_size, D.cfg.nc, valid, train, test)
    found: dict[str, dict] = {}
    for name, features in contenders(D, pool, seeds, kmeans):
        counts = tuple(n_labels) if name in found else (*n_labels, None)
        for n, entry in probe(features, pool, classes, counts, draws)["class"].items():
            into = found.setdefault(name, {}).setdefault(n, {"scores": [], "settings": [], "n_test": entry["n_test"]})
            into["scores"] += entry["scores"]
            into["settings"].append(entry["setting"])
    return {"found": found, "images": {name: len(getattr(pool, name)) for name in ("train", "valid", "test")}}


def classes(images: Images) -> dict[str, Tensor]:
    return {"class": images.labels if images.labels is not None else images.attributes[STAND_IN]}


def rows(result: dict) -> list[Row]:
    """One line for each number of labels."""
    papers = {
        "1000": "SVHN, 1,000 labels: 22.48 % error (5.2)",
        "all": "CIFAR-10 by a D of ImageNet: 82.8 %, k-means 80.6 % (5.1)",
    }
    lines = []
    for n in result["found"]["D"]:
        scores = {name: by_n[n]["scores"] for name, by_n in result["found"].items()}
        ours = beside(scores)
        if n == "all":
            entry = result["found"]["D"][n]
            low, high = Rate(round(entry["scores"][0] * entry["n_test"]), entry["n_test"]).interval
            ours += f"; D's 95 % interval {100 * low:.1f} to {100 * high:.1f} %"
        lines.append(Row(f"clothes, {n} labels", papers.get(n, "not tried"), ours, same=False))
    return lines


EXPERIMENT = Experiment(
    title="What did D learn of clothes?",
    paper="Sections 5.1 and 5.2: features of every layer of D, max-pooled to 4x4, in a linear L2-SVM. A D of ImageNet "
    "classifies CIFAR-10 with 82.8 %, k-means features 80.6 %; a D of SVHN leaves 22.48 % error from 1,000 labels.",
    budgets={
        "tiny": {
            "data": "faces",  # drawn, in place of clothes: nothing to download
            "networks": "fashion32",
            "train": 300,
            "valid": 60,
            "test": 60,
            "n_labels": (14,),
            "draws": 2,
            "kmeans": {"k": 8, "stride": 8, "patches": 400, "n": 20},
            "seeds": (0,),
        },
        "full": {
            "data": "fashion_mnist",
            "networks": "fashion32",
            "train": None,
            "valid": 10_000,
            "test": None,
            "n_labels": (100, 1000),
            "draws": 10,
            "kmeans": {"k": 256, "stride": 2, "patches": 50_000, "n": 1000},
            "seeds": (0, 1, 2),
        },
    },
    run=run,
    rows=rows,
)
