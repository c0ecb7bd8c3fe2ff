"""What a drawn face is: its attributes, their distributions, and how `(seed, index)` becomes a face.

Every attribute is drawn independently of all the others, so p(face) is a product of the distributions in `ATTRIBUTES`.
The randomness is *counter-based*: each number is a hash of (seed, index, attribute), not the next of a sequence, so
face 12,345 can be known without the 12,345 before it, and a new attribute would not disturb the old ones.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One factor of a face and its distribution.

    Continuous attributes lie in `[low, high]`, uniform or `rising` (the density grows linearly from 0 at `low`);
    flags are true with probability `p`; categories are drawn with the probabilities `weights` and stored as the
    index of their name.
    """

    name: str
    number: int  # its place in the hash: never reuse or renumber, or every face changes
    kind: str  # "continuous", "flag" or "category"
    meaning: str
    default: float | bool | str  # what `face()` gives when it is not asked for
    low: float = 0.0
    high: float = 1.0
    rising: bool = False
    p: float = 0.0
    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def distribution(self) -> str:
        """In words, for tables."""
        if self.kind == "continuous":
            return f"{'rising' if self.rising else 'uniform'} on [{self.low:g}, {self.high:g}]"
        if self.kind == "flag":
            return f"true with probability {self.p:g}"
        return ", ".join(f"{name} {weight:g}" for name, weight in zip(self.names, self.weights))

    def quantile(self, u: Tensor) -> Tensor:
        """The attribute's values at `u`, `(n,)` uniform on [0, 1)."""
        if self.kind == "continuous":
            return (u.sqrt() if self.rising else u) * (self.high - self.low) + self.low
        if self.kind == "flag":
            return u < self.p
        return (u[:, None] >= _ends(self.weights, u.device)).sum(dim=1)

    def cdf(self, value: Tensor) -> Tensor:
        """P(attribute <= value) of a continuous attribute, the inverse of `quantile`."""
        if self.kind != "continuous":
            raise ValueError(f"{self.name} is a {self.kind}: it has probabilities (`p`, `weights`), not a cdf")
        u = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
        return u * u if self.rising else u

    def parse(self, given: object) -> Tensor:
        """Check asked-for values and give them as a tensor, `(n,)`; one value gives `(1,)`."""
        many = isinstance(given, Iterable) and not isinstance(given, str)
        values = list(given) if many else [given]
        values = [value.item() if isinstance(value, Tensor) else value for value in values]
        return torch.tensor([self._parse_one(value) for value in values], dtype=self.dtype)

    @property
    def dtype(self) -> torch.dtype:
        return {"continuous": torch.float32, "flag": torch.bool, "category": torch.int64}[self.kind]

    def _parse_one(self, value: object) -> float | bool | int:
        number = isinstance(value, int | float) or hasattr(value, "__float__")
        if self.kind == "category":
            if isinstance(value, str) and value.replace("_", " ") in self.names:
                return self.names.index(value.replace("_", " "))
            if number and not isinstance(value, bool) and float(value) in range(len(self.names)):
                return int(value)
            raise ValueError(
                f"{self.name}={value!r} is not a {self.name}; use one of {', '.join(self.names)}, "
                f"or its number 0 to {len(self.names) - 1}"
            )
        if self.kind == "flag":
            if number and float(value) in (0.0, 1.0):
                return bool(value)
            raise ValueError(f"{self.name}={value!r} is neither true nor false; use True or False")
        if number and self.low <= float(value) <= self.high:
            return float(value)
        raise ValueError(f"{self.name}={value!r} is out of range; use a number from {self.low:g} to {self.high:g}")


@functools.cache  # a constant that travels to a GPU makes the processor wait for all the work before it: once is enough
def _ends(weights: tuple[float, ...], device: torch.device) -> Tensor:
    """Where on [0, 1) each category but the last ends."""
    return torch.tensor(weights, dtype=torch.float64, device="cpu").cumsum(0)[:-1].float().to(device)


def _continuous(
    name: str, number: int, low: float, high: float, default: float, meaning: str, rising: bool = False
) -> Attribute:
    return Attribute(name, number, "continuous", meaning, default, low=low, high=high, rising=rising)


def _category(name: str, number: int, default: str, meaning: str, **weights: float) -> Attribute:
    names = tuple(name.replace("_", " ") for name in weights)
    return Attribute(name, number, "category", meaning, default, names=names, weights=tuple(weights.values()))


