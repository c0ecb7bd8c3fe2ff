"""The tutorial's networks, written out as everyone has them, against ours with the same weights."""

import os
import pickle

import pytest
import torch
from torch import nn

from dcgan_lib.foreign import ForeignError, from_tutorial, pair_from_tutorial
from dcgan_lib.models import Discriminator, Generator

NZ, NGF, NDF, NC = 100, 8, 6, 3


class TutorialGenerator(nn.Module):
    def __init__(self, nz=NZ, ngf=NGF, nc=NC):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 8, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 8),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.main(z)


class TutorialDiscriminator(nn.Module):
    def __init__(self, ndf=NDF, nc=NC):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 4),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 4, ndf * 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 8, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.main(x)


@pytest.fixture
def theirs():
    """Networks with every weight and running statistic away from its initial value."""
    torch.manual_seed(5)
    pair = TutorialGenerator(), TutorialDiscriminator()
    with torch.no_grad():
        for tensor in (t for module in pair for t in [*module.parameters(), *module.buffers()]):
            if tensor.is_floating_point():
                tensor.copy_(torch.randn_like(tensor) * 0.1 if tensor.ndim == 4 else torch.rand_like(tensor) + 0.1)
    return pair


@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_the_generator_draws_the_same_images(theirs, training):
    G = from_tutorial(theirs[0].state_dict()).train(training)
    z = torch.randn(6, NZ, 1, 1)
    want = theirs[0].train(training)(z)
    assert want.std() > 0.05
    assert torch.allclose(G(z), want, atol=1e-6)
    assert torch.allclose(G(z.flatten(1)), theirs[0](z), atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_the_discriminators_sigmoid_is_the_same(theirs, training):
    D = from_tutorial(theirs[1].state_dict()).train(training)
    x = torch.rand(6, NC, 64, 64) * 2 - 1
    want = theirs[1].train(training)(x).flatten()
    assert want.std() > 1e-3
    assert torch.allclose(D(x).sigmoid(), want, atol=1e-6)


def test_the_config_is_read_from_the_shapes(theirs):
    G, D = pair_from_tutorial(*(m.state_dict() for m in theirs))
    assert isinstance(G, Generator) and isinstance(D, Discriminator)
    assert (G.cfg.image_size, G.cfg.nc, G.cfg.nz, G.cfg.ngf, G.cfg.ndf) == (64, NC, NZ, NGF, NDF)
    assert G.cfg is D.cfg


@pytest.mark.parametrize("nc", [1, 3])
def test_grey_and_other_latent_sizes_are_read_too(nc):
    G = from_tutorial(TutorialGenerator(nz=16, ngf=4, nc=nc).state_dict())
    assert (G.cfg.nz, G.cfg.ngf, G.cfg.nc) == (16, 4, nc)


def test_the_prefix_of_a_run_on_several_gpus_is_dropped(theirs):
    state = {f"module.{key}": value for key, value in theirs[1].state_dict().items()}
    assert isinstance(from_tutorial(state), Discriminator)


def test_a_file_is_read_too(theirs, tmp_path):
    torch.save(theirs[0].state_dict(), tmp_path / "netG.pth")
    assert torch.equal(from_tutorial(tmp_path / "netG.pth").blocks[0][1].weight, theirs[0].main[0].weight)


def test_a_file_without_batch_counts_is_read(theirs):
    state = {k: v for k, v in theirs[0].state_dict().items() if "num_batches" not in k}
    assert from_tutorial(state).cfg.ngf == NGF


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: {**s, "encoder.weight": s["main.0.weight"]}, "encoder.weight"),
        (lambda s: {}, "empty"),
        (lambda s: {**s, "main.0.bias": torch.zeros(NGF * 8)}, "biases"),
        (lambda s: {k: v for k, v in s.items() if not k.startswith("main.4.")}, "3 batch norms: the tutorial's has 4"),
        (lambda s: {**s, "main.12.weight": torch.zeros(NGF, NC, 5, 5)}, "each 4x4"),
        (lambda s: {**s, "main.6.weight": torch.zeros(NGF * 4, NGF * 3, 4, 4)}, "we expect"),
        (lambda s: {k: v for k, v in s.items() if k != "main.1.running_var"}, "main.1.running_var is missing"),
        (lambda s: {**s, "main.1.bias": torch.zeros(3)}, r"main.1.bias has shape \(3,\); expected \(64,\)"),
    ],
)
def test_what_is_not_the_tutorials_is_refused_by_name(theirs, change, says):
    with pytest.raises(ForeignError, match=says):
        from_tutorial(change(theirs[0].state_dict()))


def test_a_pair_must_agree_on_the_images(theirs):
    grey = TutorialDiscriminator(nc=1).state_dict()
    with pytest.raises(ForeignError, match=r"\(3, 64\) and \(1, 64\)"):
        pair_from_tutorial(theirs[0].state_dict(), grey)


def test_a_pair_in_the_wrong_order_is_refused(theirs):
    G, D = (m.state_dict() for m in theirs)
    with pytest.raises(ForeignError, match="got Discriminator, Generator"):
        pair_from_tutorial(D, G)


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: torch.save({"main.0.weight": Trap()}, path), "not a file of tensors alone .*could run code"),
        (lambda path: torch.save(nn.Linear(2, 2), path), r"not a file of tensors alone .*save module\.state_dict\(\)"),
        (lambda path: path.write_bytes(pickle.dumps(Trap())), "it is a Python pickle.*could run code"),
        (lambda path: path.write_text("<html><title>Quota</title>"), "it is a web page titled 'Quota'"),
        (lambda path: path.write_bytes(b""), r"cannot be read \(it is an empty file; cut short\?\)"),
        (lambda path: (torch.save({"a": torch.zeros(999)}, path), os.truncate(path, 900)), "cut short"),
        (lambda path: torch.save([torch.zeros(1)], path), "holds a list, not a state dict"),
        (lambda path: torch.save({"main.0.weight": 3}, path), "key 'main.0.weight'"),
        (lambda path: None, "cannot be read .No such file"),
    ],
)
def test_a_file_that_is_no_state_dict_is_one_error_and_runs_nothing(tmp_path, write, says):
    write(tmp_path / "netG.pth")
    with pytest.raises(ForeignError, match=rf"netG\.pth: .*{says}|{says}"):
        from_tutorial(tmp_path / "netG.pth")
