"""The recipe of sections 5.1 and 5.2 as one function: features, few labels, a linear classifier, many draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_lib.data.images import Images
from dcgan_lib.probes.features import Features
from dcgan_lib.probes.linear import CANDIDATES, STRENGTHS, Rows, classes_of, scores, signs
from dcgan_lib.probes.pools import Pool

Labels = Callable[[Images], Mapping[str, Tensor]]


def published_labels(images: Images) -> dict[str, Tensor]:
    """`{"class": labels}`."""
    if images.labels is None:
        raise ValueError(f"{images.name} has no labels: give a function that has them, such as one of its attributes")
    return {"class": images.labels}


def probe(
    features: Features,
    pool: Pool,
    labels: Labels = published_labels,
    n_labels: Sequence[int | None] = (1000,),
    draws: int = 10,
    seed: int = 0,
    candidates: Sequence[float] = CANDIDATES,
    candidates_all: Sequence[float] = CANDIDATES[:3],
) -> dict[str, dict[str, dict]]:
    """How much a linear model learns from a few labels, on features that were made without any.

    For each number of labels they are drawn again and again from `pool.train`, as many of each class where there is one
    kind of label (5.2: "uniformly class distributed"). C, or the ridge's penalty, is what does best on
    `pool.valid` on average over the draws: one for all of them. Only then is `pool.test` looked at.

    Args:
        features: see `probes.features`; called once for each part of the pool.
        labels: by name the answers for each image `(n,)`: whole numbers or flags to be classified, -1 for unknown;
            floats to be predicted.
        n_labels: how many labels; None is all of them, one draw.
        draws: sets of labels for each.
        seed: decides the sets.
        candidates: of C.
        candidates_all: of C where all labels are used. C weighs the sum over all rows, so that the best one is lower
            where there are many; and a large C is slow there.

    Returns:
        By label's name and number of labels ("all" for None) `{"scores": [...], "setting": ..., "n_test": ...}`: the
        accuracy, or R², of each draw on the test part, and the chosen C or penalty.

    Raises:
        ValueError: more labels asked for than there are, or a class too small for its share.
    """
    known = [labels(part) for part in (pool.train, pool.valid, pool.test)]
    asked = [_Asked(name, *(part[name] for part in known)) for name in known[0]]
    train, valid, test = (_in_batches(features, part) for part in (pool.train, pool.valid, pool.test))
    found: dict[str, dict[str, dict]] = {one.name: {} for one in asked}
    for n in n_labels:
        fits, tried = [], sorted(candidates if n else candidates_all)
        for k in range(draws if n else 1):
            chosen = draw(asked, n, seed + k)
            fits.append(_fit(train if chosen is None else train[chosen], asked, chosen, tried))
        for i, one in enumerate(asked):
            grades = torch.tensor([[one.grade(one.valid, scores(valid, w)) for w in fit[i]] for fit in fits])
            best = int(grades.mean(0).argmax())
            found[one.name][str(n or "all")] = {
                "scores": [round(one.grade(one.test, scores(test, fit[i][best])), 5) for fit in fits],
                "setting": one.settings(tried)[best],
                "n_test": int(one.there(one.test).sum()),
            }
    return found


@dataclass(frozen=True, eq=False)
class _Asked:
    """One question: a class or a number for each image, in the three parts."""

    name: str
    train: Tensor
    valid: Tensor
    test: Tensor

    @property
    def is_number(self) -> bool:
        return self.train.is_floating_point()

    @property
    def classes(self) -> int:
        return max(int(self.train.max()) + 1, 2)

    def settings(self, candidates: Sequence[float]) -> Sequence[float]:
        return STRENGTHS if self.is_number else candidates

    def columns(self, chosen: Tensor | None) -> Tensor:
        """What the rows are to be fitted to, `(n, k)`."""
        y = self.train if chosen is None else self.train[chosen]
        return y[:, None] if self.is_number else signs(y.long(), self.classes)

    def there(self, y: Tensor) -> Tensor:
        return torch.ones_like(y, dtype=torch.bool) if self.is_number else y.long() >= 0

    def grade(self, y: Tensor, found: Tensor) -> float:
        """Accuracy among those known, or R²."""
        if self.is_number:
            return 1 - float((y - found[:, 0]).square().mean() / y.var(unbiased=False))
        there = self.there(y)
        return float((classes_of(found) == y.long())[there].double().mean())


def draw(asked: Sequence[_Asked], n: int | None, seed: int) -> Tensor | None:
    """Which images are labelled; None is all."""
    if n is None:
        return None
    size, rng = len(asked[0].train), torch.Generator().manual_seed(seed)
    if n > size:
        raise ValueError(f"n_labels={n}: there are {size} images to draw labels from")
    order = torch.randperm(size, generator=rng)
    if len(asked) > 1 or asked[0].is_number:
        return order[:n]
    classes, y = asked[0].classes, asked[0].train[order].long()
    shares = [order[y == k][: n // classes] for k in range(classes)]
    if min(map(len, shares)) < max(1, n // classes):
        raise ValueError(f"n_labels={n}: the smallest of {classes} classes has {min(map(len, shares))} images")
    return torch.cat(shares)


def _fit(x: Tensor, asked: Sequence[_Asked], chosen: Tensor | None, candidates: Sequence[float]) -> list[list[Tensor]]:
    """For each question the weights for every setting. Columns of one kind are fitted together."""
    rows, fits = Rows(x), [[] for _ in asked]
    for numbers in (False, True):
        own = [i for i, one in enumerate(asked) if one.is_number == numbers]
        if not own:
            continue
        columns = [asked[i].columns(chosen) for i in own]
        y = torch.cat(columns, 1)
        for weights in rows.ridge(y, STRENGTHS) if numbers else rows.svm(y, candidates):
            for i, part in zip(own, weights.split([c.shape[1] for c in columns], 1)):
                fits[i].append(part)
    return fits


def _in_batches(features: Features, images: Images, batch: int = 512) -> Tensor:
    return torch.cat([features(images.batch(rows)) for rows in torch.arange(len(images)).split(batch)])
