"""Widgets whose pictures are computed by a generator in the page: with a kernel, the kernel hands it the weights."""

from __future__ import annotations

import functools
from typing import Any

import anywidget

from dcgan_lib import pretrained
from dcgan_lib.directions import read_directions
from dcgan_lib.widgets.page_model import page_model


class ServesModels(anywidget.AnyWidget):
    """Answers the front end's question for the weights of a shipped generator, or of one in a folder."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, widget: anywidget.AnyWidget, content: dict, buffers: list) -> None:
        if content.get("type") == "weights":
            manifest, weights = model_files(content["name"])
            self.send({"type": "weights", "name": content["name"], "manifest": manifest}, buffers=[weights])


@functools.cache
def model_files(name: str) -> tuple[dict, bytes]:
    """The manifest, with the directions that come with them, and the weights of trained networks by name or folder.

    Raises:
        PretrainedError: no such networks. ValueError: a variant that a page does not compute.
    """
    pair = pretrained.load(name)
    manifest, weights = page_model(pair.G)
    return manifest | {"directions": read_directions(pair.folder)}, weights
