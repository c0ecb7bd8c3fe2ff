"""The latent explorer in a page: its z is Python's, its code and its link lead back, and every control answers."""

import pytest
import torch

from dcgan_lib.widgets import LatentExplorer
from dcgan_lib.widgets.serving import model_files
from tests.browser.live import live as with_kernel
from tests.browser.modules import modules
from tests.browser.shown import shown
from tools import house

STATES = {
    "as it opens": {},
    "on the line": {"path": "lerp", "t": 0.3},
    "in the sheet": {"t": 0.125, "down": 0.77, "seed_a": 7, "seed_c": 123456},
    "in the plane": {"t": 0.9, "down": 0.4, "path": "lerp", "truncation": 1.2},
    "untruncated": {"truncation": None, "t": 0.61},
    "in the fourth corner": {"t": 1.0, "down": 1.0, "truncation": 0.5},
    "between equals": {"seed_a": 4, "seed_b": 4, "t": 0.4},
    "shifted": {"shifts": {"smile": 1.5, "glasses": -2.25, "principal_1": 3}},
    "given": {"z": [((7 * i) % 11 - 5) / 4 for i in range(64)]},
    "clothes": {"model": "fashion32", "t": 0.35, "down": 0.2, "shifts": {"principal_2": -1.1}},
}


def state_of(explorer):
    names = ["model", "seed_a", "seed_b", "seed_c", "t", "down", "path", "truncation", "shifts", "given"]
    return {name: getattr(explorer, name) for name in names}


@pytest.fixture(scope="module", autouse=True)
def models():
    house.copy_models()


@pytest.fixture(scope="module")
def maths(browser):
    with modules(browser) as page:
        yield page


@pytest.fixture(params=STATES)
def state(request):
    """A state and what both sides need of it."""
    explorer = LatentExplorer(**STATES[request.param])
    return explorer, state_of(explorer), model_files(explorer.model)[0]


def test_the_pages_z_is_pythons(maths, state):
    explorer, asked, manifest = state
    ours = maths.call("explorer-math.mjs", "zOf", manifest, asked)
    torch.testing.assert_close(torch.tensor(ours), explorer.expected_z(), rtol=0, atol=1e-5)


def test_the_copied_code_makes_this_z_and_its_image(maths, state):
    explorer, asked, manifest = state
    run = {}
    exec(maths.call("explorer-math.mjs", "codeOf", asked, manifest), run)
    torch.testing.assert_close(run["z"], torch.tensor([explorer.z]), rtol=0, atol=1e-5)
    torch.testing.assert_close(run["image"][0], explorer.image, rtol=0, atol=1e-4)


def test_a_link_leads_back_to_the_state(maths, state):
    asked = state[1]
    link = maths.call("explorer-math.mjs", "linkOf", asked, "explorer")
    found = maths.call("explorer-math.mjs", "stateFrom", link, "explorer", ["faces64", "fashion32"])
    assert found == {name: value for name, value in asked.items() if name != "given"}


@pytest.mark.parametrize(
    "link",
    [
        "#explorer?model=../secret&t=2&down=-1&path=arc&truncation=0&seeds=1-2&smile=99",
        "#explorer?t=&seeds=a-b-c&truncation=x&smile=x&__proto__=3&constructor=y",
        "#explorer?seeds=1-2-3000000000000&t=NaN&down=Infinity",
    ],
)
def test_nonsense_in_a_link_is_passed_over(maths, link):
    assert maths.call("explorer-math.mjs", "stateFrom", link, "explorer", ["faces64"]) == {"shifts": {}}


def test_another_widgets_link_is_not_followed(maths):
    assert maths.call("explorer-math.mjs", "stateFrom", "#other?t=0.5", "explorer", ["faces64"]) is None


def test_a_walk_turns_at_its_ends(maths):
    assert maths.call("explorer-math.mjs", "step", 0.95, 1, 0.1) == [1, -1]
    assert maths.call("explorer-math.mjs", "step", 0.05, -1, 0.1) == [0, 1]


# --- the widget


READY = "document.querySelector('.explorer-note').hidden"
SUM = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.reduce((a, b) => a + b)"


def ready(page):
    page.wait_for_function(READY)
    page.wait_for_timeout(600)


@pytest.fixture(scope="module")
def widget(browser):
    with shown(browser, LatentExplorer(), permissions=["clipboard-read", "clipboard-write"]) as (page, said):
        ready(page)
        yield page
    assert said.everything() == []


def slider(page, label):
    return page.locator(f".dcgan-range:has(.dcgan-name:text-is('{label}')) input")


def main(page):
    return page.locator(".explorer-main canvas").evaluate(SUM)


def sheet(page):
    return page.locator(".explorer-sheet canvas").evaluate(SUM)


def copied(page):
    page.get_by_role("button", name="Copy code").click()
    page.wait_for_function("document.querySelector('.explorer-copied').textContent.includes('copied')")
    run = {}
    exec(page.evaluate("navigator.clipboard.readText()"), run)
    return run


