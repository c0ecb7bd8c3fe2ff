"""The generator in the page against torch: images, every layer's maps, and the seeds."""

import json

import pytest
import torch

from dcgan_lib import pretrained
from dcgan_lib.config import DCGANConfig
from dcgan_lib.fold import fold, folded_blocks
from dcgan_lib.latent import sample_z, slerp
from dcgan_lib.models import Generator
from dcgan_lib.widgets.page_model import page_model
from tests.browser.modules import modules

TOLERANCE = 2e-3  # half floats, images in [-1, 1]


def small(**changes):
    """A generator whose images use the whole range, with statistics of their own."""
    torch.manual_seed(1)
    G = Generator(DCGANConfig(**{"image_size": 32, "nz": 20, "ngf": 8, "nc": 1} | changes))
    for m in G.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(m.bias, 0, 0.3)
    for _ in range(30):
        G(torch.randn(32, G.cfg.nz))
    with torch.no_grad():
        spread = torch.atanh(G.eval()(torch.randn(32, G.cfg.nz)).double()).std()
        G.blocks[-1][0].weight.div_(spread)
    return G


MODELS = {
    "faces64": lambda: pretrained.load("faces64").G,
    "fashion32": lambda: pretrained.load("fashion32").G,
    "grey 32": small,
    "projecting": lambda: small(stem="project"),
    "of 21 numbers": lambda: small(nz=21),
    "without batch norm": lambda: small(batch_norm="none"),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request, browser):
    G = MODELS[request.param]()
    manifest, weights = page_model(G)
    with modules(browser, {"weights": weights}) as page:
        page.page.evaluate(f"window.manifest = {json.dumps(manifest)}")
        yield G, page


DRAW = """async ({ createGenerator }, { zs, assembly }) => {
  const weights = await (await fetch("/weights")).arrayBuffer();
  const G = await createGenerator(manifest, weights, { assembly });
  return { engine: G.engine, images: zs.map(z => G.forward(z)) };
}"""


def drawn(page, z, assembly):
    return page.run("generator.mjs", DRAW, {"zs": z.tolist(), "assembly": assembly})


def as_images(values, cfg):
    shape = (-1, cfg.image_size, cfg.image_size, cfg.nc)
    return torch.tensor(values).view(shape).permute(0, 3, 1, 2)


@pytest.mark.parametrize("assembly, n", [(True, 64), (False, 4)], ids=["assembly", "script"])
def test_the_pages_images_are_torchs(model, assembly, n):
    G, page = model
    z = sample_z(n, G.cfg, seed=11)
    answer = drawn(page, z, assembly)
    assert answer["engine"] == ("assembly" if assembly else "script")
    with torch.no_grad():
        expected = G(z)
    assert expected.std() > 0.2
    torch.testing.assert_close(as_images(answer["images"], G.cfg), expected, rtol=0, atol=TOLERANCE)


MAPS = """async ({ createGenerator }, z) => {
  const G = await createGenerator(manifest, await (await fetch("/weights")).arrayBuffer());
  const maps = [];
  G.forward(z, (k, map) => {
    const values = [];
    for (let c = 0; c < map.channels; c++)
      for (let y = 0; y < map.size; y++)
        for (let x = 0; x < map.size; x++) values.push(map.data[map.place(y, x, c)]);
    maps.push(values);
  });
  return maps;
}"""


def test_every_layers_maps_are_torchs(model):
    G, page = model
    z = sample_z(1, G.cfg, seed=5)
    with torch.no_grad():
        expected = fold(G).features(z)[:-1]
    for ours, theirs in zip(page.run("generator.mjs", MAPS, z[0].tolist()), expected, strict=True):
        torch.testing.assert_close(torch.tensor(ours), theirs.flatten(), rtol=2e-3, atol=2e-3 * theirs.max().item())


