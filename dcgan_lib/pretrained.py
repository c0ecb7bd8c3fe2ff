"""Trained pairs of networks as files that hold nothing but numbers and text.

A folder `generator.safetensors`, `discriminator.safetensors`, `config.json` (network, run, data, hardware, versions,
the command, and the checksums of the two) and `history.jsonl`. Safetensors cannot run code, but has no checksum of
its own: a flipped bit would be a slightly different network. So `config.json` holds them, and `load` compares.
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
from dcgan_lib.data.archives import describe_file, sha256_of
from dcgan_lib.models import Discriminator, Generator

FILES = ("generator.safetensors", "discriminator.safetensors")
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
    """Write a folder that `load` reads. `record` is what a reader must know: run, data, hardware, versions, command.

    Raises:
        PretrainedError: it cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, network in zip(FILES, (G, D), strict=True):
            save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / name)
        _write_record(folder, record | {"model": json.loads(G.cfg.to_json())})
    except (OSError, SafetensorError) as error:
        raise PretrainedError(
            f"{folder}: the networks could not be written ({error}); make room, or save them elsewhere"
        ) from error
    return folder


def seal(folder: str | Path) -> None:
    """Write the checksums of a folder's weights, as they are now, into its `config.json`."""
    folder = Path(folder)
    _write_record(folder, json.loads((folder / "config.json").read_text(encoding="utf-8")))


def _write_record(folder: Path, record: dict) -> None:
    """The record with the checksums of the weights that lie beside it."""
    sums = {name: sha256_of(folder / name) for name in FILES}
    part = folder / ".config.json.part"
    part.write_text(json.dumps(record | {"sha256": sums}, indent=2) + "\n", encoding="utf-8")
    os.replace(part, folder / "config.json")


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
        record = json.loads(config.read_text(encoding="utf-8"))
        cfg = DCGANConfig.from_dict(record["model"])
        sums = dict(record.get("sha256", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = describe_file(config)
        raise PretrainedError(
            f"{config}: not a config of this library ({error or 'no object'}; it is {what})"
        ) from error
    G, D = (
        load_weights(kind(cfg), folder / name, sums.get(name))
        for kind, name in zip((Generator, Discriminator), FILES, strict=True)
    )
    return Pretrained(G, D, cfg, record, folder)


def load_weights(module: nn.Module, path: Path, sha256: str | None = None) -> nn.Module:
    """Fill a network from a safetensors file and put it in evaluation mode.

    Args:
        sha256: of the file, where it is known.

    Raises:
        PretrainedError: the file is missing, something else, damaged, or of another network.
    """
    try:
        if sha256 is not None and (found := sha256_of(path)) != sha256:
            raise PretrainedError(
                f"{path}: its checksum is {found[:12]}…, not {sha256[:12]}… as config.json says: it is "
                f"{describe_file(path)}, changed or cut short since it was saved; fetch or export it again"
            )
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        what = f"; it is {describe_file(path)}" if path.is_file() else ""
        raise PretrainedError(
            f"{path}: cannot be read as safetensors ({error}{what}); fetch or export it again"
        ) from error
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise PretrainedError(f"{path}: the weights do not fit the network of config.json:\n{error}") from error
    return module.eval()


def shipped() -> Path:
    """`data/checkpoints` of the repository; the environment variable DCGAN_CHECKPOINTS names another folder."""
    return Path(os.environ.get("DCGAN_CHECKPOINTS", SHIPPED))
