"""LossExplorer in the page: its numbers are those of dcgan_lib.losses, and it answers to pointer and keys."""

import pytest
import torch

from dcgan_lib.losses import LOSSES, slope
from dcgan_lib.widgets import LossExplorer
from dcgan_lib.widgets.losses import ROLES, of_one
from tests.browser.modules import modules
from tests.browser.shown import grave, shown

GRID = [*torch.linspace(-12, 12, 97, dtype=torch.float64).tolist(), -100.0, -30.0, 30.0, 100.0]
LOGIT = "input[type=range][max='8']"
TOLERANCE = {"rtol": 1e-9, "atol": 1e-6}


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


COMPUTE = """(m, { name, role, logits, target }) =>
  [m.lossAt, m.slopeAt].map(f => logits.map(l => f(name, role, l, target)))"""


@pytest.mark.parametrize("target", [1.0, 0.9, 1.1])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_and_its_slope_are_the_librarys(page, name, role, target):
    logits = torch.tensor(GRID, dtype=torch.float64)
    argument = {"name": name, "role": role, "logits": GRID, "target": target}
    values, slopes = page.run("losses-math.mjs", COMPUTE, argument)
    expected = torch.stack([of_one(name, role, logit[None], target) for logit in logits])
    torch.testing.assert_close(torch.tensor(values, dtype=torch.float64), expected.flatten(), **TOLERANCE)
    felt = slope(lambda x: torch.stack([of_one(name, role, one[None], target) for one in x]).mean(), logits)
    torch.testing.assert_close(torch.tensor(slopes, dtype=torch.float64), felt, **TOLERANCE)


def test_it_knows_the_games_of_the_library(page):
    assert page.run("losses-math.mjs", "m => m.LOSS_NAMES") == list(LOSSES)


@pytest.mark.parametrize("name", ["saturating", "non_saturating"])
def test_over_the_probability_the_slope_is_that_of_the_logarithm(page, name):
    p = torch.tensor([0.001, 0.3, 0.9], dtype=torch.float64, requires_grad=True)
    loss = (1 - p).log() if name == "saturating" else -p.log()
    expected = torch.autograd.grad(loss.sum(), p)[0].tolist()
    for logit, value in zip(torch.logit(p).tolist(), expected):
        assert page.call("losses-math.mjs", "slopeOverProbability", name, "g", logit) == pytest.approx(value)


def test_the_loss_rests_where_its_slope_is_zero(page):
    for name, role, target in [
        ("least_squares", "g", 1),
        ("saturating", "d_real", 0.9),
        ("least_squares", "d_fake", 1),
    ]:
        rest = page.call("losses-math.mjs", "restingLogit", name, role, target)
        assert page.call("losses-math.mjs", "slopeAt", name, role, rest, target) == pytest.approx(0, abs=1e-12)
    assert page.call("losses-math.mjs", "restingLogit", "non_saturating", "g", 1) is None


# --- on a page


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, LossExplorer(loss="saturating", logit=-7.0), width=390) as (page, said):
        yield page
    assert said.everything() == []


@pytest.fixture
def words(seen):
    return lambda: seen.locator(".losses-said").first.inner_text()


def test_it_opens_with_what_the_sample_feels(seen, words):
    assert words() == (
        "D gives this fake 0.09 %. Under the saturating loss it feels a push of 0.0009 towards higher logits. "
        "Non-saturating pushes 1,097 times as hard."
    )


def test_it_fits_a_phone(seen):
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_slider_moves_it(seen, words):
    slider = seen.locator(LOGIT)
    slider.focus()
    slider.press("End")
    assert words().startswith("D gives this fake 99.97 %.")


def test_a_drag_on_the_drawing_moves_it(seen):
    box = seen.locator(".losses-plot").bounding_box()
    middle = box["x"] + 34 + (box["width"] - 46) / 2
    seen.mouse.move(middle, box["y"] + 100)
    seen.mouse.down()
    seen.mouse.move(middle + (box["width"] - 46) / 8, box["y"] + 100)
    seen.mouse.up()
    assert float(seen.locator(LOGIT).input_value()) == pytest.approx(2, abs=0.1)


def test_every_choice_redraws_it(seen):
    curve = seen.locator(".losses-curve")
    drawn = {curve.get_attribute("d")}
    for label in ("hinge", "probability", "its slope", "D, of a fake", "D, of a real image", "non-saturating"):
        seen.get_by_label(label, exact=True).check()
        drawn.add(curve.get_attribute("d"))
    assert len(drawn) == 7
    assert seen.get_by_label("target of real images").is_visible()


def test_it_opens_where_python_put_it(browser):
    with shown(browser, LossExplorer(role="d_real", real_target=0.9, logit=2.2)) as (page, said):
        assert "The push ends at 2.2, where D says 0.9." in page.locator(".losses-said").first.inner_text()
    assert said.everything() == []


def test_a_finger_moves_it_and_a_widget_that_leaves_is_quiet(browser):
    with shown(browser, LossExplorer(), width=390, has_touch=True, is_mobile=True) as (page, said):
        box = page.locator(".losses-plot").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] - 6, box["y"] + 100)
        assert page.locator(LOGIT).input_value() == "8"
        page.evaluate("document.querySelector('.dcgan-losses').parentElement.remove()")
        page.set_viewport_size({"width": 700, "height": 900})
        page.wait_for_timeout(100)
    assert said.everything() == []


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, LossExplorer(axis="probability", role="d_real"), width=width, scheme=scheme) as (page, _):
        assert grave(page) == []
