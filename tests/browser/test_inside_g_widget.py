"""InsideG in a page: its maps, images and effects are torch's, and every control answers."""

import json
import math
import time

import pytest
import torch

from dcgan_lib import inspect, pretrained
from dcgan_lib.fold import folded_blocks
from dcgan_lib.latent import sample_z
from dcgan_lib.widgets import InsideG
from dcgan_lib.widgets.serving import model_files
from tests.browser.live import live
from tests.browser.modules import modules
from tests.browser.shown import grave, shown
from tools import house

TOLERANCE = 2e-3
MODELS = ["faces64", "fashion32"]


@pytest.fixture(scope="module", autouse=True)
def models():
    house.copy_models()


# --- the arithmetic


def in_the_files_precision(name):
    """The folded blocks with weights rounded as the page gets them."""
    blocks = torch.nn.ModuleList(folded_blocks(pretrained.load(name).G)).requires_grad_(False)
    if model_files(name)[0]["bits"] == 16:
        for weights in blocks.parameters():
            weights.copy_(weights.half().float())
    return blocks


@torch.no_grad()
def stages(blocks, z):
    maps = [z]
    for block in blocks:
        maps.append(block(maps[-1]))
    return maps[1:]


class Opened:
    """A generator in a page of its own, opened by inside-math.mjs."""

    def __init__(self, page, name):
        self.page, self.name, self.networks = page, name, pretrained.load(name)
        self.z = sample_z(64, self.networks.cfg, seed=11)

    def run(self, code, argument=None):
        return self.page.run("inside-math.mjs", f"async (math, argument) => {{ {OPEN} {code} }}", argument)


OPEN = """
  const { createGenerator } = await import("/generator.mjs");
  const bytes = async (name) => (await fetch(name)).arrayBuffer();
  const G = { ...(await createGenerator(manifest, await bytes("/weights"))), manifest };
  const inside = math.openUp(G);
"""


@pytest.fixture(scope="module", params=MODELS)
def opened(request, browser):
    manifest, weights = model_files(request.param)
    networks = pretrained.load(request.param)
    z = sample_z(64, networks.cfg, seed=11)
    rounded, trained = stages(in_the_files_precision(request.param), z), stages(networks.G.blocks, z)
    files = {"weights": weights}
    for name, found in (("rounded", rounded), ("trained", trained)):
        for k, maps in enumerate(found):
            files[f"{name}{k}"] = maps.permute(0, 2, 3, 1).contiguous().numpy().tobytes()  # pixel by pixel, as the page
    with modules(browser, files) as page:
        page.page.evaluate(f"window.manifest = {json.dumps(manifest)}")
        found = Opened(page, request.param)
        found.scales = [(maps.std().item(), maps.abs().max().item()) for maps in trained]
        yield found


FARTHEST = """
  const found = [];
  const expected = [];
  const depth = inside.layers.length + 1;
  for (let k = 0; k < depth; k++) expected.push(new Float32Array(await bytes(`/${argument.name}${k}`)));
  const farthest = Array(depth).fill(0);
  argument.z.forEach((z, n) => {
    inside.look(z);
    inside.change({ off: {}, strengths: {} });
    for (let k = 0; k < depth; k++) {
      const { side, maps } = inside.layers[k] ?? { side: G.size, maps: G.nc };
      const start = n * side * side * maps;
      for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) for (let c = 0; c < maps; c++) {
        const at = (y * side + x) * maps + c;
        const ours = k < depth - 1 ? inside.stages[k][inside.offset(k, y, x) + c] : inside.image[at];
        farthest[k] = Math.max(farthest[k], Math.abs(ours - expected[k][start + at]));
      }
    }
  });
  return farthest;
"""


def test_every_layers_features_are_torchs_with_the_same_weights(opened):
    """64 z, every value of every map: after division by the layer's standard deviation nothing differs by 2e-3."""
    farthest = opened.run(FARTHEST, {"name": "rounded", "z": opened.z.tolist()})
    for difference, (deviation, _) in zip(farthest, opened.scales, strict=True):
        assert deviation > 0.2 and difference / deviation < TOLERANCE


