"""GANs small enough to watch: data of one or two dimensions whose density is known, two tiny networks, their game.

Because p_data is known here, everything that training is said to do can be measured: how far D is from the true
ratio, which modes G covers, how much probability lies in the wrong place.
"""

from dcgan_lib.toy.checks import check_rescue, check_uniform
from dcgan_lib.toy.data import DATA, Mixture, blob, gaussian, grid, line, moons, ring, spiral, strokes, two_bumps
from dcgan_lib.toy.game import Snapshot, ToyConfig, ToyD, ToyG, ToyGame, ToyStats, record, update
from dcgan_lib.toy.many import ManyGames
from dcgan_lib.toy.measures import (
    Coverage,
    cell_shares,
    coverage,
    divergence,
    divergence_floor,
    histogram,
    pull,
    pushforward,
    smoothed,
    total_variation,
)

__all__ = [
    "DATA",
    "Coverage",
    "ManyGames",
    "Mixture",
    "Snapshot",
    "ToyConfig",
    "ToyD",
    "ToyG",
    "ToyGame",
    "ToyStats",
    "blob",
    "cell_shares",
    "check_rescue",
    "check_uniform",
    "coverage",
    "divergence",
    "divergence_floor",
    "gaussian",
    "grid",
    "histogram",
    "line",
    "moons",
    "pull",
    "pushforward",
    "record",
    "ring",
    "smoothed",
    "spiral",
    "strokes",
    "total_variation",
    "two_bumps",
    "update",
]