_ALL = (
    _continuous("skin", 0, 0, 1, 0.3, "skin tone, light to deep"),
    _category(
        "hair_colour",
        1,
        "brown",
        "colour of hair and brows",
        black=0.22,
        dark_brown=0.2,
        brown=0.18,
        auburn=0.1,
        ginger=0.08,
        blond=0.12,
        grey=0.1,
    ),
    _category(
        "hair_style",
        2,
        "short",
        "cut and length of the hair",
        short=0.2,
        side=0.16,
        bob=0.16,
        long=0.18,
        curly=0.14,
        bun=0.11,
        bald=0.05,
    ),
    Attribute("glasses", 3, "flag", "wears glasses", False, p=0.4),
    _category("frame", 4, "round", "shape of the glasses, if worn", round=0.5, square=0.5),
    _continuous("smile", 5, -1, 1, 0.4, "mouth: -1 frowns, 0 is flat, from 0.25 it opens and shows teeth", rising=True),
    _continuous("turn", 6, -1, 1, 0.0, "head: -1 turned to the picture's left, 0 facing us, 1 to its right"),
    _continuous("gaze", 7, -1, 1, 0.0, "eyes: -1 look to the picture's left, 1 to its right"),
    _continuous("brows", 8, -1, 1, 0.0, "tilt of the brows: -1 worried, 1 stern"),
    _continuous("brow_height", 9, -1, 1, 0.0, "height of the brows: -1 low, 1 raised"),
    _continuous("eye_size", 10, -1, 1, 0.0, "eyes: -1 small, 1 large"),
    _continuous("width", 11, -1, 1, 0.0, "face: -1 narrow, 1 wide"),
    _continuous("jaw", 12, -1, 1, 0.0, "jaw: -1 pointed, 1 broad"),
    _continuous("background", 13, 0, 1, 0.45, "place on a closed circle of eight pastels, coral at 0 and again at 1"),
    _category(
        "clothes",
        14,
        "navy",
        "colour of the top",
        navy=0.16,
        cream=0.14,
        brick=0.14,
        teal=0.14,
        mustard=0.14,
        plum=0.14,
        forest=0.14,
    ),
    _category("neck", 15, "crew", "cut of the top", crew=0.3, v=0.25, collar=0.25, stripes=0.2),
)

ATTRIBUTES: dict[str, Attribute] = {attribute.name: attribute for attribute in _ALL}
"""Every attribute by name, in the order of the tables; all are independent of each other."""

_MASK = (1 << 64) - 1
_STRIDE = 0x9E3779B97F4A7C15  # the golden ratio in 64 bits: SplitMix64's increment
_FIRST, _SECOND = (
    0xBF58476D1CE4E5B9,
    0x94D049BB133111EB,
)  # SplitMix64's multipliers (Steele, Lea & Flood 2014)


def _signed(value: int) -> int:
    """The int64 with the same 64 bits as `value` modulo 2**64."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _scramble(bits: Tensor) -> Tensor:
    """SplitMix64's finaliser on int64. Products wrap around; `>>` copies the sign bit, so a mask clears the copies."""

    def xor_shift(h: Tensor, by: int) -> Tensor:
        return h ^ ((h >> by) & ((1 << (64 - by)) - 1))

    bits = xor_shift(bits, 30) * _signed(_FIRST)
    bits = xor_shift(bits, 27) * _signed(_SECOND)
    return xor_shift(bits, 31)


@functools.cache
def _start(seed: int) -> int:
    return int(_scramble(torch.tensor(_signed(seed * _STRIDE), device="cpu")))


def uniform(seed: int, indices: Tensor, number: int) -> Tensor:
    """Uniform numbers on [0, 1), `(n,)` float32 with 24 bits: a hash of (seed, index, number)."""
    stream = _scramble(indices * _signed(_STRIDE) + _start(seed))
    bits = _scramble(stream + _signed((number + 1) * _STRIDE))
    return ((bits >> 40) & 0xFFFFFF).float() * 2.0**-24


def attributes(
    seed: int, indices: Sequence[int] | Tensor, device: torch.device | str | None = None
) -> dict[str, Tensor]:
    """The attributes of faces `indices` of the data set `seed`: for each name a tensor `(n,)`.

    Continuous ones are float32, flags bool, categories int64 (see `ATTRIBUTES[name].names`).
    """
    indices = torch.as_tensor(indices, dtype=torch.int64, device=device).reshape(-1)
    return {a.name: a.quantile(uniform(seed, indices, a.number)) for a in _ALL}


def face(**given: object) -> dict[str, Tensor]:
    """Attributes of the face you ask for, for `draw`; what is not given takes its neutral default.

    A value is a number, a flag, a category's name, or a sequence or tensor of n of them, which gives n faces:
    `face(hair_style="bob", smile=[-1, 0, 1])` is the same face in three moods.

    Raises:
        ValueError: for an unknown attribute, a value out of range, or sequences of different lengths.
    """
    for name in given:
        if name not in ATTRIBUTES:
            raise ValueError(f"a face has no attribute {name!r}; it has {', '.join(ATTRIBUTES)}")
    rows = {a.name: a.parse(given.get(a.name, a.default)) for a in _ALL}
    lengths = {name: len(values) for name, values in rows.items() if len(values) != 1}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(f"the series have different lengths, or none: {lengths}; give one value, or n for each series")
    n = max(lengths.values(), default=1)
    return {name: values.expand(n).clone() for name, values in rows.items()}
