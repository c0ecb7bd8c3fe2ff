"""The flags: one for each field of the two configs, explained by the field's own comment."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re

from dcgan_lib.cli.parser import count, picture
from dcgan_lib.config import CHOICES, DCGANConfig


def field_comments(cls: type) -> dict[str, str]:
    """The trailing comment of each field of a dataclass, so that `--help` and the code say the same."""
    found = re.findall(r"^    (\w+): [\w ]+ = [^#\n]+(?:# (.*))?$", inspect.getsource(cls), re.MULTILINE)
    return dict(found)


def add_config_flags(parser: argparse.ArgumentParser, cls: type, title: str) -> None:
    group = parser.add_argument_group(title)
    comments = field_comments(cls)
    for field in dataclasses.fields(cls):
        flag, text = "--" + field.name.replace("_", "-"), comments.get(field.name, "").replace("%", "%%")
        text = f"{text} [{field.default}]".strip()
        if isinstance(field.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind = type(field.default)
            metavar = None if field.name in CHOICES else {int: "N", float: "X", str: "NAME"}[kind]
            group.add_argument(flag, type=kind, choices=CHOICES.get(field.name), metavar=metavar, help=text)


def from_flags(cls: type, args: argparse.Namespace):
    return cls(**_given(cls, args))


def _given(cls: type, args: argparse.Namespace) -> dict:
    names = (f.name for f in dataclasses.fields(cls))
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def model_config(args: argparse.Namespace) -> DCGANConfig:
    given = _given(DCGANConfig, args)
    return DCGANConfig.paper(**given) if args.paper else DCGANConfig.torch(**given)


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a name (see: data list) or a folder of images")
    parser.add_argument("--root", metavar="FOLDER", help="where data sets lie [$DCGAN_DATA, else data/downloads]")
    parser.add_argument("--split", default="train", metavar="NAME", help="train or test [train]")
    parser.add_argument("--n-images", type=count, metavar="N", help="use so many [all]")
    parser.add_argument("--on-bad", choices=("refuse", "skip"), default="refuse",
                        help="unreadable files: stop and name them all, or leave them out, on record")  # fmt: skip


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--paper", action="store_true", help="start from the paper's networks, not the usual recipe's")
    add_config_flags(parser, DCGANConfig, "the networks")


def add_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("networks", metavar="NETWORKS", help="a run's folder, a folder of weights, or a shipped name")
    parser.add_argument("--truncation", type=float, metavar="X", help="keep each coordinate of z within X [off]")
    add_sheet_flags(parser)


def add_sheet_flags(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument("--to", type=picture, metavar="FILE", required=required, help="the picture to write (.png)")
    parser.add_argument("--nrow", type=count, default=8, metavar="N", help="images in a row [8]")
    parser.add_argument("--scale", type=count, default=2, metavar="N", help="screen pixels per image pixel [2]")
