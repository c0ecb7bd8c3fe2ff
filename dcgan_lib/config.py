"""What a network and a run are made of: two frozen dataclasses, checked when they are built.

Variants are made with `dataclasses.replace(cfg, field=value)`, so that a caller shows only the difference.
"The paper" is Radford, Metz and Chintala, arXiv:1511.06434v2; "the released code" is what its authors published.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

KERNELS = (4, 5)
CHOICES = {
    "latent": ("gaussian", "uniform"),
    "stem": ("conv", "project"),
    "head": ("conv", "linear"),
    "batch_norm": ("dcgan", "everywhere", "none"),
    "upsample": ("transposed", "nearest"),
    "downsample": ("strided", "max_pool"),
    "activation_g": ("relu", "leaky_relu", "tanh"),
    "activation_d": ("leaky_relu", "relu"),
    "loss": ("non_saturating", "saturating", "least_squares", "wasserstein", "hinge"),
    "precision": ("fp32", "bf16"),
}


def _check_choices(cfg: object) -> None:
    for name in (f.name for f in dataclasses.fields(cfg) if f.name in CHOICES):
        if getattr(cfg, name) not in CHOICES[name]:
            raise ValueError(f"{name}={getattr(cfg, name)!r}: choose one of {', '.join(map(repr, CHOICES[name]))}")


def _check_counts(cfg: object, *names: str) -> None:
    for name in names:
        value = getattr(cfg, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name}={value!r}: give a whole number of at least 1")


class _Json:
    """To and from JSON; unknown fields are named, not dropped."""

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_dict(cls, fields: dict):
        known = {f.name for f in dataclasses.fields(cls)}
        if unknown := sorted(set(fields) - known):
            raise ValueError(
                f"{cls.__name__}: unknown fields {unknown}; written by a newer version? Known: {sorted(known)}"
            )
        return cls(**fields)


@dataclass(frozen=True)
class DCGANConfig(_Json):
    """The pair of networks. Every difference between the paper, its released code and the usual recipe is a field.

    Defaults are the usual PyTorch recipe. `DCGANConfig.paper()` and `DCGANConfig.torch()` name the two.
    """

    image_size: int = 64  # side in pixels: a power of two, 16 or more; the depth follows from it
    nc: int = 3  # image channels: 1 grey, 3 RGB
    nz: int = 100  # length of z (paper, section 4: 100)
    ngf: int = 64  # maps of G's last hidden layer; doubled at each halving of the size (paper figure 1: 128)
    ndf: int = 64  # maps of D's first layer; doubled at each halving of the size (released code: 128)
    kernel: int = 4  # 4 divides evenly by the stride of 2; the paper's 5 does not (chequered overlap)
    latent: str = "gaussian"  # z ~ N(0, 1); the paper draws z uniformly from [-1, 1]
    stem: str = "conv"  # z to 4x4: a 4x4 transposed convolution of a 1x1 image, or a matrix product and a reshape
    head: str = "conv"  # 4x4 to the score: a 4x4 convolution, or flatten and a matrix product. Both are linear maps
    batch_norm: str = "dcgan"  # all layers but G's output and D's input (paper, section 3)
    upsample: str = "transposed"  # "nearest": nearest-neighbour resize, then a convolution (Odena 2016)
    downsample: str = "strided"  # "max_pool": what guideline 1 replaced
    hidden_units: int = 0  # width of one fully connected hidden layer next to the 4x4 maps (guideline 3: none)
    activation_g: str = "relu"  # guideline 4
    activation_d: str = "leaky_relu"  # guideline 5
    leak: float = 0.2  # slope of the leaky ReLU (paper, section 4)

    def __post_init__(self) -> None:
        size = self.image_size
        if not isinstance(size, int) or size < 16 or size & (size - 1):
            raise ValueError(f"image_size={size!r}: give a power of two from 16 up (16, 32, 64, 128, ...)")
        _check_counts(self, "nc", "nz", "ngf", "ndf")
        if self.kernel not in KERNELS:
            raise ValueError(f"kernel={self.kernel!r}: choose 4 (even overlap) or 5 (the paper's)")
        if not isinstance(self.hidden_units, int) or self.hidden_units < 0:
            raise ValueError(f"hidden_units={self.hidden_units!r}: give 0 (none) or a width")
        if not 0 <= self.leak < 1:
            raise ValueError(f"leak={self.leak!r}: give a slope in [0, 1)")
        _check_choices(self)

    @property
    def depth(self) -> int:
        """Number of stride-2 layers between 4x4 and the image: 2, 3, 4, 5 for 16, 32, 64, 128."""
        return self.image_size.bit_length() - 3

    @property
    def g_widths(self) -> tuple[int, ...]:
        """Maps of G from 4x4 upward, the image left out: (512, 256, 128, 64) for 64x64 with `ngf` 64."""
        return tuple(self.ngf * 2**i for i in reversed(range(self.depth)))

    @property
    def d_widths(self) -> tuple[int, ...]:
        """Maps of D from the image down to 4x4: (64, 128, 256, 512) for 64x64 with `ndf` 64."""
        return tuple(self.ndf * 2**i for i in range(self.depth))

    @classmethod
    def torch(cls, **changes) -> DCGANConfig:
        """The usual PyTorch recipe: 4x4 kernels, 512 maps at 4x4, Gaussian z, convolutional ends."""
        return cls(**changes)

    @classmethod
    def paper(cls, **changes) -> DCGANConfig:
        """The paper's figure 1 with its released code: 5x5 kernels, 1024 maps at 4x4, uniform z, linear ends."""
        paper = {"ngf": 128, "ndf": 128, "kernel": 5, "latent": "uniform", "stem": "project", "head": "linear"}
        return cls(**{**paper, **changes})


