"""GANs small enough to watch: data of one or two dimensions whose density is known, two tiny networks, their game.

Because p_data is known here, everything that training is said to do can be measured: how far D is from the true
ratio, which modes G covers, how much probability lies in the wrong place.
"""

from dcgan_lib.toy.checks import check_rescue, check_uniform
from dcgan_lib.toy.data import DATA, Mixture, gaussian, grid, moons, ring, spiral, two_bumps
from dcgan_lib.toy.game import Snapshot, ToyConfig, ToyD, ToyG, ToyGame, ToyStats, record, update
from dcgan_lib.toy.many import ManyGames
from dcgan_lib.toy.measures import Coverage, coverage, histogram, pull, pushforward, total_variation

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
    "check_rescue",
    "check_uniform",
    "coverage",
    "gaussian",
    "grid",
    "histogram",
    "moons",
    "pull",
    "pushforward",
    "record",
    "ring",
    "spiral",
    "total_variation",
    "two_bumps",
    "update",
]
