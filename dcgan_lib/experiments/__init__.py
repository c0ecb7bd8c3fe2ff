"""The paper's experiments as functions: each runs by name, with a small or the full budget, and its result is kept.

    python -m dcgan_lib reproduce
    python -m dcgan_lib reproduce arithmetic --budget tiny

An experiment is a module here that holds one `EXPERIMENT`. The numbers of its full budget lie in `data/results`, with
settings, seeds, hardware and time; who shows them reads them there, with `stored`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NAMES = (
    "arithmetic",
    "d_features_faces",
    "d_features_fashion",
    "d_features_fruits",
    "d_units",
    "duplicates",
    "forgetting",
    "measuring",
    "turn",
)


@dataclass(frozen=True)
class Row:
    """One line of the summary: what the paper measured, and what we did."""

    what: str
    paper: str  # its figure or its finding, with the section
    ours: str  # with spread and n
    same: bool  # whether data, model and budget allow the two to be compared as numbers


@dataclass(frozen=True)
class Experiment:
    """One experiment of the paper.

    Attributes:
        title: a question.
        paper: where it stands there, what was done, and what was found.
        budgets: by name the keyword arguments of `run`; "tiny" takes seconds and "full" is what is recorded.
        run: returns plain numbers, lists and dicts, which JSON holds; `seeds` is among its arguments.
        rows: lines for the summary, from what `run` returned.
    """

    title: str
    paper: str
    budgets: Mapping[str, Mapping[str, Any]]
    run: Callable[..., dict]
    rows: Callable[[dict], list[Row]]


def experiment(name: str) -> Experiment:
    """Raises ValueError for a name that is not in `NAMES`."""
    if name not in NAMES:
        raise ValueError(f"no experiment {name!r}: there is {', '.join(NAMES)}")
    return importlib.import_module(f"dcgan_lib.experiments.{name}").EXPERIMENT
