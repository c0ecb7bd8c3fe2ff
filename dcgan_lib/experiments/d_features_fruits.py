"""Does what D learned of drawn faces help with photographs of fruit, and with fruit that was never photographed?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dcgan_lib import pretrained
from dcgan_lib.data.errors import DataError
from dcgan_lib.data.faces import DrawnFaces
from dcgan_lib.data.folder import index_folder, split_folder
from dcgan_lib.data.images import Images
from dcgan_lib.data.loading import load
from dcgan_lib.data.sources import data_root
from dcgan_lib.experiments import Experiment, Row
from dcgan_lib.experiments.contenders import beside, contenders, per_cent
from dcgan_lib.probes import Pool, probe

FRAMES, VARIETIES = "other frames of the same fruits", "fruits of other varieties"


def run(folder: str | None, frames: int, kmeans: dict, seeds: Sequence[int]) -> dict:
    """By way of splitting and contender the accuracies on apple, cherry or tomato, one for each split.

    Args:
        folder: of the photographs, below the data root: `train/<fruit>/<variety>-<axis>_<frame>.jpg`; None draws faces
            in their place.
        frames: at most so many photographs of a variety.
        kmeans: settings of `probes.kmeans_features`.
        seeds: each is one split of each way, and one network with random weights.

    Raises:
        DataError: the photographs are not there.
    """
    D = pretrained.load("faces64").D
    images, varieties = stand_in() if folder is None else photographs(folder, D.cfg.image_size)
    found, chance = {FRAMES: {}, VARIETIES: {}}, {FRAMES: [], VARIETIES: []}
    for seed in seeds:
        kept = few(varieties, frames, seed)
        for way, groups in ((FRAMES, torch.arange(len(kept))), (VARIETIES, varieties[kept])):
            pool = split(images.subset(kept), groups, seed)
            chance[way].append(round(float(pool.test.labels.bincount().max() / len(pool.test)), 5))
            for name, features in contenders(D, pool, (seed,), kmeans):
                entry = probe(features, pool, n_labels=(None,))["class"]["all"]
                into = found[way].setdefault(name, {"scores": [], "settings": [], "n_test": []})
                into["scores"] += entry["scores"]
                into["settings"].append(entry["setting"])
                into["n_test"].append(entry["n_test"])
    return {"found": found, "chance": chance, "varieties": len(varieties.unique()), "labels": len(pool.train)}


def photographs(folder: str, image_size: int) -> tuple[Images, Tensor]:
    """The images of the training split with the fruit as label, and the number of each one's variety."""
    path = data_root() / folder
    if not path.is_dir():
        raise DataError(
            f"no photographs of fruit in {path}: unpack them there, as train/<fruit>/<variety>-<axis>_<frame>.jpg, or "
            "name another data root in DCGAN_DATA; `--budget tiny` runs without them"
        )
    images = load(path, image_size, 3, split="train", progress=False)
    files = index_folder(split_folder(path, "train")).files
    names = [file.rsplit("-", 1)[0] for file in files]
    numbers = {name: k for k, name in enumerate(sorted(set(names)))}
    return images, torch.tensor([numbers[name] for name in names])


def stand_in(n: int = 300) -> tuple[Images, Tensor]:
    """Drawn faces: glasses in place of the fruit, the colour of the hair in place of its variety."""
    faces = DrawnFaces(n, 64, seed=1).images()
    labels = faces.attributes["glasses"].long()
    return Images("faces", faces.pixels, labels), labels * 7 + faces.attributes["hair_colour"]


def few(varieties: Tensor, frames: int, seed: int) -> Tensor:
    """At most so many images of each variety, by their places."""
    order = torch.randperm(len(varieties), generator=torch.Generator().manual_seed(seed))
    return torch.cat([order[varieties[order] == one][:frames] for one in varieties.unique()])


def split(images: Images, groups: Tensor, seed: int) -> Pool:
    """Half of each label's groups to learn from, a quarter to choose on, a quarter to measure on."""
    rng, parts = torch.Generator().manual_seed(seed), ([], [], [])
    for label in images.labels.unique():
        own = groups[images.labels == label].unique()
        own = own[torch.randperm(len(own), generator=rng)]
        ends = (len(own) - 2 * (len(own) // 4), len(own) // 4, len(own) // 4)
        for into, part in zip(parts, own.split(ends)):
            into.append(torch.isin(groups, part).nonzero()[:, 0])
    return Pool(*(images.subset(torch.cat(part)) for part in parts))


def rows(result: dict) -> list[Row]:
    """One line for each way of splitting."""
    paper = "a D of ImageNet classifies CIFAR-10, which it never saw: 82.8 %, k-means 80.6 % (5.1)"
    lines = []
    for way, by_name in result["found"].items():
        ours = beside({name: entry["scores"] for name, entry in by_name.items()})
        ours += f"; always the most frequent {per_cent(result['chance'][way])}"
        lines.append(Row(f"apple, cherry or tomato by a D of drawn faces, {way}", paper, ours, same=False))
    return lines


EXPERIMENT = Experiment(
    title="Does what D learned of drawn faces help with photographs of fruit?",
    paper="Section 5.1: a D trained on ImageNet gives features for CIFAR-10, of which it saw no image, and 82.8 % in a "
    "linear SVM; k-means features give 80.6 %.",
    budgets={
        "tiny": {
            "folder": None,
            "frames": 10,
            "kmeans": {"k": 8, "stride": 8, "patches": 400, "n": 20},
            "seeds": (0,),
        },
        "full": {
            "folder": "fruits64",
            "frames": 20,
            "kmeans": {"k": 200, "stride": 3, "patches": 30_000, "n": 400},
            "seeds": (0, 1, 2, 3, 4),
        },
    },
    run=run,
    rows=rows,
)
