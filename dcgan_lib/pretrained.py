"""Trained pairs of networks as files that hold nothing but numbers and text.

A folder `generator.safetensors`, `discriminator.safetensors`, `config.json` (network, run, data, hardware, versions,
the command) and `history.jsonl`. Safetensors cannot run code.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Discriminator, Generator

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "checkpoints"


class PretrainedError(RuntimeError):
    """Weights that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Pretrained:
    """A trained pair, in evaluation mode, with the record of how it was made."""

    G: Generator
    D: Discriminator
    cfg: DCGANConfig
    record: dict  # config.json, whole
    folder: Path


def save(folder: str | Path, G: Generator, D: Discriminator, record: dict) -> Path:
    """Write a folder that `load` reads. `record` is what a reader must know: run, data, hardware, versions, command."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in G.state_dict().items()}, folder / "generator.safetensors")
    save_file({k: v.contiguous() for k, v in D.state_dict().items()}, folder / "discriminator.safetensors")
    (folder / "config.json").write_text(json.dumps(record | {"model": json.loads(G.cfg.to_json())}, indent=2) + "\n")
    return folder


def available() -> tuple[str, ...]:
    """Names of the pairs that come with the repository."""
    return tuple(sorted(p.parent.name for p in shipped().glob("*/generator.safetensors")))


def load(name: str | Path) -> Pretrained:
    """A pair by its name (see `available()`) or its folder.

    Raises:
        PretrainedError: no such pair, a file missing or damaged, or weights that do not fit their config.
    """
    folder = Path(name) if Path(name).is_dir() else shipped() / str(name)
    config = folder / "config.json"
    if not config.is_file():
        raise PretrainedError(
            f"no trained networks {str(name)!r}: give a folder with config.json, or one of {available()}"
        )
    try:
        record = json.loads(config.read_text())
        cfg = DCGANConfig.from_dict(record["model"])
    except (ValueError, KeyError) as error:
        raise PretrainedError(f"{config}: not a config of this library ({error})") from error
    G = load_weights(Generator(cfg), folder / "generator.safetensors")
    D = load_weights(Discriminator(cfg), folder / "discriminator.safetensors")
    return Pretrained(G, D, cfg, record, folder)


def load_weights(module: nn.Module, path: Path) -> nn.Module:
    """Fill a network from a safetensors file and put it in evaluation mode."""
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise PretrainedError(f"{path}: cannot be read as safetensors ({error}); fetch or export it again") from error
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise PretrainedError(f"{path}: the weights do not fit the network of config.json:\n{error}") from error
    return module.eval()


def shipped() -> Path:
    """`data/checkpoints` of the repository; the environment variable DCGAN_CHECKPOINTS names another folder."""
    return Path(os.environ.get("DCGAN_CHECKPOINTS", SHIPPED))
