"""The two configs: the paper's facts, the named variants, and refusals that name the value."""

import dataclasses
import json

import pytest

from dcgan_lib.config import CHOICES, DCGANConfig, TrainConfig


def test_the_papers_widths_are_1024_512_256_128():
    assert DCGANConfig.paper().g_widths == (1024, 512, 256, 128)
    assert DCGANConfig.paper().d_widths == (128, 256, 512, 1024)


def test_the_usual_recipe_has_half_of_them():
    assert DCGANConfig.torch().g_widths == (512, 256, 128, 64)
    assert DCGANConfig.torch() == DCGANConfig()


def test_the_paper_and_the_usual_recipe_differ_in_exactly_these_fields():
    paper, usual = dataclasses.asdict(DCGANConfig.paper()), dataclasses.asdict(DCGANConfig.torch())
    different = {name for name in paper if paper[name] != usual[name]}
    assert different == {"ngf", "ndf", "kernel", "latent", "stem", "head"}
    assert (paper["kernel"], paper["latent"], paper["stem"]) == (5, "uniform", "project")


def test_what_both_share_is_the_papers_section_4():
    cfg, run = DCGANConfig(), TrainConfig()
    assert (cfg.nz, cfg.leak, cfg.image_size) == (100, 0.2, 64)
    assert (run.batch_size, run.lr_g, run.lr_d, run.beta1) == (128, 2e-4, 2e-4, 0.5)
    assert run.real_target == 1 and run.ema == 0 and not run.flip  # what the paper does not have is off


@pytest.mark.parametrize(("size", "depth"), [(16, 2), (32, 3), (64, 4), (128, 5), (256, 6)])
def test_the_depth_follows_from_the_size(size, depth):
    cfg = DCGANConfig(image_size=size, ngf=2, ndf=3)
    assert cfg.depth == len(cfg.g_widths) == len(cfg.d_widths) == depth
    assert 4 * 2**depth == size
    assert cfg.g_widths[-1] == 2 and cfg.d_widths[0] == 3


def test_a_named_variant_takes_changes():
    cfg = DCGANConfig.paper(image_size=32, ngf=8)
    assert (cfg.image_size, cfg.ngf, cfg.kernel) == (32, 8, 5)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("image_size", 48, "power of two"),
        ("image_size", 8, "power of two from 16"),
        ("image_size", 64.0, "power of two"),
        ("nc", 0, "at least 1"),
        ("nz", -1, "at least 1"),
        ("ngf", 2.5, "whole number"),
        ("ndf", True, "whole number"),
        ("kernel", 3, "4 .*or 5"),
        ("hidden_units", -3, "width"),
        ("leak", 1.0, r"slope in \[0, 1\)"),
        ("stem", "dense", "'conv', 'project'"),
        ("batch_norm", True, "'dcgan', 'everywhere', 'none'"),
    ],
)
def test_a_bad_field_of_the_networks_is_named_with_its_value_and_a_remedy(field, value, says):
    with pytest.raises(ValueError, match=f"{field}={value!r}.*{says}"):
        DCGANConfig(**{field: value})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"batch_size": 1}, "batch_size=1: .*at least 2"),
        ({"steps": 0}, "steps=0"),
        ({"lr_g": 0}, "lr_g=0: .*0.0002"),
        ({"lr_d": 1.5}, "lr_d=1.5"),
        ({"beta1": 1.0}, r"beta1=1.0: give a decay in \[0, 1\)"),
        ({"ema": -0.1}, "ema=-0.1"),
        ({"real_target": 1.2}, "real_target=1.2: .*no lower bound"),
        ({"real_target": 0.9, "loss": "hinge"}, "loss='hinge'.*cross-entropy"),
        ({"loss": "bce"}, "loss='bce': choose one of 'non_saturating'"),
        ({"precision": "fp16"}, "precision='fp16': choose one of 'fp32', 'bf16'"),
        ({"weight_clip": -1.0}, "weight_clip=-1.0"),
    ],
)
def test_a_bad_field_of_the_run_is_named_with_its_value_and_a_remedy(fields, says):
    with pytest.raises(ValueError, match=says):
        TrainConfig(**fields)


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_every_choice_is_a_field_and_its_default_is_among_its_values(name):
    owner = next(c for c in (DCGANConfig, TrainConfig) if name in {f.name for f in dataclasses.fields(c)})
    assert getattr(owner(), name) in CHOICES[name]


@pytest.mark.parametrize("cfg", [DCGANConfig.paper(nc=1), TrainConfig(steps=7, seed=3, loss="hinge")])
def test_to_json_and_back(cfg):
    assert type(cfg).from_dict(json.loads(cfg.to_json())) == cfg


def test_an_unknown_field_is_named_not_dropped():
    with pytest.raises(ValueError, match=r"DCGANConfig: unknown fields \['depht'\]"):
        DCGANConfig.from_dict({"depht": 4})


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DCGANConfig().nz = 3
