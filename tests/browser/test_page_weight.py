"""What a page really fetches before its widgets are seen, against the table of tools/page_weight.py."""

from urllib.parse import urlsplit

import pytest

from tests.browser import harness
from tools import page_weight
from tools.book import SITE

PAGES = harness.pages()


@pytest.fixture(scope="module")
def weighed():
    return {name: page_weight.weigh(SITE / name) for name in PAGES}


def fetched(browser, address, height):
    """Paths below the site's root, and bytes, of all that the page asks for."""
    context = browser.new_context(viewport={"width": 1280, "height": height})
    page, finished = context.new_page(), []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(address)
    harness.settle(page)
    page.wait_for_load_state("networkidle")
    asked = [request for request in finished if request.url.startswith("http")]
    found = {urlsplit(r.url).path.removeprefix(harness.PREFIX): r.sizes()["responseBodySize"] for r in asked}
    context.close()
    return found


def test_no_page_is_too_heavy(weighed):
    assert {name: row["at first"] for name, row in weighed.items() if row["at first"] > page_weight.LIMIT} == {}


def test_no_model_is_too_heavy():
    weights = page_weight.fetched_in_view()
    assert weights and max(weights.values()) <= page_weight.MODEL_LIMIT


@pytest.mark.parametrize("name", PAGES)
def test_the_page_fetches_no_more_than_the_table_says(browser, address, weighed, name):
    found, row = fetched(browser, address + name, height=1), weighed[name]
    ours = {path: size for path, size in found.items() if path.startswith("_widgets/")}
    house = {path: size for path, size in found.items() if path.split("/")[-1] in page_weight.HOUSE}
    if not row["widgets"]:
        assert ours == {} and not any(path.endswith("afm-host.mjs") for path in house)
        return
    assert sum(ours.values()) + sum(house.values()) + row["state"] <= row["at first"] + row["pictures"]
    assert not {path for path in found if path.split("/")[-1] in stand_ins(name)}
    text = [path for path in ours if path.endswith((".mjs", ".css"))]
    assert sum(found[path] for path in text) + sum(house.values()) == row["code"] + row["styles"]


def stand_ins(name):
    soup = page_weight.read(SITE / name)
    return {image["src"].split("/")[-1] for image in soup.select("noscript img")}