def test_it_opens_with_a_picture_and_a_whole_sheet(widget):
    assert main(widget) > 0
    black = """canvas => [0, 1, 2, 3, 4].flatMap(x => [0, 1, 2, 3, 4].map(y =>
      canvas.getContext('2d').getImageData(64 * x + 32, 64 * y + 32, 1, 1).data[3])).filter(a => a === 0).length"""
    widget.wait_for_function(f"({black})(document.querySelector('.explorer-sheet canvas')) === 0")


def test_the_picture_is_what_the_copied_code_draws(widget):
    run = copied(widget)
    drawn = """canvas => [...canvas.getContext('2d').getImageData(0, 0, 64, 64).data]"""
    pixels = torch.tensor(widget.locator(".explorer-main canvas").evaluate(drawn)).view(64, 64, 4)[..., :3]
    expected = (run["image"][0].permute(1, 2, 0) + 1) * 127.5
    assert (pixels - expected).abs().max() < 1.5


@pytest.mark.parametrize("label", ["A to B", "to C", "Truncation", "smile", "no. 1"])
def test_every_slider_changes_the_picture(widget, label):
    before = main(widget)
    control = slider(widget, label)
    control.focus()
    control.press("Home" if label in ("Truncation", "smile") else "End")
    widget.wait_for_timeout(400)
    assert main(widget) != before
    control.press("ArrowRight" if label in ("Truncation", "smile") else "ArrowLeft")


def test_a_direction_says_what_it_does(widget):
    slider(widget, "smile").press("ArrowRight")
    assert "One step along smile changes, on average:" in widget.locator(".explorer-said").inner_text()


def test_all_to_zero(widget):
    widget.get_by_role("button", name="Directions to 0").click()
    assert slider(widget, "smile").input_value() == "0"
    copied(widget)
    assert "load_directions" not in widget.evaluate("navigator.clipboard.readText()")


def test_the_pointer_moves_the_mark_and_the_picture(widget):
    widget.locator(".explorer-sheet").scroll_into_view_if_needed()
    box = widget.locator(".explorer-sheet").bounding_box()
    seen = set()
    widget.mouse.move(box["x"] + 20, box["y"] + 20)
    widget.mouse.down()
    for share in (0.3, 0.5, 0.7):
        widget.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
        widget.wait_for_timeout(200)
        seen.add(main(widget))
    widget.mouse.up()
    assert len(seen) == 3
    assert slider(widget, "A to B").input_value() == slider(widget, "to C").input_value() == "0.75"


def test_the_arrow_keys_move_it_too(widget):
    place = widget.get_by_role("slider", name="Place on the sheet")
    place.focus()
    before = place.get_attribute("aria-valuetext")
    place.press("ArrowUp")
    place.press("ArrowLeft")
    assert place.get_attribute("aria-valuetext") == "0.7 of the way to B, 0.7 of the way to C" != before


def test_a_new_seed_and_a_swap(widget):
    before = sheet(widget)
    widget.get_by_role("button", name="New seed B").click()
    widget.wait_for_timeout(600)
    assert sheet(widget) != before
    a, b = (widget.get_by_label(f"Seed {name}", exact=True).input_value() for name in "AB")
    picture = main(widget)
    slider(widget, "to C").fill("0")
    widget.wait_for_timeout(300)
    picture = copied(widget)["z"]
    widget.get_by_role("button", name="Swap").click()
    assert [widget.get_by_label(f"Seed {name}", exact=True).input_value() for name in "AB"] == [b, a]
    torch.testing.assert_close(copied(widget)["z"], picture, rtol=0, atol=1e-5)  # the same face, from the other side


def test_another_model_and_back(widget):
    widget.get_by_label("clothes").check()
    widget.wait_for_function("document.querySelector('.explorer-main canvas').width === 32")
    assert slider(widget, "smile").count() == 0
    widget.get_by_label("faces").check()
    widget.wait_for_function("document.querySelector('.explorer-main canvas').width === 64")


def test_play_runs_and_stops(widget):
    at = slider(widget, "A to B").input_value()
    widget.get_by_role("button", name="Play").click()
    widget.wait_for_function("at => document.querySelector('.dcgan-range input').value !== at", arg=at)
    widget.get_by_role("button", name="Pause").click()
    at = slider(widget, "A to B").input_value()
    widget.wait_for_timeout(200)
    assert slider(widget, "A to B").input_value() == at


def test_a_copied_link_opens_the_same_state(widget):
    slider(widget, "glasses").fill("2")
    widget.get_by_role("button", name="Copy link").click()
    widget.wait_for_function("document.querySelector('.explorer-copied').textContent === 'Link copied.'")
    before, address = copied(widget)["z"], None
    widget.get_by_role("button", name="Copy link").click()
    widget.wait_for_function("document.querySelector('.explorer-copied').textContent === 'Link copied.'")
    address = widget.evaluate("navigator.clipboard.readText()")
    widget.goto("about:blank")
    widget.goto(address)
    ready(widget)
    assert slider(widget, "glasses").input_value() == "2"
    torch.testing.assert_close(copied(widget)["z"], before)