def test_and_rounding_the_weights_moves_none_by_more_than_that_share_of_the_strongest(opened):
    """The same against the trained network itself, divided by the layer's largest value; images are in [-1, 1]."""
    *layers, image = opened.run(FARTHEST, {"name": "trained", "z": opened.z.tolist()})
    for difference, (_, largest) in zip(layers, opened.scales[:-1], strict=True):
        assert difference / largest < TOLERANCE
    assert image < TOLERANCE


CHANGES = {
    "one layer": {"off": {"8": [0, 3, 17]}, "strengths": {}},
    "the first": {"off": {"4": [1, 2, 99]}, "strengths": {"4": {"5": 2}}},
    "several": {"off": {"16": [30], "4": [7]}, "strengths": {"8": {"0": 0.5, "61": 1.75}, "4": {"7": 2}}},
    "none": {"off": {}, "strengths": {}},
}


@pytest.mark.parametrize("state", CHANGES.values(), ids=CHANGES)
def test_the_changed_image_and_maps_are_torchs(opened, state):
    widget = InsideG(model=opened.name, seed_a=6, t=0, **state)
    code = """
      inside.look(argument.z);
      const between = math.apart(inside.before, inside.before);
      inside.change(argument.state);
      return [inside.image, inside.before, math.apart(inside.image, inside.before),
              inside.layers.map(({ maps }, k) => Array.from({ length: maps }, (_, map) => inside.meanOf(k, map)))];
    """
    image, before, change, means = opened.run(code, {"z": widget.z.tolist(), "state": state})
    for ours, theirs in ((image, widget.image), (before, widget.before)):
        close(torch.tensor(ours).view(theirs.shape[1], theirs.shape[2], -1).permute(2, 0, 1), theirs)
    assert change == pytest.approx(widget.change, abs=TOLERANCE) and (change > 0) == (state != CHANGES["none"])
    factors = widget._factors()
    for (side, maps), ours in zip(widget._layers().items(), means, strict=True):
        kept = [
            m for m in range(maps) if factors.get(side, {}).get(m, 1) == 1
        ]  # the page's are those before the factor
        close(torch.tensor(ours)[kept], widget.features(side).mean((1, 2))[kept])


def test_the_effect_of_every_map_is_torchs(opened):
    z, G = opened.z[:1], opened.networks.G
    code = """
      inside.look(argument);
      inside.change({ off: { 4: [0] }, strengths: {} }); // what is off now is no matter
      return inside.layers.map(({ maps }, k) => Array.from({ length: maps }, (_, map) => inside.effect(k, map)));
    """
    for side, ours in zip(inspect.layers(G), opened.run(code, z[0].tolist()), strict=True):
        theirs = inspect.effects(G, z, side)[0]
        torch.testing.assert_close(torch.tensor(ours), theirs, rtol=0, atol=2e-4)
        assert theirs.max() > 0.01


def test_a_map_that_the_model_has_not_touches_nothing(opened):
    code = """
      inside.look(argument);
      inside.change({ off: { 4: [999], 8: [500], 512: [0] }, strengths: { 4: { 300: 2 } } });
      return math.apart(inside.image, inside.before);
    """
    assert opened.run(code, opened.z[0].tolist()) == 0


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def maths(browser):
    with modules(browser) as page:
        yield page


def test_the_state_changes_without_a_trace_of_the_old_one(maths):
    code = """({ toggled, withOff, withStrength, ranked }) => {
      const off = Object.freeze({ 4: Object.freeze([1]), 8: Object.freeze([2, 9]) });
      const [one, two] = [{ 8: { 3: 0.5 } }, { 8: { 3: 0.5, 4: 2 } }];
      return [toggled(off, 8, 2), toggled(off, 4, 1), toggled(off, 8, 5), withOff(off, 16, [3, 1, 3]),
        withOff(off, 8, []), withStrength({}, 8, 3, 0.5), withStrength(two, 8, 3, 1), withStrength(one, 8, 3, 1),
        ranked([0.1, 0.3, 0.1, 0.2])];
    }"""
    assert maths.run("inside-math.mjs", code) == [
        {"4": [1], "8": [9]},
        {"8": [2, 9]},
        {"4": [1], "8": [2, 5, 9]},
        {"4": [1], "8": [2, 9], "16": [1, 3]},
        {"4": [1]},
        {"8": {"3": 0.5}},
        {"8": {"4": 2}},
        {},
        [1, 3, 0, 2],
    ]


