"""Trained pairs as files of numbers and text."""

import io
import json
import pickle

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


# --- files that are something else


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


def put(folder, content):
    (folder / "generator.safetensors").write_bytes(content)
    pretrained.seal(folder)  # so that it is the content that is looked at, not the checksum


def pickled():
    buffer = io.BytesIO()
    torch.save({"weights": Trap()}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page titled 'Sign in'"),
        (pickled(), "a zip archive, or what torch.save writes"),
        (pickle.dumps(Trap()), "a Python pickle"),
        (bytes(1000), "nothing but zeros"),
    ],
    ids=["empty", "a web page", "torch.save", "a pickle", "zeros"],
)
def test_a_file_that_is_something_else_is_called_what_it_is_and_not_run(folder, content, kind):
    put(folder, content)
    with pytest.raises(PretrainedError, match=rf"generator\.safetensors: cannot be read as .*it is {kind}.*again"):
        pretrained.load(folder)


def test_one_flipped_bit_is_noticed(folder):
    weights = folder / "discriminator.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    with pytest.raises(PretrainedError, match=r"discriminator\.safetensors: its checksum is .*as config\.json says"):
        pretrained.load(folder)


def test_a_config_without_checksums_is_still_read(folder):
    record = json.loads((folder / "config.json").read_text())
    del record["sha256"]
    (folder / "config.json").write_text(json.dumps(record))
    assert pretrained.load(folder).cfg == CFG


def test_the_shipped_networks_have_their_checksums():
    assert all("sha256" in pretrained.load(name).record for name in pretrained.available())


@pytest.mark.parametrize("content", ["", "[]", "<html>", '{"model": 3}', '{"model": {"image_size": 48}}'])
def test_a_config_that_is_something_else_is_one_error(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(PretrainedError, match=r"config\.json: not a config of this library"):
        pretrained.load(folder)


def test_a_config_of_a_newer_version_names_what_is_not_known(folder):
    record = json.loads((folder / "config.json").read_text())
    record["model"]["attention"] = True
    (folder / "config.json").write_text(json.dumps(record))
    with pytest.raises(PretrainedError, match=r"unknown fields \['attention'\]; written by a newer version\?"):
        pretrained.load(folder)


def test_networks_that_cannot_be_written_say_so(tmp_path, G):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PretrainedError, match=r"file.*the networks could not be written .*Not a directory.*elsewhere"):
        pretrained.save(tmp_path / "file" / "networks", G, Discriminator(CFG), {})
