"""Widgets whose data are too heavy for their state: with a kernel, the page asks for them in a message."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import anywidget
import traitlets

from dcgan_lib import pretrained
from dcgan_lib.directions import read_directions
from dcgan_lib.widgets.page_model import page_model
from dcgan_lib.widgets.still import Still


class Serves(Still, anywidget.AnyWidget):
    """Answers the front end's questions for files; `files.mjs` asks them."""

    serves: ClassVar[dict[str, Callable[[str], tuple[dict, bytes]]]] = {}
    """By the kind of a question, what gives the manifest and the bytes of a name."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._answer)

    def _answer(self, widget: anywidget.AnyWidget, content: dict, buffers: list) -> None:
        kind = content.get("type")
        if kind in self.serves:
            manifest, data = self.serves[kind](content["name"])
            self.send({"type": kind, "name": content["name"], "manifest": manifest}, buffers=[data])


@functools.cache
def model_files(name: str) -> tuple[dict, bytes]:
    """The manifest, with the directions that come with them, and the weights of trained networks by name or folder.

    Raises:
        PretrainedError: no such networks. ValueError: a variant that a page does not compute.
    """
    pair = pretrained.load(name)
    manifest, weights = page_model(pair.G)
    return manifest | {"directions": read_directions(pair.folder)}, weights


networks_of = functools.cache(pretrained.load)


class ServesModels(Serves):
    """A widget whose pictures are computed by a generator in the page: the kernel hands it the weights."""

    serves: ClassVar = {"weights": model_files}

    model = traitlets.Unicode("faces64", help="trained networks by name, or with a kernel by folder").tag(sync=True)

    @property
    def networks(self) -> pretrained.Pretrained:
        """The trained pair of `model`, the same object for all widgets."""
        return networks_of(self.model)

    @traitlets.validate("model")
    def _check_model(self, proposal: dict) -> str:
        try:
            networks_of(proposal["value"])
        except pretrained.PretrainedError as error:
            raise traitlets.TraitError(str(error)) from error
        return proposal["value"]
