"""`runs`: list what was trained, compare settings, draw curves."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from dcgan_lib.cli.common import aligned, say
from dcgan_lib.cli.parser import drawing


def add(commands) -> None:
    """The parser of `runs`."""
    runs = commands.add_parser(
        "runs", help="list runs, compare their settings, draw their curves", description="List every run in a folder. "
        "Losses and probabilities are means over the newest 20 lines of a run's history.",
    )  # fmt: skip
    runs.add_argument("folder", metavar="FOLDER", nargs="?", default="runs", help="where the runs lie [runs]")
    runs.add_argument(
        "--compare", nargs="+", metavar="RUN", help="only these, by name or folder, and in which settings they differ"
    )
    runs.add_argument(
        "--plot", type=drawing, metavar="FILE", help="draw their curves into this picture (.png, .svg, .pdf)"
    )
    runs.add_argument("--json", action="store_true", help="print JSON instead of a table")
    runs.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from dcgan_lib.training import runs

    found, problems = _chosen(args)
    for problem in problems:
        say(f"left out: {problem}")
    if not found:
        say(f"{args.folder}: no runs. `python -m dcgan_lib train faces --out {args.folder}/faces` begins one")
        return 0
    different = runs.differences(found) if args.compare else None
    if args.json:
        rows = [run.row() for run in found]
        print(json.dumps(rows if different is None else {"runs": rows, "differences": different}, indent=2))
    else:
        print(_list(found))
        if different is not None:
            print("\n" + _comparison(found, different))
    if args.plot:
        _plot(found, args.plot)
    return 0


def _chosen(args: argparse.Namespace) -> tuple[list, list]:
    """The runs that are asked for, and what is wrong with others that were met on the way."""
    from dcgan_lib.training.runs import find

    if not args.compare:
        return find(args.folder) if args.folder != "runs" or Path("runs").is_dir() else ([], [])
    return [_named(name, Path(args.folder)) for name in args.compare], []


def _named(name: str, folder: Path):
    from dcgan_lib.training.runs import Run, RunError

    where = next((place for place in (folder / name, Path(name)) if place.is_dir()), None)
    if where is None:
        raise RunError(f"{name}: no such run in {folder}, and no such folder; `runs {folder}` lists what there is")
    return Run.load(where, name)


def _list(found: Sequence) -> str:
    heads = [
        "run",
        "data",
        "pixels",
        "ngf/ndf",
        "step",
        "loss D",
        "loss G",
        "D(x)",
        "D(G(z))",
        "images/s",
        "begun",
        "state",
    ]
    rows = [_cells(run.row()) for run in found]
    notes = [", ".join(run.alarms) for run in found]
    if any(notes):
        heads, rows = [*heads, "alarms"], [[*row, note] for row, note in zip(rows, notes)]
    table = aligned(heads, rows, right={4, 5, 6, 7, 8, 9})
    why = [f"{run.name}: {run.row()['why']}" for run in found if run.row()["why"]]
    return "\n".join([table, *why])


def _cells(row: dict) -> list[str]:
    return [
        row["name"],
        row["data"],
        row["pixels"],
        f"{row['ngf']}/{row['ndf']}",
        f"{row['step']:,} of {row['steps']:,}",
        *("" if row[name] is None else f"{row[name]:.2f}" for name in ("loss_d", "loss_g", "d_real", "d_fake")),
        "" if row["images_per_s"] is None else f"{row['images_per_s']:,.0f}",
        "" if row["begun"] is None else _here(row["begun"]),
        row["state"],
    ]


def _here(moment: str) -> str:
    """A moment in this machine's own time, to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def _comparison(found: Sequence, different: dict[str, list]) -> str:
    if not different:
        return "their settings are the same"
    rows = [[name, *("" if value is None else str(value) for value in values)] for name, values in different.items()]
    return aligned(["they differ in", *(run.name for run in found)], rows)


def _plot(found: Sequence, to: str) -> None:
    import matplotlib

    matplotlib.use("agg")
    from dcgan_lib.plotting import use_style
    from dcgan_lib.plotting.runs import plot_runs

    use_style()
    plot_runs(found).savefig(to)
    say(f"{to}: the curves of {len(found)} runs")
