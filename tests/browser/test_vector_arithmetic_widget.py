"""VectorArithmetic in the page: its sums are Python's, and samples go where pointer, finger and keys take them."""

import pytest
import torch

from dcgan_lib.latent import neighbourhood
from dcgan_lib.widgets.arithmetic import NAMES, SIGNS, VectorArithmetic
from dcgan_lib.widgets.serving import model_files
from tests.browser.live import live as front_end
from tests.browser.modules import modules
from tests.browser.shown import grave, shown
from tools import house

TOLERANCE = 2e-3  # half floats, images in [-1, 1]

STATES = {
    "as it opens": {},
    "one and two": {"plus_a": [3], "minus": [12345, 9], "plus_c": [4, 4, 7], "panel_seed": 5},
    "nothing added": {"plus_a": [], "plus_c": []},
    "nothing": {"plus_a": [], "minus": [], "plus_c": []},
    "C alone": {"plus_a": [], "minus": [], "plus_c": [2**31 - 1], "panel_seed": 2**31 - 1},
    "clothes": {"model": "fashion32", "panel_seed": 2},
}


@pytest.fixture(scope="module", autouse=True)
def models():
    house.copy_models()


SUMS = """async (maths, { trays, panelSeed, weights, manifest }) => {
  const { combined, combinedPixels, firstsOf, neighboursOf, usualLength } = maths;
  const { createGenerator } = await import("/generator.mjs");
  const { sampleZ, mean, norm } = await import("/latent.mjs");
  const G = await createGenerator(manifest, await (await fetch(weights)).arrayBuffer());
  const zOf = seed => sampleZ(G, seed);
  const imageOf = seed => G.forward(zOf(seed));
  const z = combined(trays, zOf, G.nz);
  const alone = combined(firstsOf(trays), zOf, G.nz);
  const around = neighboursOf(z, panelSeed);
  return {
    z, around, image: G.forward(z), panel: around.map(z => G.forward(z)), single: G.forward(alone),
    pixels: combinedPixels(trays, imageOf, G.size ** 2 * G.nc),
    averages: Object.values(trays).map(seeds => seeds.length ? G.forward(mean(seeds.map(zOf))) : null),
    lengths: { result: norm(z), single: norm(alone), sample: usualLength(G) },
  };
}"""


@pytest.fixture(scope="module")
def page(browser):
    names = ("faces64", "fashion32")
    with modules(browser, {f"{name}.bin": model_files(name)[1] for name in names}) as page:
        yield page


@pytest.fixture(scope="module", params=STATES)
def both(page, request):
    """The widget, and what the page makes of the same state."""
    sums = VectorArithmetic(**STATES[request.param])
    argument = {
        "trays": {name: getattr(sums, name) for name in SIGNS},
        "panelSeed": sums.panel_seed,
        "weights": f"/{sums.model}.bin",
        "manifest": model_files(sums.model)[0],
    }
    return sums, page.run("arithmetic-math.mjs", SUMS, argument)


def as_pixels(image):
    """`(nc, s, s)` as the page has it: pixel by pixel."""
    return image.permute(1, 2, 0).flatten()


def close(ours, expected, atol=TOLERANCE):
    torch.testing.assert_close(torch.tensor(ours, dtype=torch.float32), expected, rtol=0, atol=atol)


def test_z_and_the_noise_around_it_are_pythons(both):
    sums, found = both
    close(found["z"], sums.z, 1e-5)
    close(found["around"], neighbourhood(sums.z, 0.25, sums.panel_seed), 1e-5)


def test_every_image_is_pythons(both):
    sums, found = both
    overlong = max(sums.lengths.values()) / sums.lengths["sample"]  # what is longer than a sample is drawn more harshly
    close(found["image"], as_pixels(sums.image), TOLERANCE * overlong)
    close(found["single"], as_pixels(sums.single), TOLERANCE * overlong)
    close(found["panel"], torch.stack([as_pixels(image) for image in sums.panel]), TOLERANCE * overlong)
    for ours, expected in zip(found["averages"], sums.averages.values(), strict=True):
        assert (ours is None) == (expected is None)
        if ours is not None:
            close(ours, as_pixels(expected))


def test_the_pixel_control_is_pythons(both):
    sums, found = both
    close(found["pixels"], as_pixels(sums.pixels), 3 * TOLERANCE)  # a sum of three images


