"""TrainingScrubber in the page: its numbers are the recorded ones, and the guessing game is played to its end."""

import pytest
import torch

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.images import Images
from dcgan_lib.training import Trainer, train
from dcgan_lib.training.film import Film
from dcgan_lib.training.watch import Watch
from dcgan_lib.widgets import TrainingScrubber
from dcgan_lib.widgets.scrubber import CURVES, reading, recorded, run_files
from dcgan_lib.widgets.telltales import CASES
from tests.browser.live import live
from tests.browser.modules import modules
from tests.browser.shown import grave, shown
from tools import house

MATHS = "scrubber-math.mjs"
NAMES = ["collapse", "healthy", "gains"]


@pytest.fixture(scope="module", autouse=True)
def runs_for_pages():
    house.copy_runs()


@pytest.fixture(scope="module")
def maths(browser):
    with modules(browser) as page:
        yield page


# --- the mathematics


@pytest.mark.parametrize("name", recorded())
def test_every_number_at_every_step_is_the_recorded_one(maths, name):
    manifest, _ = run_files(name)
    steps = [*manifest["frames"], 2, 130, 5000]
    found = maths.run(MATHS, "(m, { manifest, steps }) => steps.map(s => m.readingAt(manifest, s))",
                      {"manifest": manifest, "steps": steps})  # fmt: skip
    assert found == [reading(manifest, step) for step in steps]


def test_it_has_the_curves_of_the_trait(maths):
    assert maths.run(MATHS, "m => Object.keys(m.PANELS)") == list(CURVES)
    assert maths.run(MATHS, "m => m.PANELS.losses.marks") == pytest.approx([2 * 0.6931471805599453, 0.6931471805599453])


@pytest.mark.parametrize("guess", ["healthy", "gains", "collapse", ""])
@pytest.mark.parametrize("truth", ["healthy", "collapse"])
def test_a_verdict_is_that_of_python(maths, truth, guess):
    quiz = TrainingScrubber([truth], hidden=True, guess={"1": guess}, revealed=["1"])
    assert maths.call(MATHS, "verdict", CASES, truth, guess) == quiz.verdict("1")
    assert maths.call(MATHS, "score", [truth], {"1": guess}, ["1"]) == f"{quiz.found} of 1 found"


def test_beside_a_run_stands_what_it_was_taken_for_or_a_healthy_one(maths):
    beside = [
        maths.call(MATHS, "besides", *pair) for pair in (("gains", "collapse"), ("gains", "gains"), ("gains", ""))
    ]
    assert beside == ["collapse", "healthy", "healthy"]
    assert maths.call(MATHS, "besides", "healthy", "healthy") is None


def test_a_place_on_the_axis_is_the_nearest_kept_step(maths):
    assert [maths.call(MATHS, "nearest", [1, 10, 50], place) for place in (-4, 6, 29, 31, 900)] == [1, 10, 10, 50, 50]


# --- runs side by side


def slider(page):
    return page.locator(".dcgan-range:has(.dcgan-name:text-is('step')) input")


