"""ConvolutionArithmetic: what reads what in a strided or transposed convolution; whether a table of layers adds up."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, NamedTuple

import anywidget
import torch
import traitlets
from PIL import Image

from dcgan_lib.convolution import conv_matrix, conv_size, overlap, transposed_size
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.frames import to_image
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
BOUNDS = {"size": (1, 12), "kernel": (1, 8), "stride": (1, 4), "padding": (0, 4), "output_padding": (0, 3)}
"""What the drawings hold, from the least to the most."""
TABLE_BOUNDS = {"kernel": (1, 16), "stride": (1, 8), "padding": (0, 8), "output_padding": (0, 7)}
MOST_LAYERS = 10
LARGEST = 1024  # pixels, of a table's start and of a printed size
ROW = ("kernel", "stride", "padding", "output_padding", "printed")


def layers(*rows: tuple) -> list[dict[str, int | None]]:
    return [dict(zip(ROW, row)) for row in rows]


TABLES = {
    "a published generator": {
        "kind": "transposed",
        "start": 1,
        "rows": layers((4, 1, 0, 0, 4), *((4, 2, 0, 0, size) for size in (8, 16, 32, 64))),
    },
    "a published discriminator": {
        "kind": "strided",
        "start": 64,
        "rows": layers(*((4, 2, 1, 0, size) for size in (32, 16, 8, 4, 1))),
    },
    "the usual generator": {
        "kind": "transposed",
        "start": 1,
        "rows": layers((4, 1, 0, 0, 4), *((4, 2, 1, 0, size) for size in (8, 16, 32, 64))),
    },
    "the usual discriminator": {
        "kind": "strided",
        "start": 64,
        "rows": layers(*((4, 2, 1, 0, size) for size in (32, 16, 8, 4)), (4, 1, 0, 0, 1)),
    },
    "the paper's generator": {
        "kind": "transposed",
        "start": 4,
        "rows": layers(*((5, 2, 2, 1, size) for size in (8, 16, 32, 64))),
    },
}
"""Lists of layers to check, with the sizes that they print; the paper's begins behind its projection to 4 x 4."""


class Walked(NamedTuple):
    """A row of a table, computed."""

    size: int | None  # None from the first layer on that cannot be computed
    problem: str  # why it cannot
    right: bool | None  # None where no size is printed, or none is computed


def walk(table: dict[str, Any]) -> list[Walked]:
    """The size after each row of a table, each computed from the size before it, and whether the table prints it."""
    size, found = table["start"], []
    for row in table["rows"]:
        problem = ""
        if size is not None:
            try:
                size = _size(table["kind"], size, row)
            except ValueError as error:
                size, problem = None, str(error)
        unknown = size is None or row["printed"] is None
        found.append(Walked(size, problem, None if unknown else size == row["printed"]))
    return found


def mends(table: dict[str, Any], index: int) -> dict[str, int]:
    """For a row, each single number with which it would give the size that it prints, nearest to what it has."""
    row, walked = table["rows"][index], walk(table)
    before = walked[index - 1].size if index else table["start"]
    if before is None or row["printed"] is None:
        return {}
    found = {}
    for name in ("kernel", "stride", "padding"):
        low, high = TABLE_BOUNDS[name]
        for value in sorted(range(low, high + 1), key=lambda value: (abs(value - row[name]), value)):
            try:
                if _size(table["kind"], before, row | {name: value}) == row["printed"]:
                    found[name] = value
                    break
            except ValueError:
                continue
    return found


def _size(kind: str, size: int, row: dict[str, int]) -> int:
    numbers = [row["kernel"], row["stride"], row["padding"]]
    return conv_size(size, *numbers) if kind == "strided" else transposed_size(size, *numbers, row["output_padding"])


