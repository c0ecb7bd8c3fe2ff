"""DiracCockpit in the page: every number is dcgan_lib.theory's, and it answers to pointer, finger and keys."""

import math

import numpy as np
import pytest
import torch

from dcgan_lib import theory
from dcgan_lib.theory import dirac
from dcgan_lib.widgets import DiracCockpit
from tests.browser.live import live
from tests.browser.modules import modules
from tests.browser.shown import grave, shown

PLAYS = {
    "as it opens": {},
    "non-saturating, with a push": {"game": "non_saturating", "method": "alternating", "momentum": 0.4, "h": 0.5},
    "negative momentum": {"method": "alternating", "momentum": -0.5, "h": 0.9},
    "momentum and R1": {"game": "wasserstein", "momentum": 0.7, "gamma": 0.8, "h": 0.2},
    "little damping": {"gamma": 0.35, "h": 1.1},
    "much damping": {"gamma": 2.7, "h": 0.4, "method": "alternating"},
    "noise": {"noise": 1.3, "game": "non_saturating"},
    "noise, R1 and momentum": {"noise": 0.7, "gamma": 0.2, "momentum": -0.3, "method": "alternating"},
    "clipped": {"game": "wasserstein", "clip": 0.6, "h": 0.3},
    "clipped, alternating": {"game": "wasserstein", "clip": 0.3, "method": "alternating", "momentum": 0.5, "h": 0.45},
    "flying off": {"game": "wasserstein", "method": "alternating", "h": 2.7},
    "far too large": {"gamma": 3.0, "h": 2.0, "steps": 12},
}
TRAITS = ("game", "method", "h", "momentum", "noise", "gamma", "clip")


@pytest.fixture(scope="module")
def maths(browser):
    with modules(browser) as page:
        yield page


@pytest.fixture(params=PLAYS)
def cockpit(request):
    return DiracCockpit(**{"start": [0.8, -0.45]} | PLAYS[request.param])


def play(cockpit):
    return {name: getattr(cockpit, name) for name in TRAITS}


def as_complex(pairs):
    return torch.tensor([complex(*pair) for pair in pairs], dtype=torch.complex128)


def by_size(values):
    order = sorted(values.tolist(), key=lambda v: (round(v.imag, 6), round(v.real, 6)))
    return torch.tensor(order, dtype=torch.complex128)


def close(ours, theirs, tolerance=1e-9):
    if not torch.is_complex(theirs):
        ours = torch.tensor(ours, dtype=torch.float64)
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_the_quadrature_is_numpys(maths):
    found = maths.call("dirac-math.mjs", "gauss")
    close(found["nodes"], dirac.NODES, 1e-12)
    close(found["weights"], dirac.WEIGHTS, 1e-13)


def test_the_field_is_the_librarys(maths, cockpit):
    places = [[a, b] for a in (-2.0, -0.3, 0.0, 1.7) for b in (-1.1, 0.0, 0.4, 2.3)]
    code = "(m, { play, places }) => places.map(([a, b]) => [m.pushG(play, a, b), m.pushD(play, a, b)])"
    ours = maths.run("dirac-math.mjs", code, {"play": play(cockpit), "places": places})
    close(ours, torch.stack(cockpit.dirac_game.field(*torch.tensor(places, dtype=torch.float64).T), dim=1))


def test_the_path_is_the_librarys(maths, cockpit):
    close(
        maths.call("dirac-math.mjs", "trajectory", play(cockpit), cockpit.start, cockpit.steps),
        cockpit.trajectory,
    )


def test_a_step_near_rest_is_the_librarys_matrix(maths, cockpit):
    ours = maths.call("dirac-math.mjs", "updateMatrix", play(cockpit))
    close(ours, theory.update_matrix(cockpit.dirac_game, cockpit.h, cockpit.method, cockpit.momentum))


def test_the_eigenvalues_are_the_librarys(maths, cockpit):
    code = "(m, play) => m.eigenvalues(m.updateMatrix(play))"
    close(by_size(as_complex(maths.run("dirac-math.mjs", code, play(cockpit)))), by_size(cockpit.eigenvalues))