def drawn(page):
    """Two frames later: what was asked for in this one is drawn in the next."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def ready(page):
    drawn(page)
    page.wait_for_function("[...document.querySelectorAll('.scrubber-samples')].every(c => c.width > 1)")
    drawn(page)


def told(page, place=0):
    """The numbers of a column, by their names."""
    panels = page.locator(".scrubber-run").nth(place).locator(".scrubber-panel:visible .scrubber-value")
    return dict(text.rsplit(" ", 1) for text in panels.all_inner_texts())


def expected(scrubber, name):
    now = scrubber.reading[name]
    names = {"loss_d": "D", "loss_g": "G", "d_real": "D(x)", "d_fake": "D(G(z))", "variety": "samples"}
    return {label: f"{now[key]:.3f}" for key, label in names.items() if now[key] is not None}


PIXELS = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"


@pytest.fixture(scope="module")
def seen(browser):
    scrubber = TrainingScrubber(["healthy"], choices=list(recorded()), step=300)
    with shown(browser, scrubber) as (page, said):
        ready(page)
        yield page, scrubber
    assert said.everything() == []


def test_it_opens_with_the_samples_and_the_numbers_of_its_step(seen):
    page, scrubber = seen
    assert told(page) == expected(scrubber, "healthy")
    film = Film.load("failures/healthy")
    pixels = torch.tensor(page.locator(".scrubber-samples").evaluate(PIXELS)).view(2 * 32, 8 * 32, 4)[..., :3]
    sheet = film.images[300].reshape(2, 8, 3, 32, 32).permute(0, 3, 1, 4, 2).reshape(64, 256, 3)
    assert (pixels - (sheet + 1) * 127.5).abs().mean() < 3  # two decoders of WebP round differently


def test_the_keys_move_it_along_the_kept_steps(seen):
    page, scrubber = seen
    slider(page).focus()
    for key, place in (("End", -1), ("ArrowLeft", -2), ("Home", 0), ("ArrowRight", 1)):
        page.keyboard.press(key)
        drawn(page)
        scrubber.step = scrubber.steps[place]
        assert told(page) == expected(scrubber, "healthy")
        assert slider(page).get_attribute("aria-valuetext") == f"{scrubber.step:,}"
    assert f"after {scrubber.step} steps" in page.locator(".scrubber-samples").get_attribute("aria-label")


def test_a_drag_over_a_curve_moves_it(seen):
    page, _ = seen
    page.locator(".scrubber-plot").first.scroll_into_view_if_needed()
    box = page.locator(".scrubber-plot").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    drawn(page)
    assert slider(page).get_attribute("aria-valuetext") == "700"


def test_runs_are_chosen_and_stand_side_by_side_at_the_same_step(seen):
    page, scrubber = seen
    for label in ("G's rate far too high", "no detach", "D's rate far too high"):
        page.get_by_role("checkbox", name=label).check()
        drawn(page)
    ready(page)
    scrubber.index = int(slider(page).input_value())
    page.locator(".dcgan-choice").get_by_label("losses").check()
    drawn(page)
    names = page.locator(".scrubber-name").all_inner_texts()
    scrubber.runs = [name for name in scrubber.choices if scrubber.choices[name] in names]
    assert len(names) == 4 and page.get_by_role("checkbox", name="wrong initial gains").is_disabled()
    for place, name in enumerate(scrubber.runs):
        found = told(page, place)
        assert found == {key: value for key, value in expected(scrubber, name).items() if key in ("D", "G")}
    for label in ("healthy", "no detach", "D's rate far too high"):
        page.get_by_role("checkbox", name=label).uncheck()
        drawn(page)
    assert page.get_by_role("checkbox", name="G's rate far too high").is_disabled()  # the last one stays
    page.get_by_role("checkbox", name="healthy").check()
    drawn(page)
    page.get_by_role("checkbox", name="G's rate far too high").uncheck()
    drawn(page)
    assert page.locator(".scrubber-name").all_inner_texts() == ["healthy"]


def test_a_sample_is_followed_through_all_steps(seen):
    page, scrubber = seen
    strip = page.locator(".scrubber-strip")
    assert not strip.is_visible()
    samples = page.locator(".scrubber-samples")
    box = samples.bounding_box()
    samples.click(position={"x": 2.5 / 8 * box["width"], "y": 5})  # the third
    drawn(page)
    pixels = torch.tensor(strip.evaluate(PIXELS)).view(-1, 12 * 32, 4)[..., :3]
    film = Film.load("failures/healthy")
    for place in (3, 11, 12):  # the framed one, the first, is another
        y, x = divmod(place, 12)
        tile = pixels[32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
        assert (tile - (film.images[film.steps[place]][2].permute(1, 2, 0) + 1) * 127.5).abs().mean() < 3
    box = strip.bounding_box()
    strip.click(position={"x": 3.5 / 12 * box["width"], "y": 5})
    drawn(page)
    assert slider(page).get_attribute("aria-valuetext") == f"{scrubber.steps[3]:,}"
    follow = page.locator(".dcgan-range:has(.dcgan-name:text-is('follow')) input")
    assert follow.get_attribute("aria-valuetext") == "sample 3"
    follow.press("Home")
    drawn(page)
    assert not strip.is_visible() and follow.get_attribute("aria-valuetext") == "none"
    slider(page).press("Home")


def test_play_runs_and_stops(seen):
    page, _ = seen
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.dcgan-scrubber input[type=range]').value > '0'")
    page.get_by_role("button", name="Pause").click()
    at = slider(page).input_value()
    page.wait_for_timeout(900)
    assert slider(page).input_value() == at


def test_it_stops_where_nobody_sees_it(browser):
    with shown(browser, TrainingScrubber(["healthy"], step=1)) as (page, _):
        ready(page)
        page.evaluate("document.querySelector('main').style.paddingBottom = '3000px'")
        page.get_by_role("button", name="Play").click()
        page.evaluate("scrollTo(0, 2900)")
        page.get_by_role("button", name="Play").wait_for(state="attached")
        at = slider(page).input_value()
        page.wait_for_timeout(900)
        assert slider(page).input_value() == at


def test_who_asked_for_less_motion_gets_one_step_a_press(browser):
    with shown(browser, TrainingScrubber(["healthy"], step=100), reduced_motion="reduce") as (page, _):
        ready(page)
        page.get_by_role("button", name="Next step").click()
        page.wait_for_timeout(900)
        drawn(page)
        assert slider(page).get_attribute("aria-valuetext") == "150"


def test_nothing_is_fetched_before_it_is_near(browser):
    with shown(browser, TrainingScrubber(["healthy"])) as (page, _):
        ready(page)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        far = "main { margin-top: 5000px !important }"
        page.route("**/book.css", lambda route: route.fulfill(body=far, content_type="text/css"))
        address = page.url
        page.goto("about:blank")  # a reload would scroll back to the figure
        page.goto(address)
        page.wait_for_timeout(1500)
        assert not [url for url in asked if "/runs/" in url]
        page.evaluate("scrollTo(0, 4800)")
        ready(page)
        assert sorted(url.rsplit("/", 1)[1] for url in asked if "/runs/" in url) == ["healthy.json", "healthy.webp"]


def test_a_run_that_does_not_come_is_said_to_be_missing(browser):
    with shown(browser, TrainingScrubber(["healthy"])) as (page, _):
        page.route("**/runs/healthy.webp", lambda route: route.fulfill(status=404))
        page.reload()
        page.wait_for_function("document.querySelector('.scrubber-note').textContent.includes('did not come')")


# --- the guessing game


def names(page):
    drawn(page)
    return page.locator(".scrubber-run:visible .scrubber-name").all_inner_texts()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_a_guess_is_answered_and_the_two_stand_side_by_side(browser, width, scheme):
    quiz = TrainingScrubber(NAMES, hidden=True)
    with shown(browser, quiz, width=width, scheme=scheme, has_touch=width < 400) as (page, said):
        ready(page)
        assert names(page) == ["Run 1"] and "collapse" not in page.locator("figure").inner_text()
        page.get_by_label("What is wrong?").select_option("gains")
        page.get_by_role("button", name="Check").click()
        ready(page)
        assert names(page) == ["Run 1: G's rate far too high", "beside it: wrong initial gains"]
        quiz.guess, quiz.revealed = {"1": "gains"}, ["1"]
        assert page.locator(".scrubber-verdict").inner_text() == quiz.verdict("1")
        assert page.locator(".scrubber-tell").inner_text() == CASES["collapse"]["tell"]
        assert not page.get_by_label("What is wrong?").is_visible()
        assert grave(page) == [] and page.evaluate("document.documentElement.scrollWidth") == width

        page.get_by_label("2", exact=True).check()
        assert names(page) == ["Run 2"] and page.locator(".scrubber-answer").inner_text() == ""
        assert page.get_by_label("What is wrong?").input_value() == ""
        page.get_by_label("What is wrong?").select_option("healthy")
        page.get_by_role("button", name="Check").click()
        assert names(page) == ["Run 2: healthy"]

        page.get_by_label("3", exact=True).check()
        page.get_by_role("button", name="Show the answer").click()
        ready(page)
        assert names(page) == ["Run 3: wrong initial gains", "beside it: healthy"]
        assert page.locator(".scrubber-score").inner_text() == "1 of 3 found"
        assert grave(page) == [] and said.everything() == []


def test_the_game_can_be_played_by_keys(browser):
    with shown(browser, TrainingScrubber(NAMES, hidden=True)) as (page, _):
        ready(page)
        page.get_by_label("1", exact=True).focus()
        page.keyboard.press("ArrowRight")
        assert names(page) == ["Run 2"]
        page.get_by_label("What is wrong?").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        drawn(page)
        assert page.locator(".scrubber-verdict").inner_text() == "Right. This is: healthy."


# --- with a kernel, and with a run of one's own


def test_with_a_kernel_python_moves_the_page_and_hears_the_reader(browser):
    quiz = TrainingScrubber(NAMES, hidden=True)
    with live(browser, quiz, tuple(NAMES)) as page:
        ready(page)
        quiz.step, quiz.case = 100, 2
        page.evaluate("live.set('step', 100); live.set('case', 2)")
        assert names(page) == ["Run 3"]
        assert told(page) == expected(TrainingScrubber(["gains"], step=100), "gains")
        page.get_by_label("What is wrong?").select_option("gains")
        page.get_by_role("button", name="Check").click()
        sent = page.evaluate("sent.at(-1)")
        quiz.set_state({name: sent[name] for name in ("step", "guess", "revealed")})
        assert (quiz.guess, quiz.revealed, quiz.found) == ({"3": "gains"}, ["3"], 1)
        page.evaluate("leave(); live.set('case', 0)")
        assert "Run 3" in names(page)[0]  # a view that has left hears nothing more


NOISE = Images("noise", torch.randint(0, 256, (50, 3, 16, 16), generator=torch.Generator().manual_seed(3)).byte())


@pytest.fixture(scope="module")
def film():
    trainer = Trainer(DCGANConfig(image_size=16, nz=6, ngf=4, ndf=4), TrainConfig(steps=12, batch_size=8), "cpu")
    film = Film(trainer, at=(1, 5, 12), n=24, watch=Watch(NOISE))
    for stats in train(trainer, NOISE):
        film.look(stats)
    return film


def test_ones_own_film_is_shown_by_a_page_and_by_a_kernel(browser, film):
    scrubber = TrainingScrubber(films={"mine": film}, step=5)
    with shown(browser, scrubber) as (page, said):
        ready(page)
        assert told(page) == expected(scrubber, "mine")
        assert page.locator(".scrubber-samples").evaluate("c => [c.width, c.height]") == [8 * 16, 3 * 16]
        assert said.everything() == []
    with live(browser, scrubber, names=()) as page:
        ready(page)
        assert told(page) == expected(scrubber, "mine")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_four_runs_fit_and_are_accessible(browser, width, scheme):
    four = ["healthy", "collapse", "gains", "strong-d"]
    with shown(browser, TrainingScrubber(four, choices=four), width=width, scheme=scheme) as (page, _):
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert grave(page) == []
