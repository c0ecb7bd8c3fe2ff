"""A browser without scripts: nothing is missing that could stand still, and no control stands there dead."""

import pytest
from bs4 import BeautifulSoup

from tests.browser import harness
from tools.book import SITE

VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]'
CONTROLS = (
    ".cell_output :is(input, button, select, textarea, canvas, [role=slider], [tabindex]:not(a, div.highlight pre))"
)


def with_widgets() -> list[str]:
    return [name for name in harness.pages() if "widget-view+json" in (SITE / name).read_text(encoding="utf-8")]


@pytest.fixture(scope="module", params=with_widgets())
def page(request, browser, address):
    context = browser.new_context(java_script_enabled=False)
    made = context.new_page()
    made.goto(address + request.param)
    yield made
    context.close()


def test_each_widget_has_a_picture_or_a_sentence(page):
    views = page.locator(VIEW)
    stand_ins = page.locator(f"{VIEW} ~ noscript .widget-still")
    assert stand_ins.count() == views.count() > 0
    for i in range(stand_ins.count()):
        assert len(stand_ins.nth(i).inner_text()) > 40


def test_each_picture_loads_and_says_what_it_shows(page):
    for picture in page.locator(".widget-still img").all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("p => p.decode().then(() => p.naturalWidth)") > 0
        assert len(picture.get_attribute("alt")) > 10
        box = picture.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1280


def test_no_control_is_dead(page):
    assert [control.evaluate("c => c.outerHTML.slice(0, 200)") for control in page.locator(CONTROLS).all()] == []


def test_a_page_with_scripts_does_not_fetch_the_pictures(browser, address):
    name = with_widgets()[-1]
    soup = BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")
    still = {image["src"].split("/")[-1] for image in soup.select("noscript img")}
    asked = set()
    with harness.opened(browser, address + name) as (page, _):
        page.on("request", lambda request: asked.add(request.url.split("/")[-1]))
        page.reload(wait_until="networkidle")
    assert still and not still & asked