def test_eigenvalues_of_many_steps_are_the_librarys(maths):
    rng = np.random.default_rng(3)
    for _ in range(40):
        h, momentum, gamma, noise = rng.uniform([0.05, -0.9, 0, 0], [5, 0.9, 3, 2])
        game, method = rng.choice(dirac.GAMES), rng.choice(dirac.METHODS)
        one = DiracCockpit(h=h, momentum=momentum, gamma=gamma, noise=noise, game=game, method=method)
        ours = as_complex(maths.run("dirac-math.mjs", "(m, play) => m.eigenvalues(m.updateMatrix(play))", play(one)))
        close(by_size(ours), by_size(one.eigenvalues))


def test_where_eigenvalues_meet_they_are_still_found(maths):
    for settings in ({"gamma": 1.0}, {"method": "alternating", "h": 4.0}, {"momentum": 0.25, "gamma": 1.0}):
        one = DiracCockpit(**settings)
        code = "(m, play) => m.eigenvalues(m.updateMatrix(play))"
        ours = as_complex(maths.run("dirac-math.mjs", code, play(one)))
        for value in one.eigenvalues:  # a double root is known to the square root of what the arithmetic knows
            assert (ours - value).abs().min() < 1e-6


def test_the_measured_growth_is_the_librarys_and_the_predicted_one(maths, cockpit):
    factors = cockpit.radius_per_step
    measured = maths.call("dirac-math.mjs", "growth", play(cockpit))
    assert measured == pytest.approx(factors["near_rest"], rel=1e-8)
    assert measured == pytest.approx(factors["predicted"], rel=2e-3)
    path = maths.call("dirac-math.mjs", "trajectory", play(cockpit), cockpit.start, cockpit.steps)
    assert maths.call("dirac-math.mjs", "meanFactor", path) == pytest.approx(factors["path"], rel=1e-9)


def test_the_flow_is_the_matrix_exponential(maths, cockpit):
    times = [0.0, 0.3, 2.0, 7.5, 20.0]
    code = "(m, { play, start, times }) => times.map(t => m.linearFlow(play, start, t))"
    ours = maths.run("dirac-math.mjs", code, {"play": play(cockpit), "start": cockpit.start, "times": times})
    close(ours, theory.linear_flow(cockpit.dirac_game, tuple(cockpit.start), torch.tensor(times, dtype=torch.float64)))


def test_the_flow_at_critical_damping(maths):
    one = DiracCockpit(gamma=1.0)
    ours = maths.call("dirac-math.mjs", "linearFlow", play(one), [0.8, -0.45], 3.0)
    close(ours, theory.linear_flow(one.dirac_game, (0.8, -0.45), torch.tensor([3.0]))[0])


def test_the_flow_is_called_exact_where_it_is(maths):
    def curve(**settings):
        return maths.call("dirac-math.mjs", "flowCurve", play(DiracCockpit(**settings)), [1.2, 0.5])

    assert curve()["exact"] and curve(game="wasserstein", gamma=0.3, noise=1.0)["exact"]
    assert not curve(game="non_saturating")["exact"] and not curve(noise=0.5)["exact"]
    assert curve(game="wasserstein", clip=0.4, gamma=0.2) is None
    clipped = curve(game="wasserstein", clip=0.4)
    radii = torch.tensor(clipped["points"], dtype=torch.float64).norm(dim=1)
    assert clipped["end"] and (radii - 0.4).abs().max() < 1e-12


# --- what is said


def test_the_fate_is_what_the_eigenvalues_say(maths):
    for h in (0.1, 0.6, 1.7, 3.3, 4.6):
        for momentum in (-0.6, 0.0, 0.5):
            for gamma in (0.0, 0.3, 2.0):
                for method in dirac.METHODS:
                    one = DiracCockpit(h=h, momentum=momentum, gamma=gamma, method=method)
                    size = one.eigenvalues.abs().max().item()
                    fate = maths.call("dirac-words.mjs", "fateOf", play(one))
                    assert fate == ("circles" if abs(size - 1) < 1e-6 else "in" if size < 1 else "out")
                    if fate != "circles":
                        assert f"{size:.4f}".rstrip("0") in maths.call("dirac-words.mjs", "nearRest", play(one))


