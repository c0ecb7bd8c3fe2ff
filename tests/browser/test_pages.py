"""Every page of the built book, in a browser that can reach nothing but the site."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from tests.browser import harness
from tools.book import SITE

PAGES = harness.pages()
SEEN = [("light", 1280), ("dark", 1280), ("light", 390)]
READ = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    window.scrollTo(0, y);
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  }
}"""


@pytest.fixture(scope="module", params=PAGES)
def page_and_said(request, browser, address):
    """One page at desktop width, read from its top to its end: pictures load when they come into view."""
    with harness.opened(browser, address + request.param) as (page, said):
        page.evaluate(READ)
        page.wait_for_load_state("networkidle")
        yield page, said


def test_the_root_leads_to_the_cover(browser, address):
    with harness.opened(browser, address + "book/index.html") as (page, _):
        page.goto(address)
        page.wait_for_url("**/book/index.html")


def test_nothing_fails_and_no_outside_host_is_asked(page_and_said):
    _, said = page_and_said
    assert said.everything() == []


def test_mathematics_is_typeset(page_and_said):
    page, _ = page_and_said
    formulas, typeset, errors = (
        page.locator(selector).count() for selector in (".math", ".math mjx-container", "mjx-merror")
    )
    assert errors == 0
    assert typeset >= formulas


def test_every_image_loads_and_says_what_it_shows(page_and_said):
    page, _ = page_and_said
    images = page.eval_on_selector_all(
        "img", "all => all.map(i => ({alt: i.alt, src: i.src.slice(0, 80), loaded: i.complete && i.naturalWidth > 0}))"
    )
    file_name = re.compile(r"^\S*\.(png|svg|webp|jpe?g|gif)$")
    assert [i for i in images if not i["loaded"] or not i["alt"].strip() or file_name.match(i["alt"])] == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("scheme", "width"), SEEN)
def test_the_page_fits_and_is_accessible(browser, address, name, scheme, width):
    with harness.opened(browser, address + name, width=width, scheme=scheme) as (page, _):
        inside, outside = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert inside <= outside, "the page scrolls sideways"
        violations = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [
        f"{v['impact']} {v['id']}: {v['help']}; {len(v['nodes'])} times, first {v['nodes'][0]['html'][:200]}"
        for v in violations
        if v["impact"] in ("critical", "serious")
    ]
    assert grave == []


def links(name: str) -> list[str]:
    soup = BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")
    return sorted({a["href"] for a in soup.find_all("a", href=True)})


def anchors(name: str) -> set[str]:
    soup = BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")
    return {tag["id"] for tag in soup.find_all(id=True)} | {"", "main-content"}


@pytest.mark.parametrize("name", PAGES)
def test_every_internal_link_leads_somewhere(name):
    broken = []
    for href in links(name):
        if urlsplit(href).scheme or href.startswith("//"):
            continue
        target = urlsplit(urljoin("/" + name, href))
        path = unquote(target.path).lstrip("/") or "index.html"
        exists = (SITE / path).is_file()
        if not exists or (path.endswith(".html") and unquote(target.fragment) not in anchors(path)):
            broken.append(href)
    assert broken == []


@pytest.mark.parametrize("name", [name for name in PAGES if re.match(r"book/\d", name)])
def test_a_chapter_can_be_opened_in_colab(name):
    stem = PurePosixPath(name).stem
    opens = [href for href in links(name) if href.startswith("https://colab.research.google.com/github/")]
    assert [href for href in opens if href.endswith(f"/blob/main/book/{stem}.ipynb")] == opens != []
