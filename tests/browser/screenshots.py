"""Every page as a picture: desktop and phone width, light and dark.

python -m tests.browser.screenshots [part of a page's name]
"""

import sys

from tests.browser import harness
from tools.fingerprint import ROOT

FOLDER = ROOT / "_build" / "screenshots"
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with harness.served() as address, harness.launched() as browser:
        for name in [page for page in harness.pages() if wanted in page]:
            for width, scheme in LOOKS:
                with harness.opened(browser, address + name, width=width, scheme=scheme) as (page, _):
                    path = FOLDER / f"{name.replace('/', '-').removesuffix('.html')}-{width}-{scheme}.png"
                    page.screenshot(path=path, full_page=True)
                    print(path.relative_to(ROOT), flush=True)


if __name__ == "__main__":
    main()
