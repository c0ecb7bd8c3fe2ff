"""DraggableProof in the page: its numbers are those of dcgan_lib.theory, and it answers to pointer, finger and keys."""

import math

import numpy as np
import pytest
import torch
from scipy import special

from dcgan_lib.theory.pair import KINDS, LINE, STEP
from dcgan_lib.widgets import DraggableProof
from dcgan_lib.widgets.proof import BOUNDS, PRESETS, SIDES
from tests.browser.modules import modules
from tests.browser.shown import grave, shown


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


def state_of(proof: DraggableProof) -> dict:
    """What the page computes with."""
    names = ("kind", *BOUNDS, "bars")
    sides = {side: {name: getattr(proof, f"{side}_{name}") for name in names} for side in SIDES}
    return sides | {"noise": proof.noise}


def anything(seed: int) -> DraggableProof:
    """A state that no hand has chosen."""
    rng = np.random.default_rng(seed)
    traits = {"noise": float(rng.choice([0, 0, 0.3, 1.1, 2.0]))}
    for side in SIDES:
        traits[f"{side}_kind"] = KINDS[rng.integers(3)]
        traits[f"{side}_bars"] = (rng.random(24) * (rng.random(24) > 0.4)).tolist()
        traits |= {f"{side}_{name}": rng.uniform(low, high) for name, (low, high, _) in BOUNDS.items()}
    return DraggableProof(**traits)


STATES = {name: DraggableProof(name) for name in PRESETS} | {f"seed {seed}": anything(seed) for seed in range(32)}
READ = """(m, state) => {
  const found = m.analyse(state);
  const slopes = name => m.samplesOf(found).map(cell => found.slopes[name][cell]);
  return {
    numbers: found.numbers,
    data: found.data, fakes: found.fakes, d: Array.from(found.data, (_, i) => m.dAt(found, i)),
    samples: m.samplesOf(found), saturating: slopes("saturating"), non_saturating: slopes("non_saturating"),
    landscape: m.landscape(found, state.fakes.mean, Array.from({ length: 81 }, (_, i) => (i - 40) / 10)),
  };
}"""


def close(found, expected, **tolerance):
    np.testing.assert_allclose(
        np.array(found, float), torch.as_tensor(expected, dtype=torch.float64).numpy(), **tolerance
    )


@pytest.mark.parametrize("name", STATES)
def test_all_numbers_are_the_librarys(page, name):
    proof = STATES[name]
    found, pair = page.run("proof-math.mjs", READ, state_of(proof)), proof.pair
    assert found["numbers"].keys() == proof.readings.keys()
    for reading, expected in proof.readings.items():
        close(found["numbers"][reading], expected, rtol=1e-8, atol=1e-9, err_msg=reading)
    for side, density in zip(SIDES, pair.densities):
        close(found[side], density, rtol=1e-9, atol=1e-12)
    cells = pair.samples()
    assert found["samples"] == cells.tolist()
    for loss, slopes in pair.slopes().items():
        close(found[loss], slopes[cells], rtol=1e-8, atol=1e-9)
    seen = (pair.densities[0] + pair.densities[1] > 1e-12).numpy()
    close(np.array(found["d"], float)[seen], pair.logit.sigmoid()[torch.from_numpy(seen)], rtol=1e-9, atol=1e-12)
    close(found["landscape"], proof.landscape, atol=1e-9)


def test_between_supports_there_is_no_best_discriminator(page):
    d = page.run("proof-math.mjs", READ, state_of(DraggableProof("disjoint blocks")))["d"]
    between = (LINE > -0.9) & (LINE < 0.9)
    assert all(math.isnan(value) for value, inside in zip(d, between) if inside)


def test_the_logarithm_of_phi_keeps_its_digits(page):
    z = [-300.0, -40.0, -8.3, -3.0001, -3.0, -2.9999, -1.0, -1e-9, 0.0, 0.7, 2.999, 6.0, 9.0]
    found = page.run("proof-math.mjs", "(m, z) => z.map(m.logNdtr)", z)
    np.testing.assert_allclose(found, special.log_ndtr(z), rtol=1e-10, atol=1e-300)


def test_a_drawing_begins_as_what_is_there(page):
    for proof in (DraggableProof("missed mode"), DraggableProof("disjoint blocks")):
        shape = page.call("proof-math.mjs", "asDrawn", state_of(proof)["data"])
        drawn = DraggableProof(data_kind="drawn", **{f"data_{name}": shape[name] for name in ("mean", "width", "bars")})
        masses = [
            pair.densities[0][x > LINE].sum() * STEP for x in (-1.5, -0.5, 2.0) for pair in (proof.pair, drawn.pair)
        ]
        np.testing.assert_allclose(masses[::2], masses[1::2], atol=2e-4)


