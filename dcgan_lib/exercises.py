"""A checker for exercises: it tries a reader's function on known cases and answers at once. It never stops a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch


def try_on(
    function: Callable, cases: Iterable[tuple[tuple, object]], hint: str = "", tolerance: float = 1e-4, right: str = ""
) -> bool:
    """Print whether `function(*inputs)` gives the expected number or tensor in every case; True if it does.

    Args:
        function: the reader's; one that returns `...` or None has not been filled in.
        cases: pairs of inputs (a tuple) and what is expected.
        hint: said when a case fails.
        tolerance: how far a value may be from the expected one, absolute or relative.
        right: said when all is right.
    """
    count = 0
    for inputs, expected in cases:
        try:
            got = function(*inputs)
        except Exception as error:
            return _say(f"It stops with {type(error).__name__}: {error}. {hint}")
        if got is None or got is ...:
            return _say("Not filled in yet: replace the three dots, run that cell, and then this one.")
        got, wanted = (torch.as_tensor(v, dtype=torch.float64).detach() for v in (got, expected))
        if got.shape != wanted.shape:
            return _say(f"Not yet: the result has shape {tuple(got.shape)}, it should be {tuple(wanted.shape)}. {hint}")
        if not torch.allclose(got, wanted, atol=tolerance, rtol=tolerance):
            return _say(f"Not yet: for {_text(inputs)} it gives {_text(got)}, expected {_text(wanted)}. {hint}")
        count += 1
    return _say(f"Right in all {count} cases. {right}", verdict=True)


def _say(text: str, verdict: bool = False) -> bool:
    print(text.strip())
    return verdict


def _text(value: object) -> str:
    """A number, a tensor or a tuple of them, short enough for a line."""
    if isinstance(value, tuple):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, torch.Tensor):
        numbers = [f"{number:.5g}" for number in value.detach().flatten()[:3].tolist()]
        return numbers[0] if value.numel() == 1 else f"[{', '.join(numbers)}{', …' if value.numel() > 3 else ''}]"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
