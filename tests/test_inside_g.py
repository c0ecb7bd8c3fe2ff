"""InsideG from Python: what its state means, what it shows, what it refuses."""

import pytest
import torch
import traitlets

from dcgan_lib import inspect, latent, pretrained
from dcgan_lib.metrics.attributes import load_reader
from dcgan_lib.widgets import InsideG

FACES = pretrained.load("faces64")


@pytest.fixture
def inside():
    return InsideG(seed_a=1, seed_b=2, t=0.25, off={}, layer=16)


@pytest.mark.parametrize(("model", "visible"), [("faces64", 0.15), ("fashion32", 0.08)])  # of 2
def test_it_opens_without_the_two_maps_of_a_middle_layer_that_matter_most(model, visible):
    inside = InsideG(model=model)
    layers = list(inspect.layers(pretrained.load(model).G))
    assert inside.layer in layers[1:-1]
    (layer, maps), *others = inside.off.items()
    assert layer == inside.layer and maps == sorted(inside.effects.topk(2).indices.tolist()) and not others
    assert inside.selected == maps[0]
    assert inside.change > visible


def test_what_it_opens_with_is_the_readers_to_choose():
    inside = InsideG(off={}, selected=5)
    assert inside.off == {} and inside.selected == 5 and inside.change == 0


def test_z_lies_on_the_arc_between_the_seeds(inside):
    a, b = (latent.sample_z(1, FACES.cfg, seed)[0] for seed in (1, 2))
    torch.testing.assert_close(inside.z, latent.slerp(a, b, 0.25))


def test_the_image_is_the_generators_with_these_maps_off_and_those_scaled(inside):
    inside.off = {16: [7, 3], 32: [0]}
    inside.strengths = {4: {12: 1.5}, 16: {3: 0.25, 9: 0.5}}  # map 3 is off, whatever its strength would be
    factors = {4: {12: 1.5}, 16: {3: 0, 7: 0, 9: 0.5}, 32: {0: 0}}
    with torch.no_grad(), inspect.scaled(FACES.G, factors):
        expected = FACES.G(inside.z[None])[0]
    with torch.no_grad():
        before = FACES.G(inside.z[None])[0]
    torch.testing.assert_close(inside.image, expected)
    torch.testing.assert_close(inside.before, before)
    assert inside.change == pytest.approx((expected - before).abs().mean().item()) and inside.change > 0.05


def test_features_are_what_the_next_layer_reads_and_the_last_are_the_image(inside):
    plain = inside.features(16)
    inside.off = {16: [3]}
    assert plain.shape == (64, 16, 16) and plain[3].any() and not inside.features(16)[3].any()
    torch.testing.assert_close(inside.features(64), inside.image)
    with pytest.raises(ValueError, match="layer 5: faces64 has 4, 8, 16, 32, 64"):
        inside.features(5)


def test_the_effects_are_of_the_layer_at_hand(inside):
    inside.layer = 32
    torch.testing.assert_close(inside.effects, inspect.effects(FACES.G, inside.z[None], 32)[0])


def test_what_the_page_sends_has_text_for_keys(inside):
    inside.set_state({"off": {"16": [9, 3]}, "strengths": {"8": {"2": 0.5}}, "selected": 9})
    assert inside.off == {16: [3, 9]} and inside.strengths == {8: {2: 0.5}} and inside.selected == 9


def test_what_says_nothing_is_left_out(inside):
    inside.off, inside.strengths = {16: [], 8: [1, 1]}, {16: {4: 1}, 8: {}}
    assert inside.off == {8: [1]} and inside.strengths == {}


def test_another_layer_or_model_forgets_the_maps_that_it_has_not(inside):
    inside.selected = 60
    inside.layer = 32
    assert inside.selected == 0
    inside.off, inside.strengths = {4: [5, 200], 32: [1]}, {4: {3: 2, 130: 0.5}, 32: {1: 0.5}}
    inside.model = "fashion32"
    assert inside.layer == 8 and inside.off == {4: [5]} and inside.strengths == {4: {3: 2}}
    assert inside.image.shape == (1, 32, 32)


def test_the_page_may_change_the_model_and_the_maps_in_one_message(inside):
    inside.layer, inside.off = 32, {32: [3]}
    inside.set_state({"model": "fashion32", "layer": 16, "off": {"16": [31]}, "selected": 31})
    assert (inside.layer, inside.off, inside.selected) == (16, {16: [31]}, 31)


