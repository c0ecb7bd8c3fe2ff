"""The directions that come with the shipped generators: what the files say is so."""

import json

import pytest
import torch

from dcgan_lib import pretrained
from dcgan_lib.config import DCGANConfig
from dcgan_lib.directions import load_directions, principal_directions, read_directions
from dcgan_lib.latent import sample_z
from dcgan_lib.metrics.attributes import load_reader
from dcgan_lib.models import Generator
from dcgan_lib.widgets.serving import model_files
from tools import directions as tool

NAMES = pretrained.available()


@pytest.mark.parametrize("name", NAMES)
def test_every_direction_is_a_unit_vector_in_z(name):
    found = load_directions(name)
    nz = pretrained.load(name).cfg.nz
    for vector in found.values():
        assert vector.shape == (nz,)
        assert vector.norm().item() == pytest.approx(1, abs=1e-4)


def test_faces_have_their_attributes_and_every_generator_has_principal_directions():
    assert set(tool.ATTRIBUTES) <= set(load_directions("faces64"))
    for name in NAMES:
        assert [e["kind"] for e in read_directions(pretrained.shipped() / name)].count("principal") >= 4


def test_an_attributes_direction_moves_its_attribute_and_the_others_less():
    reader, G = load_reader(), pretrained.load("faces64").G
    z = sample_z(100, G.cfg, seed=99)
    spread = tool.readings(reader, G, z).std(0)
    apart = [{"smile", "skin"}, *({name} for name in tool.ATTRIBUTES)]
    for i, entry in enumerate(read_directions(pretrained.shipped() / "faces64")[: len(tool.ATTRIBUTES)]):
        moves = torch.tensor(list(entry["moves"].values())) / spread
        others = [j for j, name in enumerate(entry["moves"]) if {entry["name"], name} not in apart]
        assert moves[i] > 0.25 and moves[others].abs().max() < moves[i] / 3


def test_what_a_direction_is_said_to_move_is_what_it_moves():
    reader, G = load_reader(), pretrained.load("faces64").G
    z = sample_z(200, G.cfg, seed=99)
    entry = next(e for e in read_directions(pretrained.shipped() / "faces64") if e["name"] == "smile")
    step = torch.tensor(entry["vector"]) / 2
    change = (tool.readings(reader, G, z + step) - tool.readings(reader, G, z - step)).mean(0)
    torch.testing.assert_close(change, torch.tensor(list(entry["moves"].values())), rtol=0.25, atol=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_gets_the_directions_with_the_model(name):
    manifest, _ = model_files(name)
    assert [d["name"] for d in manifest["directions"]] == list(load_directions(name))
    assert len(json.dumps(manifest)) < 12_000


def test_a_freed_direction_leaves_the_planes_of_the_others_where_they_are():
    gradients = torch.randn(3, 20, generator=torch.Generator().manual_seed(0))
    along = tool.freed(gradients, [[1, 2], [0], [0, 1]]) @ gradients.T  # how much a step of each raises each
    assert along[[0, 0, 1, 2, 2], [1, 2, 0, 0, 1]].abs().max() < 1e-5
    assert along[1, 2].abs() > 0.1 and (along.diag() > 0).all()


def test_principal_directions_of_a_first_layer_that_stretches_are_where_it_stretches():
    torch.manual_seed(0)
    G = Generator(DCGANConfig(image_size=16, nz=16, ngf=8, batch_norm="none")).eval()
    with torch.no_grad():
        G.blocks[0][1].weight.mul_(torch.tensor([9.0, 3.0] + [0.1] * 14).view(-1, 1, 1, 1))
        G.blocks[0][1].bias.fill_(1)  # else its ReLU bends so much that a third component is |z_0|
    vectors, shares = principal_directions(G, k=2, n=2000)
    assert vectors.abs().argmax(1).tolist() == [0, 1]
    assert shares[0] > shares[1] > 0
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))


def test_networks_without_directions_say_what_to_do(tmp_path):
    pair = pretrained.load("fashion32")
    pretrained.save(tmp_path, pair.G, pair.D, {})
    with pytest.raises(pretrained.PretrainedError, match=r"latent\.fit_direction"):
        load_directions(tmp_path)
