"""The sliders of the built book answer with no kernel."""

import pytest

from tests.browser import harness
from tools.book import SITE

PAGES = [name for name in harness.pages() if "widget-view" in (SITE / name).read_text(encoding="utf-8")]


@pytest.fixture(scope="module", params=PAGES)
def page(request, browser, address):
    with harness.opened(browser, address + request.param) as (opened, said):
        yield opened
    assert said.everything() == []


def test_some_chapter_has_a_slider():
    assert PAGES


def test_every_slider_changes_its_picture(page):
    for widget in page.locator(".dcgan-frames").all():
        picture, before = widget.locator("img"), widget.locator("img").get_attribute("src")
        seen = set()
        for slider in widget.locator("input[type=range]").all():
            said = slider.get_attribute("aria-valuetext")
            slider.focus()
            slider.press("End" if slider.input_value() == slider.get_attribute("min") else "Home")
            assert slider.get_attribute("aria-valuetext") != said
            seen.add(picture.get_attribute("src"))
        for button in widget.locator("input[type=radio]").all():
            button.check()
            seen.add(picture.get_attribute("src"))
        assert seen - {before}, "no control changes the picture"
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_every_control_has_a_name(page):
    for control in page.locator(".dcgan-widget :is(input, button, select)").all():
        name = control.evaluate(
            "c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent.trim() || c.textContent.trim()"
        )
        assert name


def test_play_runs_and_stops(page):
    widgets = page.locator(".dcgan-frames", has=page.locator(".dcgan-play"))
    if not widgets.count():
        return
    button, slider = widgets.first.locator(".dcgan-play"), widgets.first.locator("input[type=range]").first
    at = slider.input_value()
    button.click()
    page.wait_for_function("([input, at]) => input.value !== at", arg=[slider.element_handle(), at])
    button.click()
    assert button.inner_text() == "Play"


def test_play_goes_one_frame_at_a_press_for_who_wants_less_motion(browser, address):
    for name in PAGES:
        with harness.opened(browser, address + name, reduced_motion="reduce") as (page, _):
            buttons = page.locator(".dcgan-frames .dcgan-play")
            if buttons.count():
                assert buttons.first.inner_text() == "Next frame"


def test_a_stock_widget_is_replaced_by_a_note(browser, address):
    for name in PAGES:
        with harness.opened(browser, address + name) as (page, _):
            for note in page.locator(".needs-kernel").all():
                assert "Colab" in note.inner_text()
            assert page.locator(".jupyter-widgets").count() == 0
