"""Make a folder of images that go wrong in every way we know, among some that are odd but fine.

    python tools/make_bad_folder.py DIR

Then see what is said of it:

    python -m dcgan_lib data show DIR

A loader should name every file under `bad/` and none under `odd/`.
"""

from __future__ import annotations

import argparse
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def picture(width: int = 96, height: int = 72) -> Image.Image:
    """A smooth picture with a red corner, so that a wrong rotation shows."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, np.full_like(x, 128)], axis=-1).astype(np.uint8)
    rgb[: height // 3, : width // 3] = (220, 30, 30)
    return Image.fromarray(rgb)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    with io.BytesIO() as file:
        image.save(file, kind, **options)
        return file.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A valid 1-bit PNG of any size, all black, in little memory: a decompression bomb."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer, row = zlib.compressobj(9), bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def make_odd(folder: Path) -> None:
    """Unusual files, all of which can be used."""
    plain = picture()
    rotated = Image.Exif()
    rotated[0x0112] = 6  # turn by 90 degrees to show
    plain.save(folder / "rotated_by_exif.jpg", exif=rotated)
    plain.convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    plain.convert("P").save(folder / "palette_transparent.gif", transparency=0)
    plain.convert("L").save(folder / "grey.JPEG")
    plain.convert("1").save(folder / "one_bit.bmp")
    plain.convert("CMYK").save(folder / "cmyk.jpg")
    plain.save(folder / "upper_case.PNG")
    plain.save(folder / "modern.webp")
    plain.resize((3000, 20)).save(folder / "very_wide.png")
    plain.resize((1, 1)).save(folder / "one_pixel.png")
    plain.resize((5000, 4000)).save(folder / "from_a_camera.jpg")

    alpha = plain.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(plain.size))
    alpha.save(folder / "alpha.png")
    deep = np.linspace(0, 65535, 72 * 96).reshape(72, 96).astype(np.uint16)
    Image.fromarray(deep).save(folder / "sixteen_bit.png")
    Image.fromarray(deep).save(folder / "sixteen_bit.tiff")
    plain.save(folder / "animated.gif", save_all=True, append_images=[plain.rotate(90), plain.rotate(180)])
    (folder / "a\x1b[31mred\nname.png").write_bytes(encoded(plain, "PNG"))
    (folder / "deeper" / "and_deeper").mkdir(parents=True)
    plain.save(folder / "deeper" / "and_deeper" / "nested.png")
    (folder / "deeper" / "loop").symlink_to(folder, target_is_directory=True)


def make_bad(folder: Path) -> None:
    """Files with the ending of an image, none of which can be used."""
    plain = picture()
    whole = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "tiff": "TIFF"}
    for ending, kind in whole.items():
        data = encoded(plain, kind)
        (folder / f"truncated.{ending}").write_bytes(data[: len(data) // 2])
    data = bytearray(encoded(plain, "PNG"))
    data[len(data) // 2] ^= 0xFF
    (folder / "one_wrong_byte.png").write_bytes(data)
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "zeros.jpg").write_bytes(bytes(4096))
    (folder / "text.png").write_text("not a picture\n")
    (folder / "quota_exceeded.jpg").write_text("<!DOCTYPE html><html><title>Quota exceeded</title></html>")
    (folder / "photo_renamed.jpg").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200))
    (folder / "drawing.png").write_text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    (folder / "postscript.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    (folder / "large_100_megapixels.png").write_bytes(png_of(10_000, 10_000))
    (folder / "bomb_900_megapixels.png").write_bytes(png_of(30_000, 30_000))
    Image.fromarray(np.random.default_rng(0).normal(size=(72, 96)).astype(np.float32)).save(folder / "float.tiff")
    Image.fromarray(np.full((72, 96), 10**6, np.int32)).save(folder / "thirty_two_bit.tiff")
    (folder / "link_to_nothing.jpg").symlink_to("nowhere.jpg")
    (folder / "link_to_itself.jpg").symlink_to("link_to_itself.jpg")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")


def make_ignored(folder: Path) -> None:
    """Files that are not meant."""
    (folder / "notes.txt").write_text("about these pictures\n")
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (folder / "IMG_0001.HEIC").write_bytes(b"\x00\x00\x00\x18ftypheic")
    (folder / "._picture.jpg").write_bytes(b"\x00\x05\x16\x07")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="must not exist yet")
    folder = parser.parse_args().folder
    if folder.exists():
        parser.error(f"{folder} exists already: name a new folder")
    for name, make in {"odd": make_odd, "bad": make_bad}.items():
        (folder / name).mkdir(parents=True)
        make(folder / name)
    make_ignored(folder)
    print(f"{folder}: {len(list(folder.rglob('*')))} entries")


if __name__ == "__main__":
    main()
