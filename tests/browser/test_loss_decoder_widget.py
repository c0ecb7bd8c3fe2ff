"""LossDecoder in the page: it reads every line as Python does, and says it."""

import math

import pytest

from dcgan_lib.training.decode import decode, parse
from dcgan_lib.training.telltale import CONSTANTS, EXAMPLES, STATES
from dcgan_lib.widgets import LossDecoder
from dcgan_lib.widgets.decoder import book
from tests.browser.modules import modules
from tests.browser.shown import grave, shown

LINES = [
    *EXAMPLES.values(),
    *EXAMPLES,
    *(f"d_loss: {c.value:.6f} g_loss: {c.value!r}" for c in CONSTANTS),
    *(f"{c.value:.4g}" for c in CONSTANTS),
    "D 0.50  G 2.30  D(x) 0.80  D(G(z)) 0.20, 812 images/s",
    '{"step": 7, "loss_d": 0.5, "loss_g": 1.5, "d_real": 0.8, "d_fake": 0.2, "d_fake_after": 0.1}',
    "Epoch: [ 0/25] [   1/1234] time: 4.3, d_loss: 1.38, g_loss: 0.69",
    "[Epoch 0/200] [Batch 0/938] [D loss: 0.31] [G loss: 1.2]",
    "errD: -inf errG: 1",
    "Loss_G: \u22120.35 Loss_D: 0.7",
    "d_loss: 0.18 D(x): 0.85 D(G(z)): 0.15",
    "Loss_D: 1.0000 Loss_G: 0.0071 D(x): 1.0000 D(G(z)): 1.0000",
    "g_loss: 1e2, d_loss .5",
    "0.4 1.0\n0.6 2.0",
    "Loss_D: 0.4213\n" * 3,
    "".join(f"Loss_D: 0.0000 Loss_G: 1{i}.5\n" for i in range(3)),
    "\n".join(f"Loss_D: {i % 7}.5 Loss_G: {i}e-1" for i in range(120)),
    "0.1 0.2 0.3",
    "1.2.3 4",
    "nothing here",
    "stuck at 0.6931 for hours",
    "epoch 12 of 100: all is well, 3 2 1",
    "",
]


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


def alike(ours, theirs):
    """Equal, numbers to 1e-9, and one nan is as good as another."""
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return (math.isnan(ours) and math.isnan(theirs)) or ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list | tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return ours == theirs


@pytest.mark.parametrize("halves", ["guess", "sum", "mean"])
def test_every_line_is_decoded_as_in_python(page, halves):
    code = "(m, { lines, halves, book }) => lines.map(line => m.decodeLosses(line, halves, book))"
    found = page.run("decoder-math.mjs", code, {"lines": LINES, "halves": halves, "book": book()})
    for line, theirs in zip(LINES, found, strict=True):
        ours = decode(line, halves).asdict()
        assert alike(ours, theirs), (line, ours, theirs)


def test_every_line_is_parsed_as_in_python(page):
    assert page.run("decoder-math.mjs", "(m, lines) => lines.map(m.parseLosses)", LINES) == [parse(t) for t in LINES]


# --- on a page


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, LossDecoder(), width=390) as (page, said):
        yield page
    assert said.everything() == []


def title(page):
    return page.locator(".decoder-title").inner_text()


def test_it_opens_with_a_healthy_run(seen):
    assert title(seen) == STATES["healthy"][0]
    assert "0.733" in seen.locator(".decoder-tables").inner_text()


@pytest.mark.parametrize("name, text", EXAMPLES.items())
def test_every_example_is_shown_without_overflow(seen, name, text):
    seen.get_by_role("button", name=name, exact=True).click()
    assert seen.get_by_label("Losses, or lines of a log").input_value() == text
    assert title(seen) == STATES[decode(text).state][0]
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_is_typed_is_read_at_once(seen):
    seen.get_by_label("Losses, or lines of a log").fill("7.9712")
    assert title(seen) == STATES["frozen"][0]
    assert "23/2 log 2" in seen.locator(".decoder-tables").inner_text()
    seen.get_by_label("Losses, or lines of a log").fill("")
    assert title(seen) == STATES["nothing"][0]


def test_the_reader_may_say_what_the_loss_is_made_of(seen):
    seen.get_by_label("Losses, or lines of a log").fill("0.25 1.3")
    before = seen.locator(".decoder-tables").inner_text()
    seen.get_by_label("their mean").check()
    assert seen.locator(".decoder-tables").inner_text() != before
    seen.get_by_label("guess").check()


def test_it_opens_where_python_put_it(browser):
    with shown(browser, LossDecoder("100", halves="sum"), scheme="dark") as (page, said):
        assert title(page) == STATES["frozen"][0]
    assert said.everything() == []


@pytest.mark.parametrize("width, scheme", [(1280, "dark"), (390, "light")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, LossDecoder(EXAMPLES["7.971192"]), width=width, scheme=scheme) as (page, _):
        assert grave(page) == []