@pytest.mark.parametrize("width", [280, 358, 608])
@pytest.mark.parametrize(("side", "maps"), [(4, 256), (8, 128), (16, 64), (32, 32), (4, 1024), (64, 8)])
def test_every_map_has_its_place_large_enough_for_a_finger_and_no_sheet_is_too_large(maths, width, side, maps):
    laid = maths.call("inside-sheet.mjs", "layoutOf", width, side, maps)
    tile, columns = laid["tile"], laid["columns"]
    assert tile >= 24 and columns * (tile + 2) - 2 <= width and laid["height"] <= 470
    assert laid["perPage"] * laid["pages"] >= maps > laid["perPage"] * (laid["pages"] - 1)
    code = """({ cornerOf, indexAt }, { laid, n }) => Array.from({ length: n }, (_, i) => {
      const [x, y] = cornerOf(laid, i);
      return [indexAt(laid, x, y, n), indexAt(laid, x + laid.tile - 1, y + laid.tile - 1, n)];
    })"""
    n = laid["perPage"]
    assert maths.run("inside-sheet.mjs", code, {"laid": laid, "n": n}) == [[i, i] for i in range(n)]
    assert maths.call("inside-sheet.mjs", "indexAt", laid, 1, laid["height"] + 3, n) == -1


def test_white_is_the_strongest_hundredth_of_the_layer_or_each_maps_strongest(maths):
    values = torch.rand(400, 8, generator=torch.Generator().manual_seed(0)).relu() ** 3 * torch.arange(1, 9)
    by_layer, by_map = (
        maths.call("inside-sheet.mjs", "whitesOf", values.flatten().tolist(), 8, w) for w in ("layer", "map")
    )
    torch.testing.assert_close(torch.tensor(by_map), values.amax(0))
    assert len(set(by_layer)) == 1
    assert by_layer[0] == pytest.approx(values.quantile(0.99).item(), abs=2 * values.max().item() / 512)


# --- the widget


def ready(page):
    page.wait_for_function("document.querySelector('.inside-note').hidden")
    page.wait_for_function("document.querySelector('.inside-about').textContent.includes('Dropped alone')")


@pytest.fixture(scope="module")
def shared(browser):
    with shown(browser, InsideG()) as (page, said):
        ready(page)
        yield page
    assert said.everything() == []


@pytest.fixture
def widget(shared):
    """The page as it would be if the reader had taken everything back."""
    shared.get_by_label("faces").check()
    slider(shared, "A to B").fill("0")
    layer(shared, 16)
    shared.get_by_role("button", name="Restore all").click()
    shared.get_by_label("number").check()
    field(shared, "Map").fill("0")
    field(shared, "Map").press("Tab")
    settle(shared)
    return shared


def settle(page):
    page.evaluate(
        """async () => {
             for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
           }"""
    )


def slider(page, label):
    return page.locator(f".dcgan-range:has(.dcgan-name:text-is('{label}')) input")


def field(page, label):
    return page.get_by_label(label, exact=True)


def layer(page, side):
    page.locator(f".inside-layer:has(.inside-side:text-is('{side} × {side}')) input").check(force=True)
    settle(page)


def press(page, name):
    page.get_by_role("button", name=name).click()
    settle(page)


