"""LatentExplorer from Python: what its state means, what it shows, what it refuses."""

import io

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from dcgan_lib import latent, pretrained
from dcgan_lib.directions import load_directions
from dcgan_lib.widgets import LatentExplorer

FACES = pretrained.load("faces64")


def seed(number: int, truncation: float | None = 3.0) -> torch.Tensor:
    return latent.sample_z(1, FACES.cfg, number, truncation)[0]


@pytest.fixture
def explorer() -> LatentExplorer:
    return LatentExplorer(seed_a=1, seed_b=2, seed_c=3, t=0.25)


def shows(explorer: LatentExplorer, z: torch.Tensor) -> None:
    torch.testing.assert_close(torch.tensor(explorer.z), z, rtol=0, atol=1e-5)


def test_z_is_the_place_on_the_sheet(explorer):
    shows(explorer, latent.slerp(seed(1), seed(2), 0.25))
    explorer.point = (0.5, 0.75)
    shows(explorer, latent.sheet(seed(1), seed(2), seed(3), 0.5, 0.75))
    explorer.path = "lerp"
    shows(explorer, latent.sheet(seed(1), seed(2), seed(3), 0.5, 0.75, "lerp"))


def test_truncation_none_is_the_seed_as_sample_z_has_it(explorer):
    explorer.t, explorer.truncation = 0, None
    shows(explorer, latent.sample_z(1, FACES.cfg, 1)[0])


def test_shifts_are_steps_along_directions(explorer):
    before = torch.tensor(explorer.z)
    explorer.shifts = {"smile": 2, "principal_1": -1.5}
    d = load_directions("faces64")
    shows(explorer, before + 2 * d["smile"] - 1.5 * d["principal_1"])


def test_the_image_is_what_the_generator_draws_there(explorer):
    with torch.no_grad():
        expected = FACES.G(torch.tensor([explorer.z]))[0]
    torch.testing.assert_close(explorer.image, expected)
    assert explorer.image.shape == (3, 64, 64)


def test_a_z_from_python_is_shown_and_shifted_from_there(explorer):
    mine = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    explorer.shifts = {"smile": 1}
    explorer.z = mine
    assert explorer.shifts == {}
    shows(explorer, mine[0])
    explorer.shifts = {"turn": 1}
    shows(explorer, mine[0] + load_directions("faces64")["turn"])


def test_an_empty_z_goes_back_to_the_sheet(explorer):
    explorer.z = seed(9)
    assert explorer.given
    explorer.z = []
    shows(explorer, latent.slerp(seed(1), seed(2), 0.25))


def test_it_may_begin_at_a_z_of_ones_own():
    explorer = LatentExplorer(z=seed(9))
    shows(explorer, seed(9))
    assert explorer.given == explorer.z


def test_what_the_page_writes_is_taken_with_its_z(explorer):
    z = latent.slerp(seed(1), seed(2), 0.75) + 5e-6  # rounded otherwise
    explorer.set_state({"t": 0.75, "z": z.tolist()})
    assert explorer.t == 0.75 and explorer.given == []
    torch.testing.assert_close(torch.tensor(explorer.z), z)


def test_the_pages_first_message_may_come_before_it_has_the_weights(explorer):
    explorer.set_state({"seed_b": 7})
    shows(explorer, latent.slerp(seed(1), seed(7), 0.25))


def test_another_model_forgets_a_given_z_and_directions_that_it_has_not(explorer):
    explorer.z = seed(9)
    explorer.shifts = {"smile": 1, "principal_2": 1}
    explorer.model = "fashion32"
    assert explorer.given == [] and explorer.shifts == {"principal_2": 1}
    assert len(explorer.z) == pretrained.load("fashion32").cfg.nz
    assert explorer.image.shape == (1, 32, 32)


def test_a_folder_of_ones_own_networks_is_a_model_too(tmp_path):
    own = pretrained.load("fashion32")
    pretrained.save(tmp_path, own.G, own.D, {})
    assert LatentExplorer(model=str(tmp_path)).image.shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("model", "faces128", "no trained networks 'faces128'"),
        ("truncation", -1.0, "give a positive bound"),
        ("shifts", {"beard": 1}, "has the directions .*'glasses'"),
        ("shifts", {"smile": "much"}, "give a number of steps"),
        ("z", [1.0, 2.0], "z holds 2 numbers: faces64 takes 64"),
        ("path", "arc", "slerp"),
        ("t", 1.5, "1.5"),
        ("seed_a", -1, "-1"),
    ],
)
def test_what_has_no_meaning_is_refused(explorer, trait, value, says):
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(explorer, trait, value)


def test_it_describes_itself_in_a_line(explorer):
    assert repr(explorer) == "LatentExplorer(faces64; seeds 1, 2, 3; t=0.25, down=0)"


def test_it_is_light(explorer):
    assert len(LatentExplorer._esm) + len(LatentExplorer._css) + 4 / 3 * len(explorer.poster) < 100_000


@pytest.mark.parametrize("model", ["faces64", "fashion32"])
def test_the_poster_shows_the_sheet_and_beside_it_the_picture(model):
    explorer = LatentExplorer(model=model, t=0.5)
    with Image.open(io.BytesIO(explorer.poster)) as opened:
        size = explorer.image.shape[-1]
        assert opened.size == (6 * size, 5 * size)
        picture, middle = (np.asarray(opened.crop((x, 0, x + size, size)), float) for x in (5 * size, 2 * size))
    assert np.abs(picture - middle).mean() < 8  # half-way from A to B is the middle of the upper edge
    assert np.abs(picture - (explorer.image.permute(1, 2, 0).numpy() + 1) * 127.5).mean() < 12
