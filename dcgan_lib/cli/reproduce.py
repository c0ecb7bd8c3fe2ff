"""`reproduce`: run an experiment of the paper again, and keep its numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from dcgan_lib.cli.common import say


def add(commands) -> None:
    parser = commands.add_parser("reproduce", help="run an experiment of the paper again; without a name, list them")
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the experiment; none lists them")
    parser.add_argument("--budget", default="full", metavar="NAME", help="tiny: seconds; full: what is recorded [full]")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="N", help="others than the budget's")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="FOLDER", help="for NAME.json [results]")
    parser.set_defaults(run=_reproduce)


def _reproduce(args: argparse.Namespace) -> None:
    from dcgan_lib.experiments import NAMES, experiment
    from dcgan_lib.experiments.results import keep, reproduce

    if args.name is None:
        for name in NAMES:
            print(f"{name:16} {experiment(name).title}")
        return
    changes = {"seeds": tuple(args.seeds)} if args.seeds else {}
    record = reproduce(args.name, args.budget, **changes)
    for row in experiment(args.name).rows(record["result"]):
        say(f"{row.what}: {row.ours}   (the paper: {row.paper})")
    say(f"{keep(record, args.out)}: {record['seconds']} s")