def test_a_bar_is_drawn_up_to_the_pointer_and_the_others_share_the_rest(page):
    bars = page.call("proof-math.mjs", "struck", [1.0] * 12 + [3.0] * 12, 4, 0.8, 0.5)
    assert bars[4] == pytest.approx(0.4) and sum(bars) == pytest.approx(1, abs=1e-4)
    assert bars[20] / bars[0] == pytest.approx(3, rel=1e-3)
    alone = [0.0] * 23 + [1.0]
    assert page.call("proof-math.mjs", "struck", alone, 23, 0.0, 0.5) == alone  # there is always some mass


# --- on a page


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, DraggableProof(), width=390) as (page, said):
        yield page
    assert said.everything() == []


def settled(page):
    """Two frames later: it draws once a frame."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def start(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settled(page)


def numbers(page) -> dict[str, str]:
    """The table: first cell of a row, second cell."""
    return {row.locator("th").inner_text(): row.locator("td").first.inner_text() for row in page.locator("tr").all()}


def slider(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def centre_of(page, side, x, y=100):
    """The pixel of x in the upper drawing."""
    page.locator(".proof-densities").scroll_into_view_if_needed()
    box = page.locator(".proof-densities").bounding_box()
    return box["x"] + 26 + (x + 7) * (box["width"] - 36) / 14, box["y"] + y


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()
    settled(page)


def test_it_opens_with_the_numbers_of_python(seen):
    read = DraggableProof().readings
    shown_numbers = numbers(seen)
    assert shown_numbers["V(D*, G)"] == f"−{-read['value']:.4f}"
    assert shown_numbers["JSD"] == f"{read['jsd']:.4f}" and shown_numbers["2 JSD"] == f"{2 * read['jsd']:.4f}"
    assert shown_numbers["KL(data ‖ fakes)"] == shown_numbers["KL(fakes ‖ data)"] == "3.1250"
    assert shown_numbers["minimax slope"] == f"{read['saturating']:.4f}"
    assert shown_numbers["non-saturating slope"] == f"{read['non_saturating']:.4f}"
    assert "−log 4 = −1.3863" in seen.locator(".proof-rest").text_content()
    assert (
        seen.locator(".proof-said")
        .inner_text()
        .startswith("Both losses pull the fakes to the left: minimax with 0.3834")
    )


SENTENCES = """(m, states) => import("./proof-math.mjs").then(({ analyse }) => states.map(state => {
  const { numbers, slopes, fakes } = analyse(state);
  return m.sentences(numbers, fakes.every((q, i) => q < 1e-12 || slopes.saturating[i] === 0));
}))"""


def test_each_kind_of_state_has_its_sentence(page):
    states = {
        "The two are equal": DraggableProof("equal"),
        "No place is reached by both": DraggableProof("disjoint blocks"),
        "Some fakes stand where data never are": DraggableProof("disjoint blocks", data_width=2, fakes_mean=-0.5),
        "D* is made of steps": DraggableProof("disjoint blocks", data_width=2, fakes_mean=-1.5),
        "Single fakes are pulled, but their pulls cancel": DraggableProof("equal", data_width=2),
        "JSD is 0.2153, and yet hardly anything pulls: minimax to the right": DraggableProof("missed mode"),
        "Here the two losses disagree": DraggableProof("equal", data_width=0.4, data_gap=3, fakes_mean=0.5),
        "Both losses pull the fakes to the left": DraggableProof("shifted"),
    }
    said = page.run("proof-words.mjs", SENTENCES, [state_of(proof) for proof in states.values()])
    for begins, sentence in zip(states, said):
        assert sentence.startswith(begins)


def test_it_fits_a_phone(seen):
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_disjoint_blocks_the_jsd_sticks_until_there_is_noise(seen):
    start(seen, "disjoint blocks")
    read = numbers(seen)
    assert (read["JSD"], read["KL(data ‖ fakes)"]) == ("0.6931", "∞")
    assert (read["minimax slope"], read["non-saturating slope"]) == ("0", "undefined")
    assert seen.locator(".proof-tangent").count() == 0  # V's slope, of which D's jumps say nothing
    assert seen.locator(".proof-arrow").count() == 0 and seen.locator(".proof-none").count() == 10
    drag(seen, centre_of(seen, "fakes", 1.5), centre_of(seen, "fakes", 3.5))
    assert float(slider(seen, "mean of the fakes").input_value()) == pytest.approx(3.5, abs=0.06)
    assert numbers(seen)["JSD"] == "0.6931"
    noise = slider(seen, "noise added to both")
    noise.focus()
    noise.press("End")
    settled(seen)
    assert float(numbers(seen)["JSD"]) < 0.69 and seen.locator(".proof-arrow").count() > 9


def test_a_dot_at_its_side_widens_a_curve(seen):
    start(seen, "shifted")
    dot = seen.locator(".proof-handle.proof-fakes").last.bounding_box()
    middle = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    drag(
        seen,
        middle,
        (middle[0] + 0.5 * (seen.locator(".proof-densities").bounding_box()["width"] - 36) / 14, middle[1]),
    )
    assert float(slider(seen, "width of the fakes").input_value()) == pytest.approx(1.5, abs=0.06)
    assert float(slider(seen, "width of the data").input_value()) == 1


def test_every_slider_moves_its_density_by_keys(seen):
    for name in PRESETS:
        start(seen, name)
        curves = seen.locator(".proof-densities path")
        for side in SIDES:
            for what in BOUNDS:
                before = curves.evaluate_all("paths => paths.map(p => p.getAttribute('d')).join()")
                one = slider(seen, f"{what} of the {side}")
                one.focus()
                one.press("ArrowLeft" if float(one.input_value()) >= BOUNDS[what][1] else "ArrowRight")
                settled(seen)
                assert curves.evaluate_all("paths => paths.map(p => p.getAttribute('d')).join()") != before


def test_a_density_can_be_drawn_with_the_pointer_and_with_the_keys(seen):
    start(seen, "shifted")
    seen.get_by_label("draws data", exact=True).check()
    settled(seen)
    outline = seen.locator(".proof-curve.proof-data")
    undrawn = outline.get_attribute("d")
    drag(seen, centre_of(seen, "data", 3.2, 60), centre_of(seen, "data", 4.8, 60))
    assert outline.get_attribute("d") != undrawn
    seen.mouse.move(*centre_of(seen, "data", -5, 150))
    seen.mouse.down()
    for x, y in ((-5, 90), (-3.25, 90), (-0.75, 60)):
        seen.mouse.move(*centre_of(seen, "data", x, y))
    settled(seen)
    heights = {}
    for point in outline.get_attribute("d")[1:].split("L"):
        x, y = map(float, point.split())
        heights[round((x - 26) * 14 / (seen.locator(".proof-densities").bounding_box()["width"] - 36) - 7, 1)] = y
    assert (heights[-4.2], heights[-0.9]) == (pytest.approx(90, abs=1), pytest.approx(60, abs=1))  # under the pointer
    seen.mouse.up()
    settled(seen)
    assert seen.locator(".proof-of-data").get_by_label("drawn", exact=True).is_checked()
    drawn = outline.get_attribute("d")
    bar, mass = slider(seen, "bar"), slider(seen, "its mass")
    bar.fill("3")
    mass.fill("0.5")
    settled(seen)
    assert outline.get_attribute("d") != drawn
    assert "data" in seen.locator(".proof-densities").get_attribute("aria-label")
    start(seen, "shifted")
    assert not mass.is_visible()


def test_the_fakes_can_be_moved_with_a_finger_and_a_widget_that_leaves_is_quiet(browser):
    with shown(browser, DraggableProof("equal"), width=390, has_touch=True, is_mobile=True) as (page, said):
        x, y = centre_of(page, "fakes", 0.3)
        cdp = page.context.new_cdp_session(page)
        for kind, at in (("touchStart", x), ("touchMove", x + 30), ("touchMove", x + 60), ("touchEnd", None)):
            points = [] if at is None else [{"x": at, "y": y}]
            cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settled(page)
        means = [float(slider(page, f"mean of the {side}").input_value()) for side in SIDES]
        assert max(map(abs, means)) > 1 and min(map(abs, means)) == 0
        page.evaluate("document.querySelector('.dcgan-proof').parentElement.remove()")
        page.set_viewport_size({"width": 700, "height": 900})
        settled(page)
    assert said.everything() == []


def test_it_opens_where_python_put_it(browser):
    proof = DraggableProof("missed mode", fakes_kind="drawn", noise=0.2, pointer="fakes")
    with shown(browser, proof) as (page, said):
        assert numbers(page)["JSD"] == f"{proof.readings['jsd']:.4f}"
        assert slider(page, "its mass").is_visible() and slider(page, "noise added to both").input_value() == "0.2"
    assert said.everything() == []


def test_compact_it_keeps_the_drawing_the_means_and_the_noise(browser):
    with shown(browser, DraggableProof(compact=True)) as (page, said):
        names = [one.get_attribute("aria-label") for one in page.locator("input[type=range]:visible").all()]
        assert names == [None, "mean of the data", "mean of the fakes"]
        assert page.locator(".proof-table:visible, .proof-handle").count() == 0
    assert said.everything() == []


def test_a_drag_keeps_up_with_the_frames(browser):
    """The work of one step of a drag, in the worst case of two drawn densities with noise."""
    drawn = DraggableProof(data_kind="drawn", fakes_kind="drawn", noise=0.5)
    with modules(browser) as page:
        code = """(m, state) => {
          const once = i => m.analyse({ ...state, fakes: { ...state.fakes, mean: (i % 80) / 20 } });
          for (let i = 0; i < 20; i++) once(i);
          const times = Array.from({ length: 15 }, (_, i) => {
            const start = performance.now();
            once(i);
            return performance.now() - start;
          });
          return Math.min(...times); // the machine may be busy
        }"""
        assert page.run("proof-math.mjs", code, state_of(drawn)) < 16


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, DraggableProof("one spike", pointer="data"), width=width, scheme=scheme) as (page, _):
        assert grave(page) == []
