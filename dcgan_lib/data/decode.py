"""One image file to a square of uint8 pixels, whatever its format, mode and size; or the reason why not.

The rules, in the order in which they are applied:

- rotation: the EXIF orientation is obeyed;
- animation, several pages: the first image is taken;
- transparency (alpha channel, transparent palette entry or colour): composited on white;
- 16-bit grey: scaled, 65535 becomes 255; nothing is clipped. Deeper or floating-point pixels have no agreed
  range: refused;
- CMYK, palette, 1-bit and the rest: converted to RGB (grey stays grey); colour profiles are not applied;
- size: the largest centred square, resized by an antialiased bicubic filter. That is the usual "shorter side to
  `image_size`, then centre crop" without its rounding. Resizing without antialiasing makes artefacts, which
  measures of quality see (Parmar, Zhang and Zhu 2022, "On Aliased Resizing and Surprising Subtleties in GAN
  Evaluation"). A large image is first reduced by a whole factor, to no less than three times the size;
- channels: `nc=1` is luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); grey is repeated for `nc=3`.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")  # no other decoder is ever tried on a file
MAX_PIXELS = 89_478_485  # Pillow's own limit against decompression bombs: 256 MiB of RGB. About 9459 x 9459
REDUCING_GAP = 3.0  # Pillow's documentation: from 3 up "almost indistinguishable" from resizing at once
ONE_AT_A_TIME = 16_000_000  # pixels; larger images are decoded one by one, to bound the memory of many threads

_large = threading.Lock()
_DEEP = {"I", "I;16", "I;16L", "I;16B", "I;16N"}


class BadImage(Exception):
    """This file cannot be used; the message is the reason."""


def read_square(path: Path, image_size: int, nc: int) -> np.ndarray:
    """One file as `(nc, image_size, image_size)` uint8.

    Raises:
        BadImage: for every way in which a file can be unusable.
    """
    _check_file(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadImage(_too_large(image.width * image.height))
            with _large if image.width * image.height > ONE_AT_A_TIME else contextlib.nullcontext():
                return _square(image, image_size, nc)
    except BadImage:
        raise
    except UnidentifiedImageError:
        raise BadImage(_what_it_is(path)) from None
    except Image.DecompressionBombError as error:  # beyond twice the limit
        raise BadImage(_too_large(int(re.search(r"\d+", str(error))[0]))) from None
    except Exception as error:  # a decoder meets hostile bytes: the kinds of exception are without number
        raise BadImage(_reason(error)) from error


@contextlib.contextmanager
def quiet_decoders() -> Iterator[None]:
    """Pillow's remarks on harmless metadata are hushed, as is its warning of bombs, which have a limit here.

    Python's warning filters are global, not per thread: this wraps a pass over files, not the reading of one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _check_file(path: Path) -> None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        gone = "a link to a file that does not exist" if path.is_symlink() else "the file is gone"
        raise BadImage(gone) from None
    except OSError as error:
        raise BadImage(_reason(error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise BadImage("not a regular file")
    if status.st_size == 0:
        raise BadImage("the file is empty (0 bytes)")


def _square(image: Image.Image, size: int, nc: int) -> np.ndarray:
    side = round(REDUCING_GAP * size)
    image.draft(None, (side, side))  # a JPEG decodes faster at 1/2, 1/4 or 1/8; other formats ignore it
    image.load()
    image = _plain(ImageOps.exif_transpose(image))
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    box = (left, top, left + edge, top + edge)
    square = image.resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=REDUCING_GAP)
    pixels = np.asarray(square.convert("L" if nc == 1 else "RGB"))
    return pixels[None] if nc == 1 else pixels.transpose(2, 0, 1)


def _plain(image: Image.Image) -> Image.Image:
    """Any mode to L or RGB."""
    if image.mode in _DEEP:
        return _from_16_bit(image)
    if image.mode == "F":
        raise BadImage("floating-point pixels, whose range is not known: save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    deep = np.asarray(image).astype(np.int64)
    if deep.min() < 0 or deep.max() > 65535:
        raise BadImage(f"pixels from {deep.min()} to {deep.max()}, beyond 16 bits: save it with 8 or 16 bits")
    return Image.fromarray(((deep * 255 + 32767) // 65535).astype(np.uint8))


def _too_large(pixels: int) -> str:
    return f"{pixels:,} pixels, more than the limit of {MAX_PIXELS:,}: make it smaller"


def _what_it_is(path: Path) -> str:
    """Why no decoder knows the file, from its first bytes."""
    with open(path, "rb") as file:
        start = file.read(32)
    text = start.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html")):
        return "a web page, not an image (a failed download?)"
    if start[4:8] == b"ftyp":
        kind = start[8:12].decode("ascii", "replace").strip()
        return f"a {kind!r} file (HEIC, AVIF or video): convert it to JPEG or PNG"
    if text.startswith(b"<svg") or text.startswith(b"<?xml"):
        return "an SVG or XML file: convert it to PNG"
    if not any(start):
        return "not an image: it begins with zero bytes (an interrupted copy?)"
    return f"not an image, or damaged at its start: it begins with {start[:8]!r}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    text = " ".join(str(error).split()) or type(error).__name__
    if "truncated" in text.lower():
        return "truncated: the file ends too early"
    return f"damaged: {text}"
