"""LossDecoder: its traits, without a browser."""

import json

import pytest
import traitlets

from dcgan_lib.training.telltale import CONSTANTS, EXAMPLES, STATES
from dcgan_lib.widgets import LossDecoder


def test_it_opens_with_a_line_of_a_healthy_run():
    decoder = LossDecoder()
    assert decoder.text == EXAMPLES["usual"]
    assert decoder.reading.state == "healthy"


def test_its_reading_follows_its_text():
    decoder = LossDecoder("Loss_D: 0.05 Loss_G: 7")
    assert decoder.reading.state == "won"
    decoder.text = "1.386 0.693"
    assert decoder.reading.state == "same"
    decoder.halves = "mean"
    assert decoder.reading.remarks[0] == "mean"


def test_it_describes_itself_in_a_line():
    assert repr(LossDecoder("nan")) == "LossDecoder: The run is over"


def test_the_page_is_given_all_constants_and_words():
    book = json.loads(json.dumps(LossDecoder().book))
    assert [constant["key"] for constant in book["constants"]] == [constant.key for constant in CONSTANTS]
    assert set(book["states"]) == set(STATES)


def test_what_it_cannot_take_is_refused():
    with pytest.raises(traitlets.TraitError, match="both"):
        LossDecoder(halves="both")
    with pytest.raises(traitlets.TraitError, match="100,001 characters"):
        LossDecoder("x" * 100_001)
