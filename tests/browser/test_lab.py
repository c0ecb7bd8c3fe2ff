"""In JupyterLab every widget renders with a live kernel, and its traits are Python's: both ways."""

import pytest

from dcgan_lib import widgets
from tests.browser.lab import lab

CLASSES = [name for name in widgets.__all__ if name[0].isupper() and name != "FrameSlider"]
SLIDER = """frame_slider(lambda step: torch.full((1, 2, 2), step / 9), {"step": [0, 4, 9]}, alt="grey")"""


@pytest.fixture(scope="module")
def opened(browser):
    cells = ["import torch\nfrom dcgan_lib.widgets import *", f"slider = {SLIDER}\nslider"]
    cells += [f"{name.lower()} = {name}()\n{name.lower()}" for name in CLASSES]
    with lab(browser, cells) as opened:
        opened.run_all()
        opened.page.wait_for_function(
            "n => document.querySelectorAll('figure.dcgan-widget').length === n", arg=1 + len(CLASSES)
        )
        yield opened
    assert opened.said.everything() == []


def test_every_widget_renders(opened):
    for i in range(2 + len(CLASSES)):
        cell = opened.page.locator(".jp-CodeCell").nth(i)
        cell.scroll_into_view_if_needed()
        assert cell.locator("figure.dcgan-widget").count() == (i > 0), f"cell {i}"
    assert opened.page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").count() == 0


def test_a_control_in_the_page_moves_python(opened):
    slider = opened.page.locator(".dcgan-frames input[type=range]")
    slider.focus()
    slider.press("End")
    opened.page.wait_for_function("i => i.value === i.max", arg=slider.element_handle())
    eventually(lambda: opened.value("slider.values") == {"step": 9}, opened)


def test_python_moves_the_page(opened):
    picture = opened.page.locator(".dcgan-frames img")
    before = picture.get_attribute("src")
    opened.do("slider.values = {'step': 4}")
    opened.page.wait_for_function("([i, src]) => i.src !== src", arg=[picture.element_handle(), before])


def test_the_explorer_has_its_weights_from_the_kernel_and_shares_its_z(opened):
    canvas = opened.page.locator("figure.dcgan-explorer .explorer-main canvas")
    canvas.scroll_into_view_if_needed()
    opened.page.wait_for_function("c => c.width === 64", arg=canvas.element_handle())
    before = canvas.evaluate("c => c.toDataURL()")
    opened.do("latentexplorer.t = 1.0")
    opened.page.wait_for_function("([c, before]) => c.toDataURL() !== before", arg=[canvas.element_handle(), before])
    assert opened.value("latentexplorer.image.shape[-1]") == 64


def eventually(holds, opened) -> None:
    for _ in range(100):
        if holds():
            return
        opened.page.wait_for_timeout(100)
    raise AssertionError("it did not happen within ten seconds")