@pytest.mark.parametrize(
    "settings, begins",
    [
        ({}, "Spirals out: |λ| = √(1 + h² f′(0)²) = 1.0112"),
        ({"method": "alternating"}, "Circles: a step's determinant is 1"),
        ({"method": "alternating", "h": 4.0}, "On the border: h f′(0) = 2"),
        ({"method": "alternating", "h": 4.5}, "Flies off: h f′(0) = 2.25 is above 2"),
        ({"gamma": 1.0}, "Comes to rest without turning, at critical damping"),
        ({"gamma": 0.85, "h": 0.6, "method": "alternating"}, "Comes to rest without turning, at critical damping"),
        ({"gamma": 2.0}, "Comes to rest without turning, but more slowly"),
        ({"gamma": 0.5}, "Spirals in, with damping d = 0.5: |λ| = √(1 − h d + h² f′(0)²) ="),
        ({"gamma": 0.5, "method": "alternating"}, "Spirals in, with damping d = 0.5: |λ| = √(1 − h d) = 0.922"),
        ({"gamma": 0.05, "h": 1.0}, "Spirals out in spite of its damping"),
        ({"gamma": 0.25, "h": 1.0}, "On the border: this damping and this step size balance"),
        ({"gamma": 3.0, "h": 1.0}, "Overshoots"),
        ({"momentum": -0.5}, "Spirals out: in simultaneous steps no momentum"),
        ({"momentum": 0.5, "method": "alternating"}, "Spirals out: positive momentum"),
        ({"momentum": -0.5, "method": "alternating"}, "Comes to rest: negative momentum"),
        ({"momentum": -0.5, "method": "alternating", "h": 2.1}, "Does not come to rest: h f′(0) = 1.05"),
        ({"momentum": 0.5, "gamma": 0.5}, "Comes to rest: with momentum a step remembers"),
    ],
)
def test_the_verdict_names_the_case(maths, settings, begins):
    said = maths.call("dirac-words.mjs", "nearRest", play(DiracCockpit(**settings))).replace("\u00a0", " ")
    assert said.startswith(begins)


@pytest.mark.parametrize("method, h", [("simultaneous", 0.3), ("simultaneous", 1.2), ("alternating", 1.2)])
@pytest.mark.parametrize("noise", [0.0, 0.6])
def test_at_the_critical_weight_the_eigenvalues_meet(maths, method, h, noise):
    one = DiracCockpit(method=method, h=h, noise=noise)
    one.gamma = maths.call("dirac-words.mjs", "criticalGamma", play(one))
    assert (one.eigenvalues[0] - one.eigenvalues[1]).abs() < 1e-6


def test_pairs_are_said_once(maths):
    texts = maths.call("dirac-words.mjs", "complexTexts", [[0.9, -0.2], [0.5, 0], [0.9, 0.2], [-0.1, 0]])
    assert texts == ["0.5", "0.9\u00a0±\u00a00.2\u00a0i", "−0.1"]


# --- on a page


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, DiracCockpit(), width=390) as (page, said):
        drawn(page)
        yield page
    assert said.everything() == []


