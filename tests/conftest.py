"""For all tests: one thread, no window."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import torch

torch.set_num_threads(1)
