"""A browser without WebAssembly, or without its vector instructions: the explorer draws by script, the same images."""

from dcgan_lib.widgets import LatentExplorer
from tests.browser.shown import shown
from tools import house

PIXELS = """async () => {
  const picture = document.querySelector(".explorer-main canvas");
  return [...picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data];
}"""
SHEET = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.width, ...data];
}"""


def drawn(browser, init):
    """The picture and the sheet, when both are computed."""
    with shown(browser, LatentExplorer(compact=True), init=WATCH + init) as (page, said):
        page.wait_for_function("window.puts >= 26")
        found = page.evaluate(PIXELS), page.locator(".explorer-sheet canvas").evaluate(SHEET)
        assert said.everything() == []
        return page.evaluate("typeof WebAssembly"), *found


WATCH = """
window.puts = 0;
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) { window.puts++; put.apply(this, given); };
"""


def test_without_web_assembly_the_explorer_draws_the_same(browser):
    house.copy_models()
    kind, picture, sheet = drawn(browser, "")
    other, by_script, sheet_by_script = drawn(browser, "delete globalThis.WebAssembly;")
    assert (kind, other) == ("object", "undefined")
    for ours, theirs in ((picture, by_script), (sheet, sheet_by_script)):
        assert len(ours) == len(theirs)
        assert max(abs(a - b) for a, b in zip(ours, theirs)) <= 1  # of 256 levels: sums in another order


def test_without_its_vector_instructions_the_explorer_draws_too(browser):
    """A browser that has WebAssembly and refuses the kernel."""
    refuse = "WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError('no SIMD'));"
    _, picture, _ = drawn(browser, refuse)
    assert len(set(picture)) > 50
