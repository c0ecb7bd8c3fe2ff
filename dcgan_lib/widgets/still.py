"""What stands for a widget where nothing can move: in a page whose scripts are off, in print, in a viewer of notebooks.

A widget that is a `Still` says two things of itself as it stands:

- `said`: a sentence that tells what it shows (Markdown; not a trait, so nothing of it goes into the page's state).
- `still()`: a picture of it, or None if words do. A picture meant for fewer pixels of the page than it has
  carries their number in `image.info["css_width"]`.

Both go into what the notebook stores beside the widget's view; `tools/noscript.py` puts them into the built page,
for those who have no scripts. Put the class first: `class Cockpit(Still, anywidget.AnyWidget)`.
"""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

from PIL import Image

COLOURS = 128


class Still:
    """The half of a widget that needs no script. Overwrite `said`, and `still` where there is a picture."""

    said: str = ""

    def still(self) -> Image.Image | None:
        """The widget's picture in its present state."""
        return None

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)  # of anywidget: the view, and a line of text
        if said := self.said:
            data["text/markdown"] = said
        if picture := self.still():
            data["image/png"] = b64encode(png(picture)).decode()
            if width := picture.info.get("css_width"):
                metadata = metadata | {"image/png": {"width": width}}
        return data, metadata


def png(image: Image.Image) -> bytes:
    """The image with few colours, which halves its weight or better and is hardly seen."""
    file = io.BytesIO()
    image.convert("RGB").quantize(COLOURS).save(file, format="png", optimize=True)
    return file.getvalue()
