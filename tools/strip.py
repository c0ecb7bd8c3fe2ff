"""Draw the README's strip: the latent explorer in a page, used, six moments side by side.

python -m tools.strip [book/images/explorer.webp]

Each moment is the widget as Chromium renders it, after one more thing that a reader does.
"""

import base64
import io
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from dcgan_lib.widgets import LatentExplorer
from tests.browser.harness import launched
from tests.browser.shown import shown
from tools import house

PATH = Path("book/images/explorer.webp")
MOST_BYTES = 150_000
WATCHED = """
window.drawn = Infinity; // when the last image was computed
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
  drawn = performance.now();
  put.apply(this, given);
};
"""
SHEET = """<!doctype html><style>
  body { margin: 0; width: 1140px; background: white; color: #333; font: 17px/1.4 system-ui, sans-serif; }
  main { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px 18px; padding: 14px; }
  figure { margin: 0 } img { display: block; width: 100% } figcaption { text-align: center }
</style><main>FIGURES</main>"""


def drag(x: float, y: float) -> Callable[[Page], None]:
    """With the mouse over the sheet, from where the mark is."""

    def act(page: Page) -> None:
        mark, box = (page.locator(where).bounding_box() for where in (".explorer-mark", ".explorer-sheet canvas"))
        page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        page.mouse.up()

    return act


def move(label: str, value: float) -> Callable[[Page], None]:
    """A slider."""
    return lambda page: page.locator(f".dcgan-range:has(.dcgan-name:text-is('{label}')) input").fill(str(value))


MOMENTS = {
    "as it opens": lambda page: None,
    "dragged to the right": drag(0.9, 0.1),
    "and down": drag(0.7, 0.7),
    "glasses, three steps": move("glasses", 3),
    "long hair, three steps": move("long hair", 3),
    "turned": move("turn", 3),
}


def moments(browser: Browser) -> list[bytes]:
    """A PNG of the two pictures after each of them."""
    house.copy_models()
    found = []
    with shown(browser, LatentExplorer(), width=700, height=1400, init=WATCHED) as (page, _):
        for act in MOMENTS.values():
            act(page)
            page.wait_for_function("performance.now() - drawn > 1000")
            page.evaluate("document.activeElement.blur()")
            found.append(page.locator(".explorer-images").screenshot())
    return found


def strip(browser: Browser, pictures: list[bytes]) -> Image.Image:
    """The pictures side by side, each with its name below."""
    figures = []
    for name, picture in zip(MOMENTS, pictures, strict=True):
        address = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        figures.append(f'<figure><img src="{address}"><figcaption>{name}</figcaption></figure>')
    page = browser.new_page(viewport={"width": 1140, "height": 400})
    page.set_content(SHEET.replace("FIGURES", "".join(figures)))
    drawn = page.screenshot(full_page=True)
    page.close()
    return Image.open(io.BytesIO(drawn)).convert("RGB")


def save(image: Image.Image, path: Path) -> None:
    """As WebP, in the best quality that is light enough."""
    for quality in range(90, 30, -5):
        image.save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise SystemExit(f"error: {path} weighs {path.stat().st_size:,} bytes, the most is {MOST_BYTES:,}")


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PATH
    with launched() as browser:
        save(strip(browser, moments(browser)), path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