def pixels(page, which=1):
    code = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    drawn = torch.tensor(page.locator(".inside-pictures canvas").nth(which).evaluate(code), dtype=torch.float32)
    size = math.isqrt(len(drawn) // 4)
    return drawn.view(size, size, 4)[..., :3]


def shows(page, widget):
    """The three pictures are the widget's, to half a level and the rounding of the weights."""
    difference = widget.image - widget.before
    for which, image in enumerate((widget.before, widget.image, difference)):
        expected = ((image.permute(1, 2, 0) + 1) * 127.5).clamp(0, 255).expand(-1, -1, 3)
        assert (pixels(page, which) - expected).abs().max() < 1.5


def point(page, map_number, columns=12, pitch=50):
    """A place on the map, on a page as wide as the tests'."""
    return {"x": (map_number % columns) * pitch + 20, "y": (map_number // columns) * pitch + 20}


def test_it_opens_with_two_maps_off_and_says_so(browser):
    with shown(browser, InsideG()) as (page, said):
        ready(page)
        widget = InsideG()
        shows(page, widget)
        assert (
            f"2 maps are off: the image has changed by {widget.change:.2g}"
            in page.locator(".inside-said").first.inner_text()
        )
        assert page.locator(".inside-count").all_inner_texts() == ["256 maps", "128 maps", "2 off", "32 maps", "image"]
        assert said.everything() == []


@pytest.mark.parametrize("white", ["map", "layer"])
def test_the_maps_are_drawn_as_they_are_and_later_layers_as_they_have_become(widget, white):
    widget.get_by_label(white, exact=True).check()
    layer(widget, 8)
    field(widget, "Map").fill("118")
    field(widget, "Map").press("Tab")
    field(widget, "on").uncheck()
    layer(widget, 16)
    maps = InsideG(off={8: [118]}).features(16)
    brightest = maps.amax((1, 2)) if white == "map" else maps.quantile(0.99).expand(64)
    code = (
        "c => [c.width, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((_, i) => i % 4 === 0)]"
    )
    width, *grey = widget.locator(".inside-sheet canvas").evaluate(code)
    sheet = torch.tensor(grey).view(-1, width)
    for number in (5, 24, 50):
        y, x = (50 * place for place in divmod(number, 12))
        drawn = sheet[y : y + 48 : 3, x : x + 48 : 3]
        expected = (255 * maps[number] / brightest[number]).clamp(0, 255)
        assert (drawn - expected).abs().max() < (2 if white == "map" else 9) and expected.std() > 10
    widget.get_by_label("layer", exact=True).check()


def test_a_press_on_a_map_switches_it_off_and_another_on_again(widget):
    sheet = widget.locator(".inside-sheet")
    sheet.click(position=point(widget, 57))
    settle(widget)
    shows(widget, InsideG(off={16: [57]}))
    assert "1 map is off" in widget.locator(".inside-said").first.inner_text()
    assert field(widget, "Map").input_value() == "57" and not field(widget, "on").is_checked()
    sheet.click(position=point(widget, 57))
    settle(widget)
    shows(widget, InsideG(off={}))
    assert widget.locator(".inside-said").first.inner_text() == "Every map is on."


def test_the_keys_go_from_map_to_map_and_space_switches(widget):
    sheet = widget.locator(".inside-sheet")
    sheet.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Space"):
        sheet.press(key)
    settle(widget)
    shows(widget, InsideG(off={16: [13]}))
    assert sheet.get_attribute("aria-valuenow") == "13" and "mean" in sheet.get_attribute("aria-valuetext")
    sheet.press("End")
    assert field(widget, "Map").input_value() == "63"
    sheet.press("ArrowDown")  # nothing is there
    assert field(widget, "Map").input_value() == "63"
    keys = """sheet => ["ArrowUp", "ArrowUp", "ArrowLeft"].forEach(key =>
      sheet.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })))"""
    sheet.evaluate(keys)  # faster than frames
    assert field(widget, "Map").input_value() == str(63 - 12 - 12 - 1)


def test_a_map_can_be_chosen_by_number_switched_by_its_box_and_made_stronger(widget):
    field(widget, "Map").fill("33")
    field(widget, "Map").press("Tab")
    field(widget, "on").uncheck()
    settle(widget)
    shows(widget, InsideG(off={16: [33]}))
    slider(widget, "strength").fill("1.5")  # who turns it up wants it on
    settle(widget)
    shows(widget, InsideG(off={}, strengths={16: {33: 1.5}}))
    assert field(widget, "on").is_checked()
    assert "1 map is scaled" in widget.locator(".inside-said").first.inner_text()
    field(widget, "Map").fill("64")  # not there: nothing happens
    field(widget, "Map").press("Tab")
    settle(widget)
    shows(widget, InsideG(off={}, strengths={16: {33: 1.5}}))


def test_all_off_only_this_one_and_back(widget):
    field(widget, "Map").fill("24")
    field(widget, "Map").press("Tab")
    press(widget, "Only this one")
    shows(widget, InsideG(off={16: [m for m in range(64) if m != 24]}))
    press(widget, "All off")
    shows(widget, InsideG(off={16: range(64)}))
    layer(widget, 32)
    widget.locator(".inside-sheet").press("Space")
    press(widget, "Restore layer")
    shows(widget, InsideG(off={16: range(64)}))
    press(widget, "Restore all")
    shows(widget, InsideG(off={}))


@pytest.mark.parametrize("side", [8, 32])
def test_the_strongest_are_those_that_torch_finds(widget, side):
    layer(widget, side)
    widget.get_by_label("How many of the strongest").fill("3")
    press(widget, "Drop the strongest")
    expected = InsideG(layer=side, off={})
    expected.off = {side: expected.effects.topk(3).indices.tolist()}
    widget.wait_for_function("document.querySelector('.inside-said').textContent.startsWith('3 maps are off')")
    settle(widget)
    shows(widget, expected)


def test_in_the_order_of_effect_the_strongest_stands_first(widget):
    widget.get_by_label("effect").check()
    ready(widget)
    expected = InsideG(off={})
    order = expected.effects.argsort(descending=True).tolist()
    for place in (0, 5):
        widget.locator(".inside-sheet").hover(position=point(widget, place))
        settle(widget)
        said = widget.locator(".inside-about").inner_text()
        mean, effect = expected.features(16)[order[place]].mean(), expected.effects[order[place]]
        rank = "more than any other of the 64" if place == 0 else "the 6th of 64"
        assert said.startswith(f"Map {order[place]} of 16 × 16: mean ") and rank in said
        numbers = [float(word.rstrip(",.")) for word in said.split() if word.startswith("0.")]
        assert numbers == pytest.approx([mean.item(), effect.item()], abs=1e-3)
    widget.mouse.move(5, 5)
    settle(widget)
    assert widget.locator(".inside-about").inner_text().startswith("Map 0 of")


def test_the_seeds_and_the_way_between_them(widget):
    press(widget, "New seed B")
    b = int(field(widget, "Seed B").input_value())
    slider(widget, "A to B").fill("0.5")
    settle(widget)
    shows(widget, InsideG(seed_b=b, t=0.5, off={}))
    field(widget, "Seed B").fill("8")
    field(widget, "Seed B").press("Tab")
    settle(widget)
    shows(widget, InsideG(t=0.5, off={}))


def test_another_model_and_back(widget):
    widget.locator(".inside-sheet").press("Space")
    widget.get_by_label("clothes").check()
    widget.wait_for_function("document.querySelector('.inside-pictures canvas').width === 32")
    settle(widget)
    shows(widget, InsideG(model="fashion32", off={}))
    assert widget.locator(".inside-side").all_inner_texts() == ["4 × 4", "8 × 8", "16 × 16", "32 × 32"]


def test_every_control_has_a_name_and_nothing_is_grave(widget):
    for control in widget.locator(".dcgan-widget :is(input, button, [tabindex])").all():
        assert control.evaluate("c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent")
    assert grave(widget) == []


def test_nothing_grave_in_the_dark_nor_on_a_phone(browser):
    with shown(browser, InsideG(), width=390, scheme="dark", has_touch=True) as (page, said):
        ready(page)
        assert grave(page) == [] and said.everything() == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_phone_turns_pages_and_taps(browser):
    with shown(browser, InsideG(layer=4, off={}), width=390, has_touch=True) as (page, _):
        ready(page)
        assert "page 1 of 2" in page.locator(".dcgan-inside").inner_text()
        press(page, "Later maps")
        first = int(field(page, "Map").input_value())
        assert first == 128
        sheet = page.locator(".inside-sheet")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        page.touchscreen.tap(box["x"] + 26 + 12, box["y"] + 12)
        settle(page)
        assert field(page, "Map").input_value() == "129" and not field(page, "on").is_checked()
        shows(page, InsideG(layer=4, off={4: [129]}))
        assert page.locator(".inside-pictures canvas").first.bounding_box()["y"] >= 0  # in view above the maps


def test_out_of_view_nothing_is_measured(browser):
    with shown(browser, InsideG()) as (page, _):
        ready(page)

        def go_to(t):
            slider(page, "A to B").evaluate("(i, t) => { i.value = t; i.dispatchEvent(new Event('input')); }", t)
            page.wait_for_function("document.querySelector('.inside-about').textContent.includes('is being measured')")

        begun = time.monotonic()
        go_to(0.25)
        ready(page)
        takes = time.monotonic() - begun
        page.evaluate("document.querySelector('h1').style.marginBottom = '4000px'")
        page.wait_for_timeout(300)
        go_to(0.5)
        page.wait_for_timeout(3000 * takes)
        assert "is being measured" in page.locator(".inside-about").text_content()
        page.evaluate("document.querySelector('h1').style.marginBottom = 0")
        ready(page)


def test_a_page_without_web_assembly_draws_by_script(browser):
    with shown(browser, InsideG()) as (page, said):
        ready(page)
        page.add_init_script("delete globalThis.WebAssembly")
        page.reload()
        ready(page)
        shows(page, InsideG())
        assert said.everything() == []


def test_weights_that_do_not_come_are_said_to_be_missing(browser):
    with shown(browser, InsideG()) as (page, _):
        page.route("**/models/faces64.bin", lambda route: route.fulfill(status=404))
        page.reload()
        page.wait_for_function("document.querySelector('.inside-note').textContent.includes('did not come')")


# --- with a kernel


def test_what_the_reader_does_arrives_in_python(browser):
    widget = InsideG(off={})
    with live(browser, widget, MODELS) as page:
        ready(page)
        page.locator(".inside-sheet").press("Space")
        slider(page, "strength").fill("0.5")
        layer(page, 8)
        page.locator(".inside-sheet").press("End")
        page.locator(".inside-sheet").press("Space")
        sent = page.evaluate("sent.at(-1)")
        widget.set_state({name: sent[name] for name in ("layer", "selected", "off", "strengths")})
        assert (widget.layer, widget.selected) == (8, 127)
        assert widget.off == {8: [127]} and widget.strengths == {16: {0: 0.5}}
        shows(page, widget)
        page.get_by_label("clothes").check()
        sent = page.evaluate("sent.at(-1)")
        widget.set_state({name: sent[name] for name in ("model", "layer", "selected", "off", "strengths")})
        page.wait_for_function("document.querySelector('.inside-pictures canvas').width === 32")
        settle(page)
        shows(page, widget)


def test_python_moves_the_page_and_the_page_does_not_answer(browser):
    widget = InsideG(off={})
    with live(browser, widget, MODELS) as page:
        ready(page)
        widget.seed_a, widget.t, widget.layer, widget.off = 5, 0.25, 32, {32: [4], 8: [9, 1]}
        for name in ("seed_a", "t", "layer", "off"):
            value = getattr(widget, name)
            page.evaluate("([name, value]) => live.set(name, value)", [name, json.loads(json.dumps(value))])
        settle(page)
        shows(page, widget)
        widget.model = "fashion32"
        for name in ("model", "layer", "off"):  # as they come, one after the other
            page.evaluate(
                "([name, value]) => live.set(name, value)", [name, json.loads(json.dumps(getattr(widget, name)))]
            )
        page.wait_for_function("document.querySelector('.inside-pictures canvas').width === 32")
        settle(page)
        shows(page, widget)
        assert page.evaluate("sent.length") == 0


def test_a_view_that_leaves_hears_nothing_more(browser):
    with live(browser, InsideG()) as page:
        ready(page)
        page.evaluate("leave()")
        before = pixels(page)
        page.evaluate("live.set('t', 0.5)")
        page.wait_for_timeout(200)
        assert torch.equal(pixels(page), before)
