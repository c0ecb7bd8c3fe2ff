"""The recipe that speeds are measured against makes the trainer's update, and decodes as the usual example does."""

import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from reference_recipe import Photos, Reference, endless_photos, make_photos

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.cost import cost
from dcgan_lib.training import Trainer

TINY = DCGANConfig(image_size=16, ngf=4, ndf=3, nz=7)
RUN = TrainConfig(batch_size=6, seed=3)


@pytest.fixture
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def images(n: int = 6) -> torch.Tensor:
    return torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def state(side) -> dict[str, torch.Tensor]:
    """Everything that the next step depends on: weights, batch-norm buffers, both optimisers' moments."""
    D = side.D.scores if isinstance(side, Reference) else side.D
    found = {f"G.{k}": v for k, v in side.G.state_dict().items()} | {f"D.{k}": v for k, v in D.state_dict().items()}
    for name, opt in (("opt_g", side.opt_g), ("opt_d", side.opt_d)):
        for i, moments in opt.state_dict()["state"].items():
            found |= {f"{name}.{i}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    return found


@pytest.mark.parametrize("steps", [1, 3])
def test_in_float64_it_makes_the_trainers_update(in_float64, steps):
    ours, theirs = Trainer(TINY, RUN, device="cpu"), Reference(TINY, RUN)
    for _ in range(steps):
        stats, numbers = ours.step(images()), theirs.step(images())
    expected, found = state(theirs), state(ours)
    assert expected.keys() == found.keys() and len(found) > 50
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name].to(value.dtype), value, rtol=1e-7, atol=1e-10, msg=lambda m, n=name: f"{n}: {m}"
        )
    for name, value in numbers.items():
        assert float(getattr(stats, name)) == pytest.approx(value, rel=1e-9), name


def test_it_computes_gradients_of_d_in_gs_turn_only_to_throw_them_away():
    reference = Reference(TINY, RUN)
    with FlopCounterMode(display=False) as seen:
        reference.step(images())
    assert seen.get_total_flops() == cost(TINY).flops(6, "reference")


def test_an_image_is_decoded_as_torchvisions_usual_transforms_do_it(tmp_path):
    from torchvision import transforms

    folder = make_photos(tmp_path / "photos", 3)
    usual = transforms.Compose(
        [
            transforms.Resize(64),
            transforms.CenterCrop(64),
            transforms.ToTensor(),
            transforms.Normalize((0.5,) * 3, (0.5,) * 3),
        ]
    )
    for i, file in enumerate(sorted(folder.iterdir())):
        with Image.open(file) as photo:
            torch.testing.assert_close(Photos(folder, 64)[i], usual(photo))


def test_photos_have_the_size_and_weight_of_the_usual_ones(tmp_path):
    files = list(make_photos(tmp_path / "photos", 4).iterdir())
    with Image.open(files[0]) as photo:
        assert photo.size == (178, 218)
    assert all(5_000 < file.stat().st_size < 10_000 for file in files)


def test_batches_from_a_folder_never_end(tmp_path):
    batches = endless_photos(make_photos(tmp_path / "photos", 5), 16, batch_size=2, workers=0)
    assert [next(batches).shape for _ in range(5)] == [(2, 3, 16, 16)] * 5
