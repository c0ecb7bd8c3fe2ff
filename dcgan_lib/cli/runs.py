"""`runs`: list what was trained, compare settings, draw curves."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from dcgan_lib.cli.common import aligned, say
from dcgan_lib.cli.parser import drawing


def add(commands) -> None:
    """The parser of `runs`."""
    runs = commands.add_parser(
        "runs", help="list runs, compare their settings, draw their curves", description="List every run in a folder. "
        "Losses and probabilities are means over the newest 20 lines of a run's history; best is the lowest distance "
        "between samples and real images, and the step that had it; alarms are of samples that are alike.",
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
    rows = [run.row() for run in found]
    columns = [(head, side, [cell(row) for row in rows]) for head, side, cell in COLUMNS]
    columns = [column for column in columns if column[0] not in SOMETIMES or any(column[2])]
    right = {i for i, (_, side, _) in enumerate(columns) if side == "right"}
    table = aligned([head for head, _, _ in columns], list(zip(*(cells for _, _, cells in columns))), right)
    return "\n".join([table, *(f"{row['name']}: {row['why']}" for row in rows if row["why"])])


def _number(name: str) -> Callable[[dict], str]:
    return lambda row: "" if row[name] is None else f"{row[name]:.2f}"


def _here(moment: str) -> str:
    """A moment in this machine's own time, to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


COLUMNS = (
    ("run", "left", lambda row: row["name"]),
    ("data", "left", lambda row: row["data"]),
    ("pixels", "left", lambda row: row["pixels"]),
    ("ngf/ndf", "left", lambda row: f"{row['ngf']}/{row['ndf']}"),
    ("step", "right", lambda row: f"{row['step']:,} of {row['steps']:,}"),
    ("loss D", "right", _number("loss_d")),
    ("loss G", "right", _number("loss_g")),
    ("D(x)", "right", _number("d_real")),
    ("D(G(z))", "right", _number("d_fake")),
    ("best", "right", lambda row: f"{row['best']['measure']:.3f} at {row['best']['step']:,}" if row["best"] else ""),
    ("images/s", "right", lambda row: "" if row["images_per_s"] is None else f"{row['images_per_s']:,.0f}"),
    ("begun", "left", lambda row: _here(row["begun"]) if row["begun"] else ""),
    ("state", "left", lambda row: row["state"]),
    ("alarms", "left", lambda row: ", ".join(row["alarms"])),
)
SOMETIMES = ("best", "images/s", "begun", "alarms")  # left out where no run has any


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
