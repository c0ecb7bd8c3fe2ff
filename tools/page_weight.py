"""What the widgets of each built page weigh, against what a page may carry.

python -m tools.page_weight            the table; ends with an error if a page is too heavy

All numbers are bytes as they lie on the disk: a host that compresses sends a third of the text.

- `state`: the widgets' state in the page itself, and their places.
- `code`: the host, and each ES module once.
- `styles`: `book.css`, and each style sheet once.
- `posters`: bytes of a state that lie in files and are read when the page opens.
- `at first`: these together: all that comes before a widget is seen. The limit is on this.
- `pictures`: of sliders over drawn pictures; they come when their slider comes into view.
- `stand-ins`: for who has no scripts; no other browser fetches them.

Models and recorded runs come into no page before their widget is seen; they stand below the table.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from bs4 import BeautifulSoup

from tools.book import SITE
from tools.widget_files import FOLDER, STATE

LIMIT = 300_000
MODEL_LIMIT = 2_500_000
VIEW = "application/vnd.jupyter.widget-view+json"
HOUSE = ("afm-host.mjs", "book.css")  # ours, on every page that has widgets
KINDS = {"_esm": "code", "_css": "styles", "frames": "picture", "outputs": "picture"}
"""By the trait that a file is of, where it counts; posters are all else."""
COLUMNS = ("state", "code", "styles", "posters", "at first", "pictures", "stand-ins")


def read(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def weigh(page: Path, site: Path = SITE) -> dict[str, int]:
    """Bytes by column, of a page of the site; `widgets` is how many it shows, `html` its own size."""
    soup = read(page)
    states = [script.get_text() for script in soup.find_all("script", type=STATE)]
    views = [str(script) for script in soup.find_all("script", type=VIEW)]
    files = {name: kind for state in states for kind, name in files_of(json.loads(state)["state"])}
    house = [linked(soup, page, name) for name in HOUSE] if views else []

    def size(kind: str) -> int:
        return _bytes(site / FOLDER / name for name, of in files.items() if of == kind)

    found = {
        "widgets": len(views),
        "html": page.stat().st_size,
        "state": sum(len(text.encode()) for text in (*states, *views)),
        "code": size("code") + _bytes(path for path in house if path and path.suffix == ".mjs"),
        "styles": size("styles") + _bytes(path for path in house if path and path.suffix == ".css"),
        "posters": size("poster"),
        "pictures": size("picture"),
        "stand-ins": _bytes({(page.parent / image["src"]).resolve() for image in soup.select("noscript img")}),
    }
    return found | {"at first": sum(found[name] for name in ("state", "code", "styles", "posters"))}


def files_of(states: dict) -> Iterable[tuple[str, str]]:
    """What kind each file of these states is, and its name."""
    for entry in states.values():
        for file in entry.get("files", []):
            yield KINDS.get(file["path"][0], "poster"), file["name"]


def linked(soup: BeautifulSoup, page: Path, name: str) -> Path | None:
    """The file of that name which the page loads."""
    for tag in soup.find_all(["script", "link"]):
        address = (tag.get("src") or tag.get("href") or "").split("?")[0]
        if address.endswith("/" + name):
            return page.parent / address
    return None


def _bytes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def pages(site: Path = SITE) -> list[Path]:
    if not (site / "index.html").exists():
        raise SystemExit(f"error: there is no {site}/index.html: run  make book  first")
    return sorted((site / "book").glob("*.html"))


def table(rows: dict[str, dict[str, int]]) -> str:
    """Kilobytes, a line a page."""
    width = max(len(name) for name in rows)
    lines = [f"{'page, in kB':{width}}  widgets     html" + "".join(f"{name:>10}" for name in COLUMNS)]
    for name, row in rows.items():
        cells = "".join(f"{row[column] / 1000:>10.1f}" for column in COLUMNS)
        too_much = f"   over {LIMIT / 1000:g}" if row["at first"] > LIMIT else ""
        lines.append(f"{name:{width}}  {row['widgets']:>7}  {row['html'] / 1000:>7.1f}{cells}{too_much}")
    return "\n".join(lines)


def fetched_in_view(site: Path = SITE) -> dict[str, int]:
    """The models and recorded runs: name, and bytes with the JSON that comes along."""
    found: dict[str, int] = {}
    for folder in ("models", "runs"):
        for path in sorted((site / "_static" / "vendor" / folder).glob("*")):
            name = f"{folder}/{path.stem}"
            found[name] = found.get(name, 0) + path.stat().st_size
    return found


def main(site: Path = SITE) -> None:
    rows = {page.stem: weigh(page, site) for page in pages(site)}
    print(table(rows))
    print(f"\nThe limit is {LIMIT / 1000:g} kB at first, and {MODEL_LIMIT / 1e6:g} MB for what is fetched in view:")
    heavy = [name for name, row in rows.items() if row["at first"] > LIMIT]
    for name, weight in fetched_in_view(site).items():
        print(f"  {name:26}{weight / 1000:>8.0f} kB")
        heavy += [name] * (weight > MODEL_LIMIT)
    if heavy:
        sys.exit(f"error: too heavy: {', '.join(heavy)}")


if __name__ == "__main__":
    main()
