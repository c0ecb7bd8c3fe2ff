"""Widgets that answer in three places from one source: a live kernel, the static page, the tests.

A widget is one Python class (traits and their checks) and one ES module without dependencies. In a page
without a kernel the page's own small host gives the module a model; `frames.mjs` says what a module may expect.
"""

from dcgan_lib.widgets.arithmetic import VectorArithmetic
from dcgan_lib.widgets.convolution import ConvolutionArithmetic
from dcgan_lib.widgets.decoder import LossDecoder
from dcgan_lib.widgets.dirac import DiracCockpit
from dcgan_lib.widgets.explorer import LatentExplorer
from dcgan_lib.widgets.frames import FrameSlider, frame_slider
from dcgan_lib.widgets.inside import InsideG
from dcgan_lib.widgets.losses import LossExplorer
from dcgan_lib.widgets.plane import PlaneGAN
from dcgan_lib.widgets.proof import DraggableProof
from dcgan_lib.widgets.scrubber import TrainingScrubber

__all__ = [
    "ConvolutionArithmetic",
    "DiracCockpit",
    "DraggableProof",
    "FrameSlider",
    "InsideG",
    "LatentExplorer",
    "LossDecoder",
    "LossExplorer",
    "PlaneGAN",
    "TrainingScrubber",
    "VectorArithmetic",
    "frame_slider",
]
