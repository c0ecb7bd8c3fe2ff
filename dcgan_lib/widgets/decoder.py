"""LossDecoder: what losses and outputs of D on a screen mean."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from dcgan_lib.training import decode as decoding
from dcgan_lib.training import telltale
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.still import Still

HERE = Path(__file__).parent
LONGEST = 100_000  # characters; a line of a log has about a hundred


def book() -> dict[str, Any]:
    """What the page reads with: constants, bounds and words, of which Python has the only list."""
    bounds = {name: getattr(telltale, name.upper()) for name in ("won", "far", "same", "fooled")}
    bounds |= {name: getattr(decoding, name.upper()) for name in ("last", "printed", "repeats")}
    states = {key: {"title": title, "says": says, "do": do} for key, (title, says, do) in telltale.STATES.items()}
    return {
        "constants": [asdict(constant) for constant in telltale.CONSTANTS],
        "bounds": bounds,
        "states": states,
        "remarks": telltale.REMARKS,
        "hidden": telltale.HIDDEN,
        "longest": LONGEST,
        "examples": list(telltale.EXAMPLES.items()),
    }


class LossDecoder(Still, anywidget.AnyWidget):
    """Type or paste losses; read what they are, which outputs of D fit them, and what to do.

        decoder = LossDecoder("Loss_D: 0.05 Loss_G: 7")
        decoder.reading.state  # "won"

    The first argument may also be lines of a log. `halves` says whether D's loss is the "sum" of its halves or their
    "mean"; the decoder guesses.
    """

    _esm = bundle(HERE / "decoder.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "decoder.css").read_text("utf-8")

    text = traitlets.Unicode(telltale.EXAMPLES["usual"], help="losses, or lines of a log").tag(sync=True)
    halves = traitlets.Enum(("guess", "sum", "mean"), "guess", help="of which D's loss is made").tag(sync=True)
    book = traitlets.Dict(help="constants, bounds and words").tag(sync=True)

    def __init__(self, text: str | None = None, **traits: Any) -> None:
        given = {} if text is None else {"text": text}
        super().__init__(**given, book=book(), **traits)

    def __repr__(self) -> str:
        return f"LossDecoder: {telltale.STATES[self.reading.state][0]}"

    @property
    def said(self) -> str:
        """The example's reading."""
        title, says, do = telltale.STATES[self.reading.state]
        read = f"`{self.text}` reads: " if len(self.text) < 100 and "`" not in self.text else ""
        return f"A decoder of losses. {read}{title}. {' '.join((says, *do))}"

    @traitlets.validate("text")
    def _check_text(self, proposal: dict) -> str:
        if len(proposal["value"]) > LONGEST:
            raise traitlets.TraitError(f"text has {len(proposal['value']):,} characters: give the last {LONGEST:,}")
        return proposal["value"]

    @property
    def reading(self) -> decoding.Reading:
        """What the page shows, computed here."""
        return decoding.decode(self.text, self.halves)
