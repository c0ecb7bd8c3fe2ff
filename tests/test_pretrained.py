"""Trained pairs as files of numbers and text."""

import json

import pytest
import torch

from dcgan_lib import pretrained
from dcgan_lib.config import DCGANConfig
from dcgan_lib.models import Discriminator, Generator
from dcgan_lib.pretrained import PretrainedError

CFG = DCGANConfig(image_size=16, nc=1, nz=12, ngf=4, ndf=4)


@pytest.fixture
def G():
    torch.manual_seed(0)
    net = Generator(CFG)
    with torch.no_grad():
        net(torch.randn(8, 12))  # so that the batch-norm statistics are not what a new network has
    return net.eval()


@pytest.fixture
def folder(tmp_path, G):
    return pretrained.save(tmp_path / "tiny", G, Discriminator(CFG), {"data": {"name": "faces"}, "command": "train"})


def test_what_was_saved_comes_back_with_its_weights_statistics_and_record(folder, G):
    pair = pretrained.load(folder)
    assert pair.cfg == CFG
    assert pair.record["data"] == {"name": "faces"}
    assert pair.G.sample(3).equal(G.sample(3))


def test_a_loaded_pair_is_in_evaluation_mode(folder):
    pair = pretrained.load(folder)
    assert not pair.G.training and not pair.D.training


def test_a_pair_is_found_by_name_in_the_folder_of_shipped_ones(folder, monkeypatch):
    monkeypatch.setenv("DCGAN_CHECKPOINTS", str(folder.parent))
    assert pretrained.available() == ("tiny",)
    assert pretrained.load("tiny").folder == folder


def test_an_unknown_name_is_answered_with_the_known_ones(folder, monkeypatch):
    monkeypatch.setenv("DCGAN_CHECKPOINTS", str(folder.parent))
    with pytest.raises(PretrainedError, match=r"'huge'.*tiny"):
        pretrained.load("huge")


def test_a_foreign_config_is_named(folder):
    (folder / "config.json").write_text('{"epochs": 5}')
    with pytest.raises(PretrainedError, match=r"config\.json: not a config"):
        pretrained.load(folder)


def test_a_truncated_file_is_named_with_the_remedy(folder):
    weights = folder / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(PretrainedError, match=r"generator\.safetensors.*again"):
        pretrained.load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "discriminator.safetensors").unlink()
    with pytest.raises(PretrainedError, match=r"discriminator\.safetensors"):
        pretrained.load(folder)


def test_weights_of_another_width_are_refused(folder):
    record = json.loads((folder / "config.json").read_text())
    record["model"]["ngf"] = 8
    (folder / "config.json").write_text(json.dumps(record))
    with pytest.raises(PretrainedError, match="do not fit"):
        pretrained.load(folder)
