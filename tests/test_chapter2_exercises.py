"""The exercises of the chapter on the loss: a stub is told so, and each folded solution satisfies its checker."""

import json
import math
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from dcgan_lib import losses

CHAPTER = Path(__file__).parents[1] / "book" / "02-minimax-loss.ipynb"
CELLS = {cell["id"]: "".join(cell["source"]) for cell in json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]}
EXERCISES = ["d", "hinge", "alternate", "ring"]


def check(name: str, answer: str, capsys) -> str:
    """What the checker prints when the stub's cell holds `answer`."""
    room = {"math": math, "torch": torch, "F": F, "losses": losses}
    exec("from dcgan_lib.exercises import try_on\n" + answer + "\n" + CELLS[f"ex-{name}-check"], room)
    return capsys.readouterr().out


def solution(name: str) -> str:
    """The stub with its `return ...` replaced by the folded solution's."""
    text = CELLS[f"ex-{name}-solution"].split(":::{exercise}")[0]
    line = re.search(r"^\s+(return .+)$|`(return [^`]+)`", text, flags=re.MULTILINE)
    return CELLS[f"ex-{name}-stub"].replace("return ...", line[1] or line[2])


@pytest.mark.parametrize("name", EXERCISES)
def test_the_stub_is_told_that_it_is_one(name, capsys):
    assert "Not filled in yet" in check(name, CELLS[f"ex-{name}-stub"], capsys)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_folded_solution_satisfies_the_checker(name, capsys):
    assert check(name, solution(name), capsys).startswith("Right in all")


@pytest.mark.parametrize("name", EXERCISES)
def test_a_wrong_answer_does_not(name, capsys):
    answer = re.sub(r"return (.+)", r"return 0.9 * (\1)", solution(name))
    assert check(name, answer, capsys).startswith("Not yet")