class ConvolutionArithmetic(Still, anywidget.AnyWidget):
    """Strided and transposed convolutions: touch a cell and see what it reads or prints, as a drawing and as a matrix.

        widget = ConvolutionArithmetic(kind="transposed", size=4, kernel=5, stride=2, padding=2, output_padding=1)
        widget.output_size  # 8
        widget.overlap  # tensor([2., 3., 2., 3., 2., 3., 2., 2.])

    `view` says what is shown: the "grids", the "matrix", the "overlap", the "table" of layers, or "all". Numbers that
    do not go together (a kernel that does not fit) are taken, since the reader passes through them; the page then shows
    `problem`, and `output_size` raises it. `table` takes the name of one of `TABLES`, too.

    Setting a trait from Python moves the page, and the other way round.
    """

    _esm = bundle(HERE / "convolution.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "convolution.css").read_text("utf-8")

    view = traitlets.Enum(("grids", "matrix", "overlap", "table", "all"), "all", help="what is shown").tag(sync=True)
    kind = traitlets.Enum(("strided", "transposed"), "strided", help="which operation").tag(sync=True)
    size = traitlets.Int(8, help="side of the input, 1 to 12").tag(sync=True)
    kernel = traitlets.Int(4, help="side of the kernel, 1 to 8").tag(sync=True)
    stride = traitlets.Int(2, help="1 to 4").tag(sync=True)
    padding = traitlets.Int(1, help="0 to 4").tag(sync=True)
    output_padding = traitlets.Int(0, help="of the transposed convolution, below the stride").tag(sync=True)
    dims = traitlets.Enum((1, 2), 2, help="draw a line (1) or a map (2)").tag(sync=True)
    inserted = traitlets.Bool(False, help="draw the transposed one with zeros between its inputs").tag(sync=True)
    lit_side = traitlets.Enum(("input", "output"), "output", help="where the lit cell is").tag(sync=True)
    lit = traitlets.List(traitlets.Int(min=0), [1, 1], 2, 2, help="its row and column; on a line the column").tag(
        sync=True
    )
    table = traitlets.Union(
        [traitlets.Dict(), traitlets.Unicode()], help="layers to check: kind, start and rows; or a name of TABLES"
    ).tag(sync=True)
    tables = traitlets.Dict(help="the tables to choose from, by name").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        traits.setdefault("table", next(iter(TABLES)))
        super().__init__(**traits, tables=copy.deepcopy(TABLES))

    def __repr__(self) -> str:
        return f"ConvolutionArithmetic({self.kind}: {self.problem or self.formula})"

    @traitlets.validate(*BOUNDS)
    def _check_number(self, proposal: dict) -> int:
        return _bounded(proposal["trait"].name, proposal["value"], BOUNDS)

    @traitlets.validate("table")
    def _check_table(self, proposal: dict) -> dict:
        table = proposal["value"]
        if isinstance(table, str):
            if table not in TABLES:
                raise traitlets.TraitError(f"table={table!r}: give one of {list(TABLES)}, or kind, start and rows")
            return copy.deepcopy(TABLES[table])
        if set(table) != {"kind", "start", "rows"} or table["kind"] not in ("strided", "transposed"):
            raise traitlets.TraitError(f"table={table!r}: give kind ('strided' or 'transposed'), start and rows")
        _bounded("start", table["start"], {"start": (1, LARGEST)})
        if not 1 <= len(table["rows"]) <= MOST_LAYERS:
            raise traitlets.TraitError(f"table has {len(table['rows'])} rows: give 1 to {MOST_LAYERS}")
        for row in table["rows"]:
            if set(row) != set(ROW):
                raise traitlets.TraitError(f"row {row!r}: give {', '.join(ROW)}")
            for name in TABLE_BOUNDS:
                _bounded(name, row[name], TABLE_BOUNDS)
            if row["printed"] is not None:
                _bounded("printed", row["printed"], {"printed": (1, LARGEST)})
        return table

    @property
    def output_size(self) -> int:
        """Side of the output.

        Raises:
            ValueError: the numbers do not go together.
        """
        return _size(self.kind, self.size, {name: getattr(self, name) for name in TABLE_BOUNDS})

    @property
    def problem(self) -> str:
        """Why the numbers do not go together, or an empty string."""
        try:
            self.output_size  # noqa: B018
        except ValueError as error:
            return str(error)
        return ""

    @property
    def formula(self) -> str:
        """The size of the output with the numbers put in, step by step."""
        n, k, s, p, m = self.size, self.kernel, self.stride, self.padding, self.output_size
        if self.kind == "transposed":
            return f"n = ({n} − 1)·{s} − 2·{p} + {k} + {self.output_padding} = {m}"
        return f"m = ⌊({n} + 2·{p} − {k}) / {s}⌋ + 1 = ⌊{n + 2 * p - k} / {s}⌋ + 1 = {m - 1} + 1 = {m}"

    @property
    def same(self) -> list[int]:
        """Input sizes that give this output size (strided), or output sizes that go back to this input (transposed)."""
        small = self.output_size if self.kind == "strided" else self.size
        base = (small - 1) * self.stride - 2 * self.padding + self.kernel
        return [base + extra for extra in range(self.stride) if base + extra > 0]

    @property
    def taps(self) -> torch.Tensor:
        """Along one axis, `(outputs, inputs)`: which tap of the kernel connects them, counted from 0; -1 for none."""
        large = self.size if self.kind == "strided" else self.output_size
        counted = conv_matrix(torch.arange(1, self.kernel + 1), large, self.stride, self.padding) - 1
        return counted if self.kind == "strided" else counted.T

    @property
    def overlap(self) -> torch.Tensor:
        """Along one axis, how many taps reach each cell of the larger map; on a square map the counts multiply.

        That is the output of a transposed convolution, or the input of a strided one: what its gradient goes through.
        """
        if self.kind == "transposed":
            return overlap(self.size, self.kernel, self.stride, self.padding, self.output_padding)
        left_over = (self.size + 2 * self.padding - self.kernel) % self.stride
        return overlap(self.output_size, self.kernel, self.stride, self.padding, left_over)

    @property
    def connections(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The cells that the lit one reads or reaches, each with its tap of the kernel; padding is left out."""
        taps = self.taps if self.lit_side == "output" else self.taps.T
        axes = []
        for place in self.lit[2 - self.dims :]:
            line = taps[min(place, len(taps) - 1)].tolist()
            axes.append([(cell, tap) for cell, tap in enumerate(line) if tap >= 0])
        if self.dims == 1:
            return [((cell,), (tap,)) for cell, tap in axes[0]]
        return [((row, column), (a, b)) for row, a in axes[0] for column, b in axes[1]]

    @property
    def walked(self) -> list[Walked]:
        """The table, computed row by row."""
        return walk(self.table)

    @property
    def said(self) -> str:
        """The numbers and what they come to, in a sentence."""
        if self.view == "table":
            sizes = ", ".join("none" if row.size is None else str(row.size) for row in self.walked)
            printed = ", ".join("none" if row["printed"] is None else str(row["printed"]) for row in self.table["rows"])
            of = f"A table of layers, {self.table['kind']}, from size {self.table['start']}"
            return f"{of}: it prints {printed}; what comes out is {sizes}."
        numbers = f"input {self.size}, kernel {self.kernel}, stride {self.stride}, padding {self.padding}"
        if self.kind == "transposed":
            numbers += f", output padding {self.output_padding}"
        return f"A {self.kind} convolution, {numbers}: {self.problem or self.formula}."

    def still(self) -> Image.Image | None:
        """The first of its views as a drawing; for a table, words do."""
        from dcgan_lib.plotting import convolutions as draw

        if self.view == "table" or self.problem:
            return None
        if self.view == "matrix":
            return to_image(draw.matrices({f"{len(self.taps)} outputs": (self.taps + 1).float()}))
        if self.view == "overlap":
            return to_image(draw.overlap_maps(min(self.size, self.output_size), self.kernel, self.stride))
        if self.kind == "strided":
            return to_image(draw.windows(self.size, self.kernel, self.stride, self.padding))
        numbers = (self.size, self.kernel, self.stride, self.padding)
        return to_image(draw.stamps(*numbers, self.size**2, self.output_padding))


def _bounded(name: str, value: int, bounds: dict[str, tuple[int, int]]) -> int:
    low, high = bounds[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise traitlets.TraitError(f"{name}={value!r}: give a whole number from {low} to {high}")
    return value