def test_a_map_that_is_switched_off_changes_the_image_as_in_torch(model):
    G, page = model
    z = sample_z(1, G.cfg, seed=5)
    off = """async ({ createGenerator }, z) => {
      const G = await createGenerator(manifest, await (await fetch("/weights")).arrayBuffer());
      return G.forward(z, (k, map) => {
        if (k !== 1) return;
        for (let y = 0; y < map.size; y++) for (let x = 0; x < map.size; x++) map.data[map.place(y, x, 3)] = 0;
      });
    }"""
    with torch.no_grad():
        x = z
        for k, block in enumerate(folded_blocks(G)):
            x = block(x)
            if k == 1:
                x[:, 3] = 0
    torch.testing.assert_close(
        as_images([page.run("generator.mjs", off, z[0].tolist())], G.cfg), x, rtol=0, atol=TOLERANCE
    )


# --- seeds and paths


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


@pytest.mark.parametrize("nz", [16, 20, 64, 100])
@pytest.mark.parametrize("seed", [0, 1, 7, 123456789])
def test_a_seed_is_the_same_z_in_the_page_and_in_python(page, nz, seed):
    expected = sample_z(1, DCGANConfig(nz=nz), seed)[0]
    ours = page.call("latent.mjs", "sampleZ", {"nz": nz, "latent": "gaussian"}, seed)
    torch.testing.assert_close(torch.tensor(ours), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("bound", [0.3, 1.0, 2.5])
def test_a_truncated_seed_is_the_same_too(page, bound):
    expected = sample_z(1, DCGANConfig(nz=100), 3, truncation=bound)[0]
    ours = page.call("latent.mjs", "sampleZ", {"nz": 100, "latent": "gaussian"}, 3, bound)
    torch.testing.assert_close(torch.tensor(ours), expected, rtol=1e-6, atol=1e-6)


def test_a_uniform_seed_is_the_same_too(page):
    expected = sample_z(1, DCGANConfig.paper(), 3)[0]
    ours = page.call("latent.mjs", "sampleZ", {"nz": 100, "latent": "uniform"}, 3)
    torch.testing.assert_close(torch.tensor(ours), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_slerp_is_pythons(page, t):
    a, b = sample_z(2, DCGANConfig(nz=64), 4)
    ours = page.call("latent.mjs", "slerp", a.tolist(), b.tolist(), t)
    torch.testing.assert_close(torch.tensor(ours), slerp(a, b, t), rtol=1e-5, atol=1e-5)


def test_slerp_of_parallel_vectors_takes_the_line(page):
    assert page.call("latent.mjs", "slerp", [1.0, 2.0], [2.0, 4.0], 0.5) == pytest.approx([1.5, 3.0])


@pytest.mark.parametrize("x", [0.0, 0.1, 1.0, 2.4, 2.6, 4.0])
def test_the_error_function_and_its_inverse(page, x):
    y = page.call("random.mjs", "erf", -x)
    assert y == pytest.approx(-torch.erf(torch.tensor(x, dtype=torch.float64)).item(), abs=1e-14)
    if x < 3:
        assert page.call("random.mjs", "inverseErf", y) == pytest.approx(-x, abs=1e-9)


def test_half_floats_are_decoded_without_the_browsers_help_too(page):
    halves = torch.tensor([0.0, -0.0, 1.0, -2.5, 6e-5, 6e-8, -6e-8, 65504.0]).half()
    code = """({ decodeHalf }, numbers) => {
      const native = globalThis.Float16Array;
      globalThis.Float16Array = undefined;
      try { return decodeHalf(Uint16Array.from(numbers).buffer); } finally { globalThis.Float16Array = native; }
    }"""
    bits = [int(b) & 0xFFFF for b in halves.view(torch.int16)]
    assert page.run("generator.mjs", code, bits) == halves.float().tolist()


def test_weights_that_do_not_fit_the_manifest_are_an_error(browser):
    manifest, weights = page_model(small())
    with modules(browser, {"weights": weights[:-16]}) as page:
        page.page.evaluate(f"window.manifest = {json.dumps(manifest)}")
        with pytest.raises(Exception, match=r"the weights hold \d+ numbers, the manifest asks for"):
            drawn(page, sample_z(1, DCGANConfig(nz=20)), True)
