"""Draw the contact sheet of faces, the README's first picture.

python tools/contact_sheet.py [book/images/drawn_faces.png]
"""

import sys

from PIL import Image
from torch.nn.functional import pad

from dcgan_lib.data import DrawnFaces

ROWS, COLUMNS, SIZE, GAP = 8, 16, 64, 2

path = sys.argv[1] if len(sys.argv) > 1 else "book/images/drawn_faces.png"
faces = DrawnFaces(ROWS * COLUMNS, SIZE).images().pixels.unflatten(0, (ROWS, COLUMNS))
tiles = pad(faces, (0, GAP, 0, GAP), value=255)  # (rows, columns, 3, s + gap, s + gap), a white gap after each
sheet = tiles.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)[:-GAP, :-GAP]  # (height, width, 3)
few = Image.fromarray(sheet.numpy()).quantize(256, kmeans=5, dither=Image.Dither.NONE)  # a third of the bytes
few.save(path, optimize=True)