@dataclass(frozen=True)
class TrainConfig(_Json):
    """One run. Defaults are the paper's (section 4); what the paper does not have is off."""

    steps: int = 10_000  # updates of each player
    batch_size: int = 128  # images a step
    lr_g: float = 2e-4  # Adam's learning rate of G; the paper found 1e-3 too high
    lr_d: float = 2e-4  # and of D; unequal rates are the two time-scale rule (Heusel 2017)
    beta1: float = 0.5  # Adam's momentum; 0.9 oscillated (paper, section 4)
    beta2: float = 0.999
    loss: str = "non_saturating"  # a name in `losses.LOSSES`
    real_target: float = 1.0  # one-sided label smoothing: 0.9 (Salimans 2016). Cross-entropy losses only
    weight_clip: float = 0.0  # clamp D's weights to this after each update; Wasserstein needs it (Arjovsky 2017: 0.01)
    ema: float = 0.0  # decay of the running average of G's weights; 0 is off, 0.999 is usual (Yazici 2019)
    flip: bool = False  # mirror half of the real images; the paper used no augmentation
    precision: str = "fp32"  # "bf16": convolutions in bfloat16. A different rounding, not the same update
    sync_batch_norm: bool = True  # of several processes: statistics of the whole batch, or of each one's share
    seed: int = 0  # decides initial weights, the order of images and every z

    def __post_init__(self) -> None:
        _check_counts(self, "steps", "batch_size")
        if self.batch_size < 2:
            raise ValueError("batch_size=1: batch normalisation needs at least 2 images")
        for name in ("lr_g", "lr_d"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(
                    f"{name}={getattr(self, name)!r}: give a learning rate in (0, 1); the paper's is 0.0002"
                )
        for name in ("beta1", "beta2", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)!r}: give a decay in [0, 1)")
        if not 0.5 < self.real_target <= 1:
            raise ValueError(
                f"real_target={self.real_target!r}: give a target in (0.5, 1]; above 1 the loss has no lower bound"
            )
        if self.real_target != 1 and self.loss not in ("non_saturating", "saturating"):
            raise ValueError(
                f"real_target={self.real_target!r} with loss={self.loss!r}: smoothing is for the cross-entropy losses"
            )
        if self.weight_clip < 0:
            raise ValueError(f"weight_clip={self.weight_clip!r}: give 0 (off) or a positive bound")
        _check_choices(self)
