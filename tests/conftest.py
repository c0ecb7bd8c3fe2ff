"""For all tests: one thread, no window, and no style that an earlier test left behind."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import matplotlib
import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_style():
    with matplotlib.rc_context():
        yield
