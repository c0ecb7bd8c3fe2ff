"""The page's own widget host, on a page made for it."""

import json

import pytest

from tests.browser import harness

MODULE = """
let made = 0;
export default {
  initialize({ model }) { globalThis.initialized = (globalThis.initialized ?? 0) + 1; },
  render({ model, el }) {
    const show = () => (el.textContent = `${model.get("n")} ${model.get("data").split("/").at(-1)} ${model.kernel}`);
    model.on("change:n", show);
    el.addEventListener("click", () => { model.set("n", model.get("n") + 1); model.save_changes(); model.send({}); });
    show();
    return () => { globalThis.left = (globalThis.left ?? 0) + 1; };
  },
};
"""


def page_html(views: list[str]) -> str:
    files = [{"path": ["_esm"], "name": "made.mjs"}, {"path": ["data"], "name": "made.bin"}]
    state = {
        "one": {
            "model_module": "anywidget",
            "model_name": "AnyModel",
            "state": {"n": 1},
            "files": files,
        },
        "stock": {"model_module": "@jupyter-widgets/controls", "model_name": "IntSliderModel", "state": {}},
    }
    kind = "application/vnd.jupyter.widget"
    shown = "".join(f'<p><script type="{kind}-view+json">{json.dumps({"model_id": v})}</script></p>' for v in views)
    return (
        f'<!doctype html><title>t</title><body>{shown}<script type="{kind}-state+json">{json.dumps({"state": state})}'
        '</script><script type="module" src="_static/afm-host.mjs"></script>'
    )


@pytest.fixture
def page(browser, address):
    made = browser.new_page()
    module = {"body": MODULE, "content_type": "text/javascript"}
    made.route(address + "_widgets/made.mjs", lambda route: route.fulfill(**module))
    made.route(address + "made.html", lambda route: route.fulfill(body=page_html(["one", "one", "stock"])))
    made.goto(address + "made.html")
    harness.settle(made)
    yield made
    made.close()


def test_two_views_share_a_model(page):
    first, second = page.locator("div").all()[:2]
    first.click()
    assert first.inner_text() == second.inner_text() == "2 made.bin false"
    assert page.evaluate("initialized") == 1


def test_a_view_that_leaves_the_page_is_cleaned_up(page):
    page.evaluate("document.querySelector('div').remove()")
    page.wait_for_function("globalThis.left === 1")


def test_a_stock_widget_becomes_a_note(page):
    assert "needs a running kernel" in page.locator(".needs-kernel").inner_text()