def test_every_control_has_a_name(widget):
    for control in widget.locator(".dcgan-widget :is(input, button, textarea, [tabindex])").all():
        assert control.evaluate("c => c.getAttribute('aria-label') || c.labels?.[0]?.textContent || c.textContent")


@pytest.fixture
def live(browser):
    """The widget as a kernel's front end has it: the weights come in a message, and Python moves it."""
    explorer = LatentExplorer()
    with with_kernel(browser, explorer) as page:
        ready(page)
        yield explorer, page


def test_with_a_kernel_what_the_reader_does_arrives_in_python_with_its_z(live):
    explorer, page = live
    slider(page, "A to B").fill("0.2")
    slider(page, "turn").fill("1.5")
    sent = page.evaluate("sent.at(-1)")
    explorer.set_state({name: sent[name] for name in ("t", "shifts", "given", "z")})
    assert (explorer.t, explorer.shifts, explorer.given) == (0.2, {"turn": 1.5}, [])
    torch.testing.assert_close(torch.tensor(explorer.z), explorer.expected_z(), rtol=0, atol=1e-5)


def test_with_a_kernel_python_moves_the_page_and_the_page_does_not_answer(live):
    explorer, page = live
    explorer.z = [0.5] * 64
    before = main(page)
    page.evaluate("z => { live.set('given', z); live.set('z', z); }", explorer.z)
    page.wait_for_timeout(400)
    drawn = torch.tensor(
        page.locator(".explorer-main canvas").evaluate("c => [...c.getContext('2d').getImageData(0, 0, 64, 64).data]")
    )
    expected = (explorer.image.permute(1, 2, 0) + 1) * 127.5
    assert main(page) != before and (drawn.view(64, 64, 4)[..., :3] - expected).abs().max() < 1.5
    assert page.evaluate("sent.length") == 0
    assert page.locator(".explorer-mark").is_hidden() or page.locator(".explorer-off").count() == 1
    slider(page, "A to B").fill("0.2")  # and the reader takes over
    assert page.evaluate("sent.at(-1).given") == []


def test_with_a_kernel_there_is_no_link_to_copy(live):
    _, page = live
    assert page.get_by_role("button", name="Copy link").count() == 0


def test_a_view_that_leaves_hears_nothing_more(live):
    _, page = live
    page.evaluate("leave()")
    before = main(page)
    page.evaluate("live.set('t', 0)")
    page.wait_for_timeout(200)
    assert main(page) == before


def test_who_asked_for_less_motion_gets_one_step_a_press(browser):
    with shown(browser, LatentExplorer(), reduced_motion="reduce") as (page, _):
        ready(page)
        page.get_by_role("button", name="Next step").click()
        page.wait_for_timeout(300)
        assert slider(page, "A to B").input_value() == "0.6"


def test_a_phone_needs_no_sideways_scroll(browser):
    with shown(browser, LatentExplorer(), width=390, has_touch=True) as (page, said):
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        slider(page, "no. 4").scroll_into_view_if_needed()
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(200)
        assert page.locator(".explorer-main canvas").bounding_box()["y"] >= 0  # the picture stays in view
        page.locator(".explorer-sheet").scroll_into_view_if_needed()
        box = page.locator(".explorer-sheet").bounding_box()
        page.touchscreen.tap(box["x"] + 5, box["y"] + 5)
        assert slider(page, "A to B").input_value() == "0"
        assert said.everything() == []


def test_a_page_without_web_assembly_draws_by_script(browser):
    with shown(browser, LatentExplorer(compact=True)) as (page, said):
        ready(page)  # a reload would break off the fetching of the weights, which is a failed request
        page.add_init_script("delete globalThis.WebAssembly")
        page.reload()
        ready(page)
        assert page.evaluate("typeof WebAssembly") == "undefined"
        assert main(page) > 0 and said.everything() == []


def test_weights_that_do_not_come_are_said_to_be_missing(browser):
    with shown(browser, LatentExplorer()) as (page, _):
        page.route("**/models/faces64.bin", lambda route: route.fulfill(status=404))
        page.reload()
        page.wait_for_function("document.querySelector('.explorer-note').textContent.includes('did not come')")


def test_until_the_weights_come_it_shows_the_poster(browser):
    gone = "(() => { const get = window.fetch; window.fetch = (a, ...b) => `${a}`.includes('models/') "
    gone += "? new Promise(() => {}) : get(a, ...b); })()"  # weights that are for ever on their way
    with shown(browser, LatentExplorer(), init=gone) as (page, said):
        page.wait_for_function(f"({SUM})(document.querySelector('.explorer-sheet canvas')) > 0")
        assert main(page) > 0
        assert "on its way" in page.locator(".explorer-note").inner_text()
    assert said.everything() == []
