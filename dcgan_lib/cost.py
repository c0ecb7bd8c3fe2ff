"""What a training step costs, counted: multiply-adds, parameters, activations, bytes. Nothing here is measured.

One layer's forward pass, the gradient of its weights and the gradient of its input take the same number of
multiply-adds F, so a step is a count of passes. Write F_G and F_D for the two networks and g1, d1 for their first
layers, whose input needs no gradient:

    D on real images     forward, both gradients                    3 F_D - d1
    G draws              forward                                    F_G
    D on fakes           forward, both gradients                    3 F_D - d1
    D on fakes again     forward, gradient of the input alone       2 F_D
    G learns             both gradients                             2 F_G - g1
                                                                    8 F_D - 2 d1 + 3 F_G - g1

The usual recipe takes one F_D more: `loss_g.backward()` also computes the gradient of D's weights, to throw it away.
Batch norm, activations and losses are left out: they are bound by memory, not by arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from dcgan_lib.config import DCGANConfig
from dcgan_lib.summary import summary

RECIPES = ("minimal", "reference")


@dataclass(frozen=True)
class Layer:
    """One linear layer of one player, per image."""

    name: str  # "g1" ... and "d1" ..., in the order of the pass
    kind: str  # "conv", "transposed conv", "linear", with what resizes before it
    macs: int  # multiply-adds of the forward pass, taps on padding counted as arithmetic libraries do them
    macs_inside: int  # without the taps that meet padding: a product with a known zero
    params: int  # weights and biases, those of a batch norm that follows included
    inputs: int  # numbers that come in
    outputs: int  # and that go on to the next layer, after pooling where there is pooling

    def traffic(self, batch: int, size: int = 4) -> int:
        """Bytes that the forward pass must move at the least: read input and weights, write the output.

        Args:
            batch: images.
            size: bytes of a number: 4 in float32, 2 in bfloat16.
        """
        return size * (batch * (self.inputs + self.outputs) + self.params)

    def intensity(self, batch: int, size: int = 4) -> float:
        """Floating-point operations of the forward pass for each byte that it must move."""
        return 2 * batch * self.macs / self.traffic(batch, size)


@dataclass(frozen=True)
class Cost:
    """Of a pair of networks; made by `cost(config)`."""

    G: tuple[Layer, ...]
    D: tuple[Layer, ...]

    @property
    def params(self) -> tuple[int, int]:
        """Of G and of D."""
        return sum(layer.params for layer in self.G), sum(layer.params for layer in self.D)

    @property
    def activations(self) -> tuple[int, int]:
        """Numbers that the layers of G and of D hand on, for one image."""
        return sum(layer.outputs for layer in self.G), sum(layer.outputs for layer in self.D)

    def forward(self, inside: bool = False) -> tuple[int, int]:
        """Multiply-adds of one pass of G and of D, for one image; `inside`: without the taps on padding."""
        return sum(_macs(layer, inside) for layer in self.G), sum(_macs(layer, inside) for layer in self.D)

    def step(self, recipe: str = "minimal", inside: bool = False) -> int:
        """Multiply-adds of one training step for each image of the batch.

        Args:
            recipe: "minimal", which the `Trainer` takes, or "reference", with the gradient that is thrown away.
            inside: without the taps on padding: fewer than a matrix product can do.
        """
        if recipe not in RECIPES:
            raise ValueError(f"recipe={recipe!r}: choose one of {', '.join(map(repr, RECIPES))}")
        (f_g, f_d), g1, d1 = self.forward(inside), _macs(self.G[0], inside), _macs(self.D[0], inside)
        return (8 if recipe == "minimal" else 9) * f_d - 2 * d1 + 3 * f_g - g1

    def flops(self, batch: int, recipe: str = "minimal", inside: bool = False) -> int:
        """Floating-point operations of a step: two for each multiply-add."""
        return 2 * batch * self.step(recipe, inside)

    def step_traffic(self, batch: int, size: int = 4) -> int:
        """Bytes that a minimal step must move at the least, were every batch norm and activation free.

        Each pass of a layer moves what its forward pass moves. Adam reads weight, gradient and two moments and writes
        weight and moments, in float32.
        """
        G, D = (sum(layer.traffic(batch, size) for layer in layers) for layers in (self.G, self.D))
        first = 2 * self.D[0].traffic(batch, size) + self.G[0].traffic(batch, size)
        return 8 * D + 3 * G - first + 7 * 4 * sum(self.params)

    def floor(self, batch: int, peak: float, recipe: str = "minimal") -> float:
        """Seconds that a step takes at the least where products run at `peak` operations a second (see `peaks`)."""
        return self.flops(batch, recipe) / peak


def cost(model: DCGANConfig) -> Cost:
    """The counts of any config; the networks are measured without being filled with weights."""
    pair = summary(model)
    return Cost(_layers("g", pair.G), _layers("d", pair.D))


def _layers(letter: str, table) -> tuple[Layer, ...]:
    inputs, layers = prod(table.input), []
    for i, row in enumerate(table.rows, start=1):
        outputs = prod(row.shape)
        layers.append(Layer(f"{letter}{i}", row.layer, row.macs, row.macs_inside, row.params, inputs, outputs))
        inputs = outputs
    return tuple(layers)


def _macs(layer: Layer, inside: bool) -> int:
    return layer.macs_inside if inside else layer.macs
