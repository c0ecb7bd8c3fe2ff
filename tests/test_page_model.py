"""A generator for the page: its size, and what it refuses. That it draws the same is tested in a browser."""

import pytest

from dcgan_lib import pretrained
from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Generator
from dcgan_lib.widgets.page_model import page_model
from tools import house, wasm


@pytest.mark.parametrize("name", pretrained.available())
def test_a_shipped_generator_is_light_enough_for_a_phone(name):
    manifest, weights = page_model(pretrained.load(name).G)
    assert len(weights) <= 2_500_000
    assert manifest["size"] == pretrained.load(name).cfg.image_size


@pytest.mark.parametrize(
    "changes", [{"kernel": 5}, {"upsample": "nearest"}, {"activation_g": "tanh"}, {"hidden_units": 8}]
)
def test_variants_that_a_page_does_not_compute_are_refused_by_name(changes):
    name = next(iter(changes))
    with pytest.raises(ValueError, match=rf"{name}=.*: a page computes generators with {name}="):
        page_model(Generator(DCGANConfig(image_size=16, ngf=8, nz=16, **changes)))


def test_odd_widths_are_refused():
    with pytest.raises(ValueError, match="ngf=12 gives a layer of 12 maps: a page computes multiples of 8"):
        page_model(Generator(DCGANConfig(image_size=16, ngf=12, nz=16)))


def test_the_kernels_bytes_are_its_source():
    assert wasm.TARGET.read_text(encoding="utf-8") == wasm.module()


def test_the_site_gets_every_shipped_generator_and_is_not_written_again_for_nothing(tmp_path):
    house.copy_models(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{name}.{kind}" for name in pretrained.available() for kind in ("json", "bin")}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    house.copy_models(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