def drawn(page):
    """Wait for the next frame, in which the drawing is made."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


def slider(page, label):
    return page.locator(f".dcgan-range:has(.dcgan-name:text-is('{label}')) input")


def words(page):
    return page.locator(".dirac-said").first.inner_text().replace("\u00a0", " ")


def table(page):
    return page.locator(".dirac-table td").all_inner_texts()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    drawn(page)


def test_it_opens_spiralling_out(seen):
    assert words(seen) == "Spirals out: |λ| = √(1 + h² f′(0)²) = 1.0112, above 1 for every h."
    assert table(seen) == ["1\u00a0±\u00a00.15\u00a0i", "× 1.0112", "× 1.0112", "× 1.0098"]
    assert f"{DiracCockpit().radius_per_step['path']:.4f}" == "1.0098"


def test_it_fits_a_phone(seen):
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "name, settings",
    [
        ("alternating", {"method": "alternating"}),
        ("negative momentum", {"method": "alternating", "momentum": -0.5}),
        ("instance noise", {"noise": 1.0}),
        ("R1, critical", {"gamma": 1.0}),
        ("Wasserstein, clipped", {"game": "wasserstein", "clip": 1.0}),
        ("simultaneous", {}),
    ],
)
def test_each_button_sets_what_it_says(seen, name, settings):
    press(seen, name)
    assert seen.locator("[aria-pressed=true]").all_inner_texts() == [name]
    ends = DiracCockpit(**settings).trajectory[-1].norm().item()
    said = seen.locator(".dirac-radius").get_attribute("aria-label")
    assert float(said.split(" to ")[1].split(" in ")[0]) == pytest.approx(ends, abs=6e-4)


def test_every_slider_moves_the_path(seen):
    press(seen, "Wasserstein, clipped")
    for label in ("step size h", "momentum β", "R1 weight γ", "noise s", "clip ψ at", "start θ", "start ψ", "steps"):
        before = seen.locator(".dirac-dots").get_attribute("d"), words(seen), seen.locator(".dirac-quiet").inner_text()
        slider(seen, label).focus()
        slider(seen, label).press("ArrowRight")
        drawn(seen)
        after = seen.locator(".dirac-dots").get_attribute("d"), words(seen), seen.locator(".dirac-quiet").inner_text()
        assert after != before, label
        slider(seen, label).press("ArrowLeft")
    press(seen, "simultaneous")
    assert slider(seen, "clip ψ at").is_hidden()


def test_a_game_and_a_method_are_chosen(seen):
    seen.get_by_label("non-saturating", exact=True).check()
    seen.get_by_label("alternating", exact=True).check()
    drawn(seen)
    assert words(seen).startswith("Circles")
    assert "ever more slowly" in seen.locator(".dirac-quiet").inner_text()
    assert seen.locator(".dirac-steps").count() == 2  # D's half steps and G's
    seen.get_by_label("infinitely small steps").uncheck()
    drawn(seen)
    assert seen.locator(".dirac-flow").get_attribute("d") == ""
    seen.get_by_label("infinitely small steps").check()
    press(seen, "simultaneous")


def test_steps_are_taken_one_by_one(seen):
    count = seen.locator(".dirac-count")
    press(seen, "To the start")
    assert count.inner_text() == "0 of 150 steps"
    press(seen, "Step")
    press(seen, "Step")
    assert count.inner_text() == "2 of 150 steps"
    expected = DiracCockpit(steps=2).radius_per_step["path"]
    assert table(seen)[3] == f"× {expected:.4f}".rstrip("0")
    slider(seen, "steps").fill("150")
    slider(seen, "steps").fill("120")
    drawn(seen)
    press(seen, "Step")
    assert count.inner_text() == "121 steps" and slider(seen, "steps").input_value() == "121"
    slider(seen, "steps").fill("150")


def test_it_plays_pauses_and_ends(seen):
    slider(seen, "steps").fill("8")
    press(seen, "Play")
    seen.wait_for_function("document.querySelector('.dirac-count').textContent === '8 steps'")
    seen.get_by_role("button", name="Play", exact=True).wait_for()
    slider(seen, "steps").fill("400")
    press(seen, "Play")
    seen.wait_for_function("parseInt(document.querySelector('.dirac-count').textContent) > 3")
    press(seen, "Pause")
    at = seen.locator(".dirac-count").inner_text()
    seen.wait_for_timeout(200)
    assert seen.locator(".dirac-count").inner_text() == at
    slider(seen, "steps").fill("150")


def test_a_mouse_drags_the_start(seen):
    seen.locator(".dirac-plane").scroll_into_view_if_needed()
    box = seen.locator(".dirac-plane").bounding_box()
    scale = (box["width"] - 44 - 6) / 6  # pixels for a unit
    x, y = box["x"] + 44 + 3 * scale, box["y"] + 6 + (box["height"] - 40) / 2
    seen.mouse.move(x + scale, y)
    seen.mouse.down()
    seen.mouse.move(x - 1.5 * scale, y - scale, steps=4)
    seen.mouse.up()
    assert float(slider(seen, "start θ").input_value()) == pytest.approx(-1.5, abs=0.06)
    assert float(slider(seen, "start ψ").input_value()) == pytest.approx(1, abs=0.06)


TOUCH = """([selector, by]) => {
  const target = document.querySelector(selector), plane = document.querySelector('.dirac-plane');
  let held = false; // a made-up finger cannot be captured
  plane.setPointerCapture = () => (held = true);
  plane.hasPointerCapture = () => held;
  for (const [type, x] of [['pointerdown', 22], ['pointermove', 22 + by]]) {
    const box = target.getBoundingClientRect();
    const place = { clientX: box.x + x, clientY: box.y + 22 };
    target.dispatchEvent(new PointerEvent(type, { ...place, pointerId: 1, pointerType: 'touch', bubbles: true }));
  }
}"""


def test_a_finger_taps_and_drags_the_start_and_scrolls_beside_it(browser):
    with shown(browser, DiracCockpit(), width=390, has_touch=True, is_mobile=True) as (page, said):
        drawn(page)
        box = page.locator(".dirac-plane").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] - 60, box["y"] + 60)
        drawn(page)
        assert float(slider(page, "start θ").input_value()) > 1.5
        assert page.locator(".dirac-handle").evaluate("h => getComputedStyle(h).touchAction") == "none"
        assert page.locator(".dirac-plane").evaluate("p => getComputedStyle(p).touchAction") == "auto"
        before = float(slider(page, "start θ").input_value())
        page.evaluate(TOUCH, [".dirac-plane", -40])
        assert float(slider(page, "start θ").input_value()) == before
        page.evaluate(TOUCH, [".dirac-handle", -40])
        assert float(slider(page, "start θ").input_value()) < before - 0.5
    assert said.everything() == []


def test_who_asked_for_less_motion_steps_by_hand(browser):
    with shown(browser, DiracCockpit(), reduced_motion="reduce") as (page, _):
        assert page.get_by_role("button", name="Play").count() == 0
        press(page, "To the start")
        press(page, "Step")
        assert page.locator(".dirac-count").inner_text() == "1 of 150 steps"


def test_play_ends_where_nobody_looks_and_a_widget_that_leaves_is_quiet(browser):
    with shown(browser, DiracCockpit(steps=400), width=390) as (page, said):
        press(page, "Play")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<div style=\"height: 5000px\"></div>')")
        page.evaluate("scrollTo(0, 4000)")
        page.wait_for_function("document.querySelector('.dirac-player button').textContent === 'Play'")
        page.evaluate("document.querySelector('.dcgan-dirac').parentElement.remove()")
        page.set_viewport_size({"width": 700, "height": 900})
        page.wait_for_timeout(100)
    assert said.everything() == []


def test_it_opens_where_python_put_it(browser):
    with shown(browser, DiracCockpit(game="wasserstein", h=0.5, start=[1.0, -1.5], gamma=0.3)) as (page, said):
        drawn(page)
        assert words(page).startswith("Spirals out in spite of its damping d = 0.3")  # h f'(0)^2 = 0.5 is more
        assert slider(page, "start ψ").input_value() == "-1.5"
        radius = math.hypot(1, 1.5)
        assert f"from {radius:.3f}" in page.locator(".dirac-radius").get_attribute("aria-label")
    assert said.everything() == []


def test_with_a_kernel_python_moves_the_page_and_hears_of_what_the_reader_does(browser):
    cockpit = DiracCockpit()
    with live(browser, cockpit, names=()) as page:
        page.evaluate("() => { live.set('gamma', 1); live.set('start', [1.5, 1]); }")
        drawn(page)
        assert "at critical damping" in words(page) and slider(page, "start θ").input_value() == "1.5"
        assert page.evaluate("sent.length") == 0
        slider(page, "momentum β").fill("-0.4")
        press(page, "Play")
        press(page, "Pause")
        sent = page.evaluate("sent")
        assert len(sent) == 1  # what plays is the page's own affair
        cockpit.set_state({name: sent[-1][name] for name in (*TRAITS, "start")})
        assert (cockpit.momentum, cockpit.gamma, cockpit.start) == (-0.4, 1.0, [1.5, 1.0])
        press(page, "Play")
        page.evaluate("leave()")
        before = words(page)
        page.evaluate("""() => {
          window.asked = 0;
          const ask = requestAnimationFrame;
          window.requestAnimationFrame = draw => { window.asked += 1; return ask(draw); };
          live.set('gamma', 0);
        }""")
        page.wait_for_timeout(200)
        assert words(page) == before and page.evaluate("window.asked") == 0


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, DiracCockpit(game="wasserstein", clip=1.0), width=width, scheme=scheme) as (page, _):
        assert grave(page) == []