def test_the_lengths_are_pythons(both):
    sums, found = both
    assert found["lengths"] == pytest.approx(sums.lengths, rel=1e-5)


@pytest.mark.parametrize(
    ("tray", "place", "becomes"),
    [([], 2, [9]), ([1], 0, [9]), ([1], 2, [1, 9]), ([1, 2, 3], 1, [1, 9, 3]), ([1, 2, 3], 3, [1, 2, 9])],
)
def test_a_sample_takes_its_place_in_a_tray(page, tray, place, becomes):
    assert page.call("arithmetic-math.mjs", "withSeed", tray, 9, place) == becomes


def test_samples_leave_a_tray_and_change_places_in_it(page):
    assert page.call("arithmetic-math.mjs", "without", [1, 2, 3], 1) == [1, 3]
    assert page.call("arithmetic-math.mjs", "moved", [1, 2, 3], 2, 0) == [3, 1, 2]
    assert page.call("arithmetic-math.mjs", "moved", [1, 2, 3], 0, 3) == [2, 3, 1]


def test_the_sum_is_written_without_what_is_empty(page):
    for trays, text in [([1, 1, 1], "A \u2212 B + C"), ([0, 1, 1], "\u2212 B + C"), ([0, 0, 1], "C")]:
        held = dict(zip(SIGNS, [[0] * n for n in trays]))
        assert page.call("arithmetic-math.mjs", "sumText", held) == text
    assert page.call("arithmetic-math.mjs", "sumText", {name: [] for name in SIGNS}) == "nothing: z = 0"


# --- on a page

QUIET = "document.querySelector('.arithmetic-panel canvas').width > 1"
PIXELS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"


def ready(page):
    page.wait_for_function(QUIET)
    page.wait_for_timeout(500)


