"""A small table that a notebook shows as a table and a terminal as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers below their heads. Numbers are written with `digits` decimals, aligned to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[object]]
    digits: int = 4

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.heads):
                raise ValueError(
                    f"row {tuple(row)} has {len(row)} cells for {len(self.heads)} heads: give one for each"
                )

    def text(self, cell: object) -> str:
        """A cell as a reader reads it: 0.6931, with a real minus sign; words as they are."""
        value = cell.item() if hasattr(cell, "item") else cell
        if isinstance(value, str):
            return value
        number = str(value) if isinstance(value, int) else f"{value:.{self.digits}f}"
        if float(number) == 0:
            number = number.removeprefix("-")
        return number.replace("-", "\N{MINUS SIGN}").replace("inf", "∞")

    def __repr__(self) -> str:
        lines = [list(self.heads), *([self.text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.heads))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(head)}</th>" for head in self.heads)
        rows = "".join(f"<tr>{''.join(self._html(cell) for cell in row)}</tr>" for row in self.rows)
        return f'<table class="dataframe"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'

    def _html(self, cell: object) -> str:
        side = "left" if isinstance(cell, str) else "right"
        return f'<td style="text-align: {side}; padding: 0.2em 0.7em">{escape(self.text(cell))}</td>'
