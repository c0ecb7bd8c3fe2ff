"""Draw the README's moving picture: several walks through z side by side, each a loop without a seam.

python tools/moving_picture.py [book/images/walk.gif]
"""

import sys

import torch
from PIL import Image

from dcgan_lib import pretrained
from dcgan_lib.latent import sample_z, walk
from dcgan_lib.plotting import grid

LANES, STOPS, FRAMES, SCALE = 5, 3, 9, 2

path = sys.argv[1] if len(sys.argv) > 1 else "book/images/walk.gif"
pair = pretrained.load("faces64")
lanes = [walk(sample_z(STOPS, pair.cfg, seed=lane), FRAMES, "slerp", closed=True) for lane in range(LANES)]
with torch.no_grad():
    sheets = [grid(pair.G(torch.stack(moment)), LANES) for moment in zip(*lanes)]
frames = [Image.fromarray((sheet * 255).round().astype("uint8")) for sheet in sheets]
frames = [f.resize((f.width * SCALE, f.height * SCALE), Image.Resampling.NEAREST).quantize(64) for f in frames]
frames[0].save(path, save_all=True, append_images=frames[1:], duration=90, loop=0, optimize=True)
