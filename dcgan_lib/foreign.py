"""Weights of the usual PyTorch DCGAN tutorial's networks, read into ours.

Their networks are one `nn.Sequential` called `main`: a state dict has keys `main.0.weight`, `main.1.running_mean`, …,
with a prefix `module.` where it was trained on several GPUs. z comes as `(n, nz, 1, 1)`; D ends in a sigmoid. Ours
takes both shapes of z, and returns logits: `D(x).sigmoid()` is theirs.
"""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.data.archives import describe_file
from dcgan_lib.models import START, Discriminator, Generator

KEY = re.compile(r"^(?:module\.)?main\.(\d+)\.(\w+)$")
OURS = (nn.ConvTranspose2d, nn.Conv2d, nn.BatchNorm2d)


class ForeignError(ValueError):
    """A state dict that is not of the usual tutorial's networks; the message names what does not fit."""


def from_tutorial(state: dict[str, Tensor] | str | Path) -> Generator | Discriminator:
    """Our network with the tutorial's weights: a Generator or a Discriminator, whichever they are of.

    In training mode, like a new one; call `.eval()` to draw with the running statistics.

    Args:
        state: a state dict, or a file that `torch.save` wrote of one (read with `weights_only=True`).

    Raises:
        ForeignError: other names, other shapes, or layers that the tutorial does not have; a file that is none, or
            that holds more than tensors.
    """
    layers = _layers(state if isinstance(state, dict) else _read(Path(state)))
    cfg, is_generator = _infer(layers)
    module = Generator(cfg) if is_generator else Discriminator(cfg)
    names = [name for name, m in module.named_modules() if isinstance(m, OURS)]
    pairs = zip(names, sorted(layers))
    module.load_state_dict(dict(t for name, number in pairs for t in _rename(module, name, number, layers[number])))
    return module


def pair_from_tutorial(
    generator: dict[str, Tensor] | str | Path, discriminator: dict[str, Tensor] | str | Path
) -> tuple[Generator, Discriminator]:
    """Both players with one config, ready for `pretrained.save`.

    Raises:
        ForeignError: as `from_tutorial`, and where the two do not draw and score images of one shape.
    """
    G, D = from_tutorial(generator), from_tutorial(discriminator)
    if not isinstance(G, Generator) or not isinstance(D, Discriminator):
        raise ForeignError(f"expected a generator, then a discriminator; got {type(G).__name__}, {type(D).__name__}")
    shapes = [(m.cfg.nc, m.cfg.image_size) for m in (G, D)]
    if shapes[0] != shapes[1]:
        raise ForeignError(f"G draws and D scores images of different (nc, image_size): {shapes[0]} and {shapes[1]}")
    G.cfg = D.cfg = dataclasses.replace(G.cfg, ndf=D.cfg.ndf, batch_norm=D.cfg.batch_norm)
    return G, D


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors in a file; code in it is not run."""
    try:
        with warnings.catch_warnings():  # remarks on how a foreign pickle was made; the error says enough
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ForeignError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    except pickle.UnpicklingError as error:
        what = describe_file(path)
        raise ForeignError(
            f"{path}: not a file of tensors alone (it is {what}), and not read: reading more could run code. "
            "If it is yours, save module.state_dict(), not the module"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ForeignError(
            f"{path}: cannot be read (it is {describe_file(path)}; cut short?); fetch it again"
        ) from error
    if not isinstance(state, dict):
        raise ForeignError(f"{path}: holds a {type(state).__name__}, not a state dict; save module.state_dict()")
    return state


def _layers(state: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """The tensors of each numbered layer."""
    layers: dict[int, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        if not (match := KEY.match(str(key))) or not isinstance(tensor, Tensor):
            raise ForeignError(f"key {key!r}: the tutorial's are called main.0.weight, main.1.running_mean, ...")
        layers.setdefault(int(match[1]), {})[match[2]] = tensor
    if not layers:
        raise ForeignError("the state dict is empty")
    return layers


def _rename(module: nn.Module, name: str, number: int, layer: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of one layer under our names, each of the right shape."""
    for key, ours in module.get_submodule(name).state_dict().items():
        theirs = layer.get(key)
        if theirs is None and key == "num_batches_tracked":
            theirs = ours  # files older than torch 0.4.1 have no count; the output does not depend on it
        if theirs is None or theirs.shape != ours.shape:
            got = "is missing" if theirs is None else f"has shape {tuple(theirs.shape)}"
            raise ForeignError(f"main.{number}.{key} {got}; expected {tuple(ours.shape)}")
        yield f"{name}.{key}", theirs


def _infer(layers: dict[int, dict[str, Tensor]]) -> tuple[DCGANConfig, bool]:
    """The config that the shapes speak of, and whether they are a generator's."""
    convs = [layers[n] for n in sorted(layers) if "weight" in layers[n] and layers[n]["weight"].ndim == 4]
    shapes = [tuple(layer["weight"].shape) for layer in convs]
    if len(shapes) < 3 or any(shape[2:] != (4, 4) for shape in shapes):
        raise ForeignError(f"convolutions of shapes {shapes}: the tutorial's has three or more, each 4x4")
    if any("bias" in layer for layer in convs):
        raise ForeignError("the convolutions have biases; the tutorial's have none")

    is_generator = shapes[0][1] == shapes[1][0]  # (in, out, k, k): what comes out goes into the next
    depth = len(shapes) - 1
    size = START * 2**depth
    if is_generator:
        cfg = DCGANConfig(image_size=size, nz=shapes[0][0], ngf=shapes[-1][0], nc=shapes[-1][1])
        chain = (cfg.nz, *cfg.g_widths, cfg.nc)
        want = [(n_in, n_out, 4, 4) for n_in, n_out in itertools.pairwise(chain)]
    else:
        cfg = DCGANConfig(image_size=size, ndf=shapes[0][0], nc=shapes[0][1])
        chain = (cfg.nc, *cfg.d_widths, 1)
        want = [(n_out, n_in, 4, 4) for n_in, n_out in itertools.pairwise(chain)]
    if shapes != want:
        raise ForeignError(f"convolutions of shapes {shapes}: for {cfg.image_size}x{cfg.image_size} we expect {want}")

    norms, usual = len(layers) - len(shapes), depth - (not is_generator)
    if norms != usual:
        raise ForeignError(f"{norms} batch norms: the tutorial's has {usual} beside {len(shapes)} convolutions")
    return cfg, is_generator