@pytest.mark.parametrize(
    ("trait", "value", "says"),
    [
        ("model", "faces128", "no trained networks 'faces128'"),
        ("layer", 64, "layer: layer 64: this generator has maps of side 4, 8, 16, 32, in faces64"),
        ("selected", 64, "selected: map 64 of layer 16: it has the maps 0 to 63, in faces64"),
        ("off", {16: [3, 64]}, "off: map 64 of layer 16: it has the maps 0 to 63"),
        ("off", {16: [-1]}, "off: map -1 of layer 16"),
        ("off", {64: [0]}, "off: layer 64: this generator has maps of side 4, 8, 16, 32"),
        ("off", {16: 3}, "give a list of map numbers"),
        ("off", {"first": [3]}, "off: 'first' is no number"),
        ("off", {16: [1.5]}, "off: 1.5 is no number"),
        ("strengths", {16: {3: 2.5}}, "give a factor from 0 to 2"),
        ("strengths", {16: {3: float("nan")}}, "give a factor from 0 to 2"),
        ("strengths", {16: {64: 0.5}}, "strengths: map 64 of layer 16"),
        ("strengths", {16: [3]}, "give {map number: factor}"),
        ("t", 1.5, "1.5"),
        ("seed_a", -1, "-1"),
        ("order", "size", "effect"),
    ],
)
def test_what_has_no_meaning_is_refused(inside, trait, value, says):
    before = getattr(inside, trait)
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(inside, trait, value)
    assert getattr(inside, trait) == before


def test_it_describes_itself_in_a_line(inside):
    inside.off, inside.strengths = {16: [1, 2]}, {8: {1: 2}}
    assert repr(inside) == "InsideG(faces64; seeds 1, 2; t=0.25; 2 maps off, 1 scaled)"


def test_without_scripts_its_three_pictures_and_a_sentence_stand_there(inside):
    inside.off = {16: [3, 9], 32: [1]}
    assert "without 2 of 64 maps of 16 × 16 and 1 of 32 maps of 32 × 32" in inside.said
    assert f"{inside.change:.3f}" in inside.said
    picture = inside.still()
    assert picture.size == (600, 192)
    for x, image in ((100, inside.before), (304, inside.image), (508, inside.image - inside.before)):
        expected = (image[:, 32, (x % 204) // 3] + 1) * 127.5
        assert torch.tensor(picture.getpixel((x, 97))).sub(expected.clamp(0, 255)).abs().max() <= 1
    assert {"text/markdown", "image/png"} <= set(inside._repr_mimebundle_()[0])


def test_it_is_light():
    assert len(InsideG._esm) + len(InsideG._css) < 57_000


# --- what the widget lets one see in the face with which it opens


def colours(image, where):
    """Mean of a part of the picture, each colour of its own."""
    part = {"background": image[:, :6, :], "shirt": image[:, 58:, 24:40]}[where]
    return part.mean((1, 2))


@pytest.mark.parametrize(("number", "holds", "other"), [(57, "background", "shirt"), (33, "shirt", "background")])
def test_one_of_the_opening_maps_holds_the_background_the_other_the_shirt(number, holds, other):
    inside = InsideG(off={16: [number]})
    moved = {part: (colours(inside.image, part) - colours(inside.before, part)).abs().max() for part in (holds, other)}
    assert moved[holds] > 0.3 and moved[other] < 0.1


def test_on_the_other_seed_the_first_still_holds_the_background_and_the_second_has_lost_most_of_its_effect():
    here, there = InsideG(off={}), InsideG(off={16: [57]}, t=1)
    assert there.effects[33] < here.effects[33] / 2
    assert 57 in there.effects.topk(2).indices
    assert (colours(there.image, "background") - colours(there.before, "background")).abs().max() > 0.12


def test_early_maps_say_who_and_late_ones_draw():
    inside, reader = InsideG(off={}), load_reader()

    def without(layer, n):
        inside.layer = layer
        inside.off = {layer: inside.effects.topk(n).indices.tolist()}
        return inside.image, reader.read(inside.image[None])

    before = reader.read(inside.before[None])
    _, early = without(4, 32)
    image, _ = without(32, 4)
    assert early["skin"] > before["skin"] + 0.2  # another, darker skin
    assert image.std() < 0.8 * inside.before.std()  # faded


@pytest.mark.parametrize("side", [4, 8, 16, 32])
def test_without_a_whole_layer_the_image_is_the_same_for_every_z(side):
    first, second = (InsideG(t=t, off={side: range(inspect.layers(FACES.G)[side])}).image for t in (0, 1))
    torch.testing.assert_close(first, second)
    assert (first == 0).all() == (side == 32)  # grey


def test_no_single_map_takes_the_glasses_away():
    inside, reader = InsideG(off={}), load_reader()
    with torch.no_grad():
        stages = FACES.G.features(inside.z[None])
        for k, maps in enumerate(stages[:-1]):
            each = maps.repeat(maps.shape[1], 1, 1, 1)
            each[range(len(each)), range(len(each))] = 0
            for block in FACES.G.blocks[k + 1 :]:
                each = block(each)
            assert reader.read(each)["glasses"].all()
    assert sum(len(maps[0]) for maps in stages[:-1]) == 480


def test_later_layers_have_fewer_maps_and_each_matters_more():
    z = latent.sample_z(2, FACES.cfg, seed=2)
    effects = [inspect.effects(FACES.G, z, side) for side in inspect.layers(FACES.G)]
    for kind in (lambda e: e.max(1).values.mean(), lambda e: e.median(1).values.mean()):
        found = [kind(effect).item() for effect in effects]
        assert found == sorted(found)
