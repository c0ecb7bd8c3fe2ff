"""Files in the idx format of MNIST and its successors, plain or gzipped, read where they lie.

torchvision unpacks the `.gz` beside themselves before it reads them, which a read-only data root does not allow.
The format is big-endian (LeCun, http://yann.lecun.com/exdb/mnist/): two zero bytes, the type (8 is uint8), the
number of dimensions, each dimension as 32 bits, the values.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from dcgan_lib.data.errors import DataError

MAX_BYTES = 2**30  # no file of this family comes near; a forged header is not believed


def find_idx(folder: Path, name: str) -> Path | None:
    """`name.gz` or `name` in a folder; the first, since gzip carries a checksum."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def read_idx(path: Path, dimensions: int) -> Tensor:
    """One file's values, a uint8 tensor with this many dimensions.

    Raises:
        DataError: the file is damaged, truncated, or something else.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            zero, kind, found = struct.unpack(">HBB", file.read(4))
            if (zero, kind, found) != (0, 8, dimensions):
                raise ValueError(f"not an idx file of uint8 with {dimensions} dimensions")
            shape = struct.unpack(f">{found}I", file.read(4 * found))
            expected = math.prod(shape)
            if not 0 < expected <= MAX_BYTES:
                raise ValueError(f"a shape of {shape} is not believable")
            values = bytearray(file.read(expected + 1))
            if len(values) != expected:
                raise ValueError(f"its header tells of {expected:,} bytes and {len(values):,} follow")
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}): delete it, and it can be downloaded again") from error
    return torch.frombuffer(values, dtype=torch.uint8).view(shape)