def image_in(page, selector):
    """Of the first canvas there, `(s, s, 3)` from 0 to 255."""
    pixels = torch.tensor(page.locator(f"{selector} canvas").first.evaluate(PIXELS))
    size = int((len(pixels) // 4) ** 0.5)
    return pixels.view(size, size, 4)[..., :3]


def looks_like(pixels, image):
    expected = (image.expand(3, -1, -1).permute(1, 2, 0) + 1) * 127.5
    return (pixels - expected).abs().max().item() < 1.5


def seeds_in(page, name):
    found = page.locator(f"[aria-label='Tray {NAMES[name]}'] .arithmetic-number").all_inner_texts()
    return [int(text) for text in found if text]


def agrees(page, **trays):
    """The page shows these trays, and the images that Python has for them."""
    page.wait_for_timeout(400)
    sums = VectorArithmetic(**trays)
    assert {name: seeds_in(page, name) for name in SIGNS} == {name: getattr(sums, name) for name in SIGNS}
    assert looks_like(image_in(page, ".arithmetic-result"), sums.image)
    single, pixels = page.locator(".arithmetic-control").all()
    assert looks_like(image_in(single, ":scope"), sums.single)
    assert looks_like(image_in(pixels, ":scope"), sums.pixels)
    size = sums.image.shape[-1]
    panel = image_in(page, ".arithmetic-panel").view(3, size, 3, size, 3).permute(0, 2, 1, 3, 4).flatten(0, 1)
    assert all(looks_like(*pair) for pair in zip(panel, sums.panel))
    return True


def shelf(page, seed):
    return page.get_by_role("button", name=f"Sample {seed}", exact=True)


def tray(page, name):
    return page.get_by_role("group", name=f"Tray {NAMES[name]}")


def middle(locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, source, target):
    """`target`: a locator, or a place in the window."""
    page.mouse.move(*middle(source))
    page.mouse.down()
    x, y = target if isinstance(target, tuple) else middle(target)
    page.mouse.move(x - 5, y, steps=4)
    page.mouse.move(x, y)
    lifted = page.locator(".arithmetic-ghost").count()
    page.mouse.up()
    assert lifted == 1 and page.locator(".arithmetic-ghost").count() == 0


@pytest.fixture(scope="module")
def opened(browser):
    with shown(browser, VectorArithmetic(), height=1100) as (page, said):
        ready(page)
        yield page
    assert said.everything() == []


@pytest.fixture
def seen(opened):
    opened.get_by_role("button", name="As at first").click()
    return opened


def test_it_opens_with_filled_trays_and_says_what_they_hold(seen):
    assert agrees(seen)
    assert seen.locator(".arithmetic-title").all_inner_texts() == [
        "+ A\nglasses, short hair",
        "\u2212 B\nno glasses, short hair",
        "+ C\nno glasses, long hair",
    ]
    assert "8.1 for the result, 13.6 for the first in each tray alone; a sample’s is about 8." in seen.content()


def test_the_averages_stand_under_the_trays(seen):
    for name, expected in VectorArithmetic().averages.items():
        label = f"What the generator draws from the mean of {NAMES[name]}"
        pixels = torch.tensor(seen.get_by_role("img", name=label).evaluate(PIXELS)).view(64, 64, 4)[..., :3]
        assert looks_like(pixels, expected)


def test_a_sample_is_dragged_onto_another_and_takes_its_place(seen):
    drag(seen, shelf(seen, 11), tray(seen, "minus").get_by_role("button").nth(1))
    assert agrees(seen, minus=[0, 11, 9])
    assert tray(seen, "minus").locator(".arithmetic-title").inner_text() == "\u2212 B"  # no longer what it was


def test_a_sample_is_dragged_from_tray_to_tray_and_out(seen):
    source = tray(seen, "plus_a").get_by_role("button")
    drag(seen, source.nth(0), tray(seen, "plus_c").locator(".arithmetic-average"))
    assert agrees(seen, plus_a=[5, 8], plus_c=[4, 6, 3])
    drag(seen, source.nth(1), source.nth(0))
    assert agrees(seen, plus_a=[8, 5], plus_c=[4, 6, 3])
    drag(seen, source.nth(0), (5, 5))
    assert agrees(seen, plus_a=[5], plus_c=[4, 6, 3])


def test_what_is_let_go_beside_the_trays_changes_nothing(seen):
    drag(seen, shelf(seen, 2), (5, 5))
    assert agrees(seen) and shelf(seen, 2).get_attribute("aria-pressed") == "false"


def test_a_drag_that_is_called_off_leaves_nothing_behind(seen):
    seen.mouse.move(*middle(shelf(seen, 2)))
    seen.mouse.down()
    seen.mouse.move(*middle(tray(seen, "minus")), steps=3)
    assert seen.locator(".arithmetic-over").count() == 1
    shelf(seen, 2).dispatch_event("pointercancel", {"pointerId": 1})
    assert seen.locator(".arithmetic-ghost, .arithmetic-over").count() == 0
    seen.mouse.up()
    assert agrees(seen)


def test_keys_do_all_that_a_drag_does(seen):
    places = tray(seen, "plus_a").get_by_role("button")
    for _ in range(2):
        places.nth(0).focus()
        places.nth(0).press("Enter")
    assert agrees(seen, plus_a=[8])
    assert places.nth(0).evaluate("place => place === document.activeElement")
    shelf(seen, 10).focus()
    shelf(seen, 10).press("Space")
    assert shelf(seen, 10).get_attribute("aria-pressed") == "true"
    assert "Sample 10 is picked up" in seen.get_by_role("status").inner_text()
    seen.get_by_role("button", name="Put sample 10 into + A").first.press("Enter")
    assert agrees(seen, plus_a=[8, 10])
    shelf(seen, 2).press("Enter")
    seen.get_by_role("button", name="Put sample 2 in the place of 8 in + A").press("Enter")
    assert agrees(seen, plus_a=[2, 10])
    shelf(seen, 2).press("Enter")
    shelf(seen, 2).press("Escape")
    assert shelf(seen, 2).get_attribute("aria-pressed") == "false"


def test_an_empty_place_says_what_to_do_first(seen):
    seen.get_by_role("button", name="Empty the trays").click()
    seen.get_by_role("button", name="Empty place in + C").first.click()
    assert "First press a sample" in seen.get_by_role("status").inner_text()
    assert agrees(seen, plus_a=[], minus=[], plus_c=[])
    assert seen.locator(".arithmetic-result .arithmetic-words").inner_text() == "nothing: z = 0"
    assert tray(seen, "plus_c").locator(".arithmetic-title").inner_text() == "+ C\ncounts as nothing"


def test_more_samples_and_other_noise(seen):
    seen.get_by_role("button", name="More samples").click()
    shelf(seen, 23).click()
    seen.get_by_role("button", name="Put sample 23 in the place of 7 in + C").click()
    seen.get_by_role("button", name="Other noise").click()
    assert agrees(seen, plus_c=[4, 6, 23], panel_seed=1)


def test_clothes_come_with_trays_of_their_own(seen):
    seen.get_by_label("clothes").check()
    seen.wait_for_function("document.querySelector('.arithmetic-result canvas').width === 32")
    assert agrees(seen, model="fashion32")
    seen.get_by_label("faces").check()
    seen.wait_for_function("document.querySelector('.arithmetic-result canvas').width === 64")
    assert agrees(seen)


def test_only_what_changed_is_drawn_anew(seen):
    seen.evaluate("""() => {
      const put = CanvasRenderingContext2D.prototype.putImageData;
      window.drawn = 0;
      CanvasRenderingContext2D.prototype.putImageData = function (...all) {
        window.drawn++;
        put.apply(this, all);
      };
    }""")
    seen.get_by_role("button", name="Other noise").click()
    seen.wait_for_timeout(400)
    assert seen.evaluate("drawn") == 8  # not the result, nor any other
    tray(seen, "minus").get_by_role("button").nth(2).click()
    seen.wait_for_timeout(400)
    assert (
        seen.evaluate("drawn") == 8 + 1 + 1 + 1 + 9
    )  # the result, a mean, the pixels, the panel; not the single version


def test_a_finger_drags_and_taps(browser):
    with shown(browser, VectorArithmetic(), width=390, height=844, has_touch=True, is_mobile=True) as (page, said):
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        scroll = page.evaluate("scrollY")
        touch = page.context.new_cdp_session(page)
        x, y = middle(shelf(page, 10))
        to_x, to_y = middle(tray(page, "minus").get_by_role("button").nth(0))
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for share in (0.2, 0.6, 1):
            point = {"x": x + share * (to_x - x), "y": y + share * (to_y - y)}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        assert page.locator(".arithmetic-ghost").count() == 1
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert agrees(page, minus=[10, 1, 9]) and page.evaluate("scrollY") == scroll
        shelf(page, 11).tap()
        tray(page, "plus_c").get_by_role("button").nth(2).tap()
        tray(page, "plus_a").get_by_role("button").nth(1).tap()
        assert agrees(page, minus=[10, 1, 9], plus_a=[3, 8], plus_c=[4, 6, 11])
    assert said.everything() == []


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, VectorArithmetic(plus_c=[4]), width=width, scheme=scheme) as (page, said):
        ready(page)
        shelf(page, 2).click()
        assert grave(page) == []
    assert said.everything() == []


def test_every_control_has_a_name(seen):
    for control in seen.locator(".dcgan-arithmetic :is(input, button)").all():
        assert control.evaluate("c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent")


def test_weights_that_do_not_come_are_said_to_be_missing(browser):
    with shown(browser, VectorArithmetic()) as (page, _):
        ready(page)
        page.route("**/models/faces64.bin", lambda route: route.fulfill(status=404))
        page.reload()
        page.wait_for_function("document.querySelector('.arithmetic-said').textContent.includes('did not come')")


# --- with a kernel


@pytest.fixture
def live(browser):
    sums = VectorArithmetic()
    with front_end(browser, sums) as page:
        ready(page)
        yield sums, page


def test_what_the_reader_does_arrives_in_python(live):
    sums, page = live
    tray(page, "minus").get_by_role("button").nth(0).click()
    shelf(page, 10).click()
    tray(page, "plus_a").get_by_role("button").nth(2).click()
    sent = page.evaluate("sent.at(-1)")
    sums.set_state({name: sent[name] for name in SIGNS})
    assert (sums.plus_a, sums.minus) == ([3, 5, 10], [1, 9])
    assert looks_like(image_in(page, ".arithmetic-result"), sums.image)


def test_python_moves_the_page_and_the_page_does_not_answer(live):
    sums, page = live
    sums.minus, sums.panel_seed = [33], 4
    page.evaluate("live.set('minus', [33]); live.set('panel_seed', 4)")
    assert agrees(page, minus=[33], panel_seed=4)
    assert page.evaluate("sent.length") == 0


def test_a_view_that_leaves_hears_nothing_more(live):
    _, page = live
    page.evaluate("leave()")
    before = image_in(page, ".arithmetic-result")
    page.evaluate("live.set('minus', [])")
    page.wait_for_timeout(200)
    assert (image_in(page, ".arithmetic-result") == before).all()
