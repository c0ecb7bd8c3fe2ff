"""What the theory of GANs says, in forms that can be computed.

`densities`: the best discriminator, the value of the game and its divergences, by quadrature on a line.
`pair`: two densities that can be moved, widened, drawn and blurred, with all of that read out.
`dirac`: the smallest GAN, one number against one number, and how gradient steps move it.
"""

from dcgan_lib.theory.densities import (
    best_value,
    integrate,
    jsd,
    kl,
    line,
    location_gradient,
    mixture,
    normal,
    optimal_d,
    optimal_logit,
    uniform,
    value,
)
from dcgan_lib.theory.dirac import (
    GAMES,
    DiracGame,
    eigenvalues,
    growth,
    jacobian,
    linear_flow,
    trajectory,
    update_matrix,
)
from dcgan_lib.theory.pair import Pair, Shape

__all__ = [
    "GAMES",
    "DiracGame",
    "Pair",
    "Shape",
    "best_value",
    "eigenvalues",
    "growth",
    "integrate",
    "jacobian",
    "jsd",
    "kl",
    "line",
    "linear_flow",
    "location_gradient",
    "mixture",
    "normal",
    "optimal_d",
    "optimal_logit",
    "trajectory",
    "uniform",
    "update_matrix",
    "value",
]
