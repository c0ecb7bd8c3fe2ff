"""VectorArithmetic from Python: what its trays add up to, what they hold at first, what it refuses."""

import pytest
import torch
import traitlets

from dcgan_lib import latent, pretrained
from dcgan_lib.metrics.arithmetic import clearly
from dcgan_lib.metrics.attributes import load_reader
from dcgan_lib.widgets.arithmetic import OPENINGS, OTHERWISE, SIGNS, VectorArithmetic

FACES = pretrained.load("faces64")
SEEDS = 60  # of which the opening trays hold the lowest of each kind


def seed(number: int) -> torch.Tensor:
    return latent.sample_z(1, FACES.cfg, number)[0]


def drawn(*z: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return FACES.G(torch.stack(z))


@pytest.fixture
def sums() -> VectorArithmetic:
    return VectorArithmetic(plus_a=[3, 5, 8], minus=[0, 1], plus_c=[12])


def test_z_is_the_sum_of_the_trays_means(sums):
    expected = (seed(3) + seed(5) + seed(8)) / 3 - (seed(0) + seed(1)) / 2 + seed(12)
    torch.testing.assert_close(sums.z, expected)
    torch.testing.assert_close(sums.image, drawn(expected)[0])


def test_an_empty_tray_counts_as_nothing(sums):
    sums.plus_c = []
    torch.testing.assert_close(sums.z, (seed(3) + seed(5) + seed(8)) / 3 - (seed(0) + seed(1)) / 2)
    sums.plus_a = []
    torch.testing.assert_close(sums.z, -(seed(0) + seed(1)) / 2)
    sums.minus = []
    assert sums.z.tolist() == [0] * 64 and sums.pixels.abs().max() == 0
    assert sums.image.shape == sums.single.shape == (3, 64, 64)


def test_the_averages_are_drawn_from_mean_latents(sums):
    sums.plus_c = []
    assert list(sums.averages) == ["plus_a", "minus", "plus_c"] and sums.averages["plus_c"] is None
    torch.testing.assert_close(sums.averages["minus"], drawn((seed(0) + seed(1)) / 2)[0])


def test_the_single_version_takes_the_first_of_each_tray(sums):
    torch.testing.assert_close(sums.single, drawn(seed(3) - seed(0) + seed(12))[0])


def test_the_control_adds_up_pixels_and_clips(sums):
    images = drawn(*map(seed, (3, 5, 8, 0, 1, 12)))
    expected = images[:3].mean(0) - images[3:5].mean(0) + images[5]
    assert expected.abs().max() > 1
    torch.testing.assert_close(sums.pixels, expected.clamp(-1, 1), rtol=0, atol=1e-5)


def test_the_panel_is_the_result_amid_neighbours_that_its_seed_decides(sums):
    torch.testing.assert_close(sums.panel[4], sums.image, rtol=0, atol=1e-5)
    before = sums.panel
    sums.panel_seed = 7
    offsets = latent.neighbourhood(sums.z, 0.25, 7) - sums.z
    assert 0.24 < offsets.abs().max() <= 0.2501
    torch.testing.assert_close(sums.panel, drawn(*(sums.z + offsets)), rtol=0, atol=1e-5)
    assert (sums.panel[0] - before[0]).abs().max() > 0.01


def test_the_lengths_are_those_of_the_two_sums_and_of_a_sample(sums):
    single = (seed(3) - seed(0) + seed(12)).norm().item()
    assert sums.lengths == pytest.approx({"result": sums.z.norm().item(), "single": single, "sample": 8})


# --- as it opens


def lowest(hits: torch.Tensor) -> list[int]:
    return hits.nonzero().flatten()[:3].tolist()


def samples_of(model: str) -> torch.Tensor:
    pair = pretrained.load(model)
    with torch.no_grad():
        return pair.G(torch.cat([latent.sample_z(1, pair.cfg, number) for number in range(SEEDS)]))


def test_the_faces_trays_hold_the_lowest_seeds_of_which_the_reader_is_sure():
    table = load_reader().table(samples_of("faces64"))
    kinds = {"plus_a": (True, False), "minus": (False, False), "plus_c": (False, True)}
    for name, (glasses, long_hair) in kinds.items():
        assert OPENINGS["faces64"][name] == lowest(clearly(table, glasses=glasses, long_hair=long_hair))


def test_the_opening_result_and_all_its_panel_surely_have_glasses_and_long_hair():
    sums = VectorArithmetic()
    assert clearly(load_reader().table(sums.panel), glasses=True, long_hair=True).all()


def clothes_kinds(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Which are grey, which pale; which for the body, being nearly their own mirror image, which for the foot."""
    light = (images + 1) / 2
    all_of = light.sum((1, 2, 3))
    lopsided = (light - light.flip(3)).abs().sum((1, 2, 3)) / all_of
    lit = light > 0.15
    tone = (light * lit).sum((1, 2, 3)) / lit.sum((1, 2, 3))
    below = light[:, :, 16:].sum((1, 2, 3)) / all_of
    foot = (lopsided > 0.45) & (below > 0.6)
    return {"grey": tone < 0.6, "pale": tone > 0.75, "body": lopsided < 0.3, "foot": foot, "tone": tone}


def test_the_clothes_trays_hold_the_lowest_seeds_of_their_kinds():
    found = clothes_kinds(samples_of("fashion32"))
    opening = OPENINGS["fashion32"]
    assert opening["plus_a"] == lowest(found["grey"] & found["body"])
    assert opening["minus"] == lowest(found["pale"] & found["body"])
    assert opening["plus_c"] == lowest(found["pale"] & found["foot"])


def test_what_is_grey_about_the_clothes_goes_to_the_shoe():
    sums = VectorArithmetic(model="fashion32")
    found = clothes_kinds(torch.stack([sums.image, sums.averages["plus_c"], sums.single]))
    assert found["foot"].all() and found["tone"][0] < 0.7 < found["tone"][1:].min()  # and not with single samples


# --- traits


def test_another_model_comes_with_trays_of_its_own(sums):
    sums.model = "fashion32"
    assert (sums.plus_a, sums.minus, sums.plus_c) == ([24, 25, 44], [19, 21, 28], [4, 17, 55])
    assert sums.image.shape == (1, 32, 32)


def test_trays_may_be_given_with_the_model():
    sums = VectorArithmetic(model="fashion32", minus=[])
    assert (sums.plus_a, sums.minus) == ([24, 25, 44], [])


def test_what_the_page_sends_is_taken(sums):
    sums.set_state({"plus_a": [5], "minus": [], "panel_seed": 3, "shelf": 12})
    assert (sums.plus_a, sums.minus, sums.panel_seed) == ([5], [], 3)
    opening = {name: OPENINGS["fashion32"][name] for name in SIGNS}
    sums.set_state({"model": "fashion32", "shelf": 0, **opening})
    assert sums.plus_c == [4, 17, 55]


def test_a_tray_does_not_change_what_the_next_widget_opens_with():
    VectorArithmetic().plus_a.append(99)
    assert VectorArithmetic().plus_a == OPENINGS["faces64"]["plus_a"] == [3, 5, 8]


def test_a_folder_of_ones_own_networks_is_a_model_too(tmp_path):
    own = pretrained.load("fashion32")
    pretrained.save(tmp_path, own.G, own.D, {})
    sums = VectorArithmetic(model=str(tmp_path))
    assert sums.plus_a == OTHERWISE["plus_a"] and sums.image.shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("model", "faces128", "no trained networks 'faces128'"),
        ("plus_a", [1, 2, 3, 4], r"plus_a=\[1, 2, 3, 4\]: a tray holds 3 seeds at most"),
        ("minus", [0, -1], r"minus=\[0, -1\]: -1 is no seed; give whole numbers from 0 to 2147483647"),
        ("plus_c", [2**31], "plus_c=.*2147483648 is no seed"),
        ("plus_c", [0.5], "plus_c"),
        ("minus", 3, "minus"),
        ("panel_seed", -1, "panel_seed"),
    ],
)
def test_what_has_no_meaning_is_refused(sums, trait, value, says):
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(sums, trait, value)
    assert sums.minus == [0, 1]


def test_it_describes_itself(sums):
    assert repr(sums) == "VectorArithmetic(faces64; [3, 5, 8] \N{MINUS SIGN} [0, 1] + [12])"
    assert "+ A holds seeds 3, 5, 8; \N{MINUS SIGN} B holds seeds 0, 1; + C holds seeds 12." in sums.said
    sums.minus = []
    assert "B holds nothing" in sums.said


def test_where_nothing_moves_a_picture_stands_for_it(sums):
    sums.plus_c = []
    still = sums.still()
    assert still.size == (6 * 64 + 8, 3 * 64) and still.getpixel((2 * 64 + 32, 32)) == (255, 255, 255)  # no mean of C
    for (x, y), image in {(64, 128): sums.image, (160, 96): sums.single, (160, 160): sums.pixels}.items():
        assert (torch.tensor(still.getpixel((x, y))) - (image[:, 32, 32] + 1) * 127.5).abs().max() <= 1


def test_it_is_light():
    assert len(VectorArithmetic._esm) + len(VectorArithmetic._css) < 50_000
