"""Linear classifiers and regressions on features, their one setting chosen on a validation split.

`SVM` has the objective of scikit-learn's `LinearSVC` (liblinear's L2-regularised squared hinge, one against the rest,
the bias regularised with the weights), and finds the same weights. It takes all classes at once in matrix products,
which here is ten times faster and more; the weights for one C are the start for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

CANDIDATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # of C; the released code tries 1e-4 to 1e-2
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of the ridge, in units of the mean squared length of a row


class Rows:
    """Rows of features `(n, d)`, brought down to n columns without loss where d is larger: what is fitted lies there.

    A penalty on the length of the weights keeps them in the span of the rows (the representer theorem), so that
    a thousand rows of ten thousand features are a problem of a thousand unknowns.
    """

    def __init__(self, x: Tensor) -> None:
        self.basis = None
        x = torch.cat([x, torch.ones(len(x), 1)], 1)  # the bias is a weight like the others, as liblinear has it
        if len(x) < x.shape[1]:
            self.basis, upper = torch.linalg.qr(x.T)  # (d, n), (n, n)
            x = upper.T.contiguous()
        self.x = x

    def svm(self, y: Tensor, candidates: Sequence[float], tol: float | None = None) -> list[Tensor]:
        """Weights `(d + 1, k)` for each C, rising; the last row is the bias.

        Args:
            y: `(n, k)` of 1 (this class), -1 (another), 0 (unknown: the row does not count in this column).
            tol: the gradient's norm at the end as a share of what it is at w = 0; by default 1e-3, and 1e-2 (about
                liblinear's own) where there are more rows than features and each step is slow.
        """
        tol = tol or (1e-2 if self.basis is None else 1e-3)
        found, weights = [], torch.zeros(self.x.shape[1], y.shape[1])
        for c in candidates:
            weights = _newton(self.x, y, c, weights, tol)
            found.append(self._whole(weights))
        return found

    def ridge(self, y: Tensor, strengths: Sequence[float]) -> list[Tensor]:
        """Weights `(d + 1, k)` of the least squares for numbers `y` `(n, k)` with each penalty; the bias is free."""
        x, ones = self.x.double(), self.x.double() @ self._ones()
        # the bias is free: take out what a constant explains, which is the column of ones seen in this basis
        ones, y = ones / ones.norm(), y.double()
        x0, y0 = x - ones[:, None] * (ones @ x), y - ones[:, None] * (ones @ y)
        values, vectors = torch.linalg.eigh(x0.T @ x0)
        right, size = vectors.T @ (x0.T @ y0), values.sum() / len(x)
        found = []
        for strength in strengths:
            weights = vectors @ (right / (values.clamp(min=0) + strength * size)[:, None])
            whole = self._whole(weights.float())
            whole[-1] += (y - x @ weights).mean(0).float()
            found.append(whole)
        return found

    def _ones(self) -> Tensor:
        """The weights that give 1 on every row: those of the bias alone."""
        last = torch.zeros(self.x.shape[1], dtype=torch.double)
        if self.basis is None:
            last[-1] = 1
            return last
        return self.basis[-1].double()

    def _whole(self, weights: Tensor) -> Tensor:
        return weights.clone() if self.basis is None else self.basis @ weights


def scores(x: Tensor, weights: Tensor) -> Tensor:
    """`(n, k)`: features `(n, d)` times weights `(d + 1, k)`, the last of which are biases."""
    return torch.addmm(weights[-1], x, weights[:-1])


def signs(y: Tensor, classes: int) -> Tensor:
    """Labels `(n,)`, -1 for unknown, as the columns that `Rows.svm` wants; two classes need one column."""
    if classes == 2:
        column = torch.where(y == 1, 1.0, -1.0)[:, None]
    else:
        column = torch.where(y[:, None] == torch.arange(classes), 1.0, -1.0)
    return column * (y >= 0)[:, None]


def classes_of(found: Tensor) -> Tensor:
    """The class `(n,)` that scores `(n, k)` speak for."""
    return (found[:, 0] > 0).long() if found.shape[1] == 1 else found.argmax(1)


def linear_svm(
    train_x: Tensor,
    train_y: Tensor,
    valid_x: Tensor,
    valid_y: Tensor,
    test_x: Tensor,
    candidates: Sequence[float] = CANDIDATES,
) -> tuple[Tensor, float]:
    """Classes of `test_x` `(n,)` int64 by a linear L2-SVM, and its C, the best of `candidates` on the validation split.

    Features are taken as they are: the paper's code does not standardise them.

    Args:
        train_x: `(n, d)`; `train_y` `(n,)` int64 from 0. So for the others; the test split has no labels here.

    Raises:
        ValueError: labels of one class only, or candidates that are not positive.
    """
    classes = int(train_y.max()) + 1
    if len(train_y.unique()) < 2:
        raise ValueError(f"all {len(train_y)} labels are of class {int(train_y[0])}: a classifier needs two")
    if not candidates or min(candidates) <= 0:
        raise ValueError(f"candidates={tuple(candidates)}: give positive values of C, such as {CANDIDATES}")
    candidates = sorted(candidates)
    fits = Rows(train_x).svm(signs(train_y, classes), candidates)
    right = [(classes_of(scores(valid_x, fit)) == valid_y).float().mean() for fit in fits]
    best = int(torch.stack(right).argmax())  # the first of equals: the strongest penalty
    return classes_of(scores(test_x, fits[best])), candidates[best]


def _newton(x: Tensor, y: Tensor, c: float, weights: Tensor, tol: float) -> Tensor:
    """Minimise `|w|² / 2 + c sum(max(0, 1 - y x w)²)` for every column: Newton steps by conjugate gradients."""
    known, out = y != 0, x @ weights
    small = tol * (2 * c * (x.T @ y)).norm(dim=0)  # of the gradient at w = 0
    for _ in range(60):
        slack = (1 - y * out).clamp(min=0) * known
        grad = weights - 2 * c * (x.T @ (y * slack))
        if (grad.norm(dim=0) <= small).all():
            break
        active = (slack > 0).to(x.dtype)
        step = _solve(lambda v, on=active: v + 2 * c * (x.T @ (on * (x @ v))), -grad)
        along = x @ step
        length = _length(weights, step, out, along, y * known, c, (grad * step).sum(0))
        weights, out = weights + length * step, out + length * along
    return weights


def _solve(product: Callable, right: Tensor, tol: float = 0.1, steps: int = 40) -> Tensor:
    """Roughly `product(v) = right`, each column by conjugate gradients."""
    v, rest = torch.zeros_like(right), right.clone()
    way, size = rest.clone(), rest.square().sum(0)
    goal = size * tol**2
    for _ in range(steps):
        image = product(way)
        move = torch.where(size > goal, size / (way * image).sum(0).clamp(min=1e-30), 0)
        v, rest = v + move * way, rest - move * image
        new = rest.square().sum(0)
        if (new <= goal).all():
            break
        way, size = rest + (new / size.clamp(min=1e-30)) * way, new
    return v


def _length(weights: Tensor, step: Tensor, out: Tensor, along: Tensor, y: Tensor, c: float, slope: Tensor) -> Tensor:
    """For each column the first of 1, 1/2, 1/4, ... that lowers the objective enough (Armijo)."""

    def value(t: Tensor) -> Tensor:
        slack = (1 - y * (out + t * along)).clamp(min=0) * (y != 0)
        return (weights + t * step).square().sum(0) / 2 + c * slack.square().sum(0)

    t = torch.ones_like(slope)
    start = value(torch.zeros_like(slope))
    for _ in range(20):
        worse = value(t) > start + 1e-4 * t * slope + 1e-6 * start.abs()  # the last for rounding
        if not worse.any():
            break
        t = torch.where(worse, t / 2, t)
    return t
