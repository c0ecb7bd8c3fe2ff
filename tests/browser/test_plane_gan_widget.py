"""PlaneGAN in the page: its steps are torch's, its measures the library's, and every control answers."""

import itertools
import math
import re

import pytest
import torch

from dcgan_lib import toy
from dcgan_lib.losses import LOSSES
from dcgan_lib.widgets.plane import DATA, EDGES, PlaneGAN
from tests.browser.modules import modules
from tests.browser.shown import grave, shown


@pytest.fixture(scope="module")
def page(browser):
    with modules(browser) as page:
        yield page


def flat(*nets):
    return torch.cat([p.detach().flatten() for net in nets for p in net.parameters()])


# --- the game: from weights, z and points that are handed over, every step is torch's

GIVEN = """async (m, { config, G, D, real, z, steps }) => {
  const game = m.makeGame({ sample() {} }, config);
  game.G.theta.set(G);
  game.D.theta.set(D);
  const from = batches => { let i = 0; return () => Float64Array.from(batches[i++]); };
  Object.assign(game.source, { real: from(real), z: from(z) });
  const stats = Array.from({ length: steps }, () => game.step());
  return { G: game.G.theta, D: game.D.theta, stats };
}"""


class Recorded(toy.ToyGame):
    """A game that remembers what was drawn for it."""

    def __init__(self, data, cfg):
        self.reals, self.zs = [], []
        super().__init__(data, cfg)
        sample = data.sample

        class Data:
            means = data.means

            def sample(_, n, rng):
                self.reals.append(sample(n, rng))
                return self.reals[-1]

        self.data = Data()

    def draw_z(self):
        self.zs.append(super().draw_z())
        return self.zs[-1]


GAMES = {
    **{f"{loss}, Adam": {"loss": loss, "beta1": 0.5} for loss in LOSSES},
    **{f"{loss}, plain steps": {"loss": loss, "optimiser": "sgd", "lr_g": 0.1, "lr_d": 0.1} for loss in LOSSES},
    "no inertia": {"beta1": 0.0},
    "smoothed": {"real_target": 0.9},
    "smoothed, saturating": {"real_target": 0.9, "loss": "saturating"},
    "three D moves": {"d_steps": 3},
    "clipped": {"loss": "wasserstein", "weight_clip": 0.05},
    "uniform z, narrow": {"latent": "uniform", "width": 8, "batch_size": 16},
}


@pytest.mark.parametrize("steps", [1, 20])
@pytest.mark.parametrize("name", GAMES)
def test_the_same_weights_z_and_points_make_the_same_moves(page, name, steps):
    settings = {"lr_g": 5e-3, "lr_d": 1e-2, "beta1": 0.5, "batch_size": 32, **GAMES[name]}
    game = Recorded(toy.moons().double(), toy.ToyConfig(**settings, seed=4))
    G, D = flat(game.G).tolist(), flat(game.D).tolist()
    stats = [game.step() for _ in range(steps)]
    drawn = [[batch.flatten().tolist() for batch in batches] for batches in (game.reals, game.zs)]
    argument = {"config": settings, "G": G, "D": D, "real": drawn[0], "z": drawn[1], "steps": steps}
    found = page.run("plane-game.mjs", GIVEN, argument)
    for net, ours in (("G", flat(game.G)), ("D", flat(game.D))):
        theirs = torch.tensor(found[net], dtype=torch.float64)
        torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-6)
        assert (theirs - torch.tensor(G if net == "G" else D)).abs().max() > 1e-4  # it has moved
    for mine, other in zip(stats, found["stats"]):
        assert other == pytest.approx(mine._asdict(), abs=1e-6)


FROM_SEED = """(m, { config, data, steps }) => import("/plane-data.mjs").then(({ makeData }) => {
  const game = m.makeGame(makeData(data), config);
  for (let i = 0; i < steps; i++) game.step();
  return [game.G.theta, game.D.theta];
})"""


@pytest.mark.parametrize("steps", [0, 1, 20])
@pytest.mark.parametrize(
    "settings", [{}, {"noise": 0.3, "d_steps": 2}, {"latent": "uniform", "batch_size": 16}], ids=str
)
def test_a_seed_is_the_same_game_in_the_page_and_in_python(page, settings, steps):
    settings = {"lr_g": 5e-3, "lr_d": 1e-2, "beta1": 0.0, "batch_size": 64, "seed": 11, **settings}
    game = toy.ToyGame(toy.grid().double(), toy.ToyConfig(**settings))
    for _ in range(steps):
        game.step()
    found = page.run("plane-game.mjs", FROM_SEED, {"config": settings, "data": "grid", "steps": steps})
    for theirs, ours in zip(found, (game.G, game.D)):
        torch.testing.assert_close(torch.tensor(theirs, dtype=torch.float64), flat(ours), rtol=0, atol=1e-4)


REWOUND = """(m, config) => import("/plane-data.mjs").then(({ makeData }) => {
  const game = m.makeGame(makeData("ring"), config);
  for (let i = 0; i < 7; i++) game.step();
  const saved = game.save();
  const ahead = () => { for (let i = 0; i < 5; i++) game.step(); return [...game.G.theta]; };
  const first = ahead();
  game.load(saved);
  const again = ahead();
  game.load(saved);
  game.change({ lr_g: 0.05 });
  return [first, again, ahead()];
})"""


def test_a_game_that_was_taken_back_goes_the_same_way_unless_something_is_changed(page):
    first, again, changed = page.run("plane-game.mjs", REWOUND, {"noise": 0.1})
    assert first == again != changed


def test_another_optimiser_remembers_nothing(page):
    code = """(m, beta1) => import("/plane-data.mjs").then(({ makeData }) => {
      const game = m.makeGame(makeData("ring"), { beta1: 0.9 });
      for (let i = 0; i < 3; i++) game.step();
      game.change({ beta1 });
      return [game.save().optG.steps, Math.max(...game.save().optG.mean)];
    })"""
    assert page.run("plane-game.mjs", code, 0.5) == [0, 0]
    assert page.run("plane-game.mjs", code, 0.9)[0] == 3


def test_it_counts_its_steps(page):
    assert page.call("plane-game.mjs", "stepsPerSecond", 0.2) > 20


# --- the data and the measures

ON = """(m, { name, code, argument }) => import("/plane-data.mjs").then(async ({ makeData }) => {
  const random = await import("/random.mjs");
  return eval(code)(m, makeData(name, argument.drawn), argument, random);
})"""


def on(page, name, code, **argument):
    argument = {"drawn": PlaneGAN().drawn, **argument}
    return page.run("plane-measures.mjs", ON, {"name": name, "code": code, "argument": argument})


@pytest.mark.parametrize("name", DATA)
def test_the_data_are_the_librarys(page, name):
    mixture = PlaneGAN(data=name, step=1).mixture
    means, scale = on(page, name, "(m, data) => [data.means, data.scale]")
    torch.testing.assert_close(
        torch.tensor(means, dtype=torch.float32), mixture.means, rtol=0, atol=4e-3 if name == "spiral" else 1e-5
    )
    assert scale == pytest.approx(float(mixture.scales[0])) and len(set(mixture.scales.tolist())) == 1
    sampled = on(page, name, "(m, data, a, random) => data.sample(300, random.mersenneTwister(3))")
    expected = mixture.sample(300, torch.Generator().manual_seed(3))
    torch.testing.assert_close(torch.tensor(sampled).view(-1, 2), expected, rtol=0, atol=5e-3)


@pytest.mark.parametrize("name", DATA)
def test_the_masses_of_cells_are_the_librarys_and_sum_to_one(page, name):
    mixture = PlaneGAN(data=name, step=1).mixture.double()
    masses = torch.tensor(on(page, name, "(m, data) => data.cellMasses(m.EDGES)"), dtype=torch.float64)
    assert float(masses.sum()) == pytest.approx(1, abs=1e-12)
    expected = mixture.cell_masses(EDGES).flatten()
    torch.testing.assert_close(masses, expected, rtol=0, atol=1e-4 if name == "spiral" else 1e-6)


@pytest.mark.parametrize("name", DATA)
def test_the_floor_is_the_librarys(page, name):
    floor = on(page, name, "(m, data) => m.divergenceFloor(data, data.cellMasses(m.EDGES))")
    assert floor == pytest.approx(PlaneGAN(data=name, step=1).measures().floor, abs=5e-4)


MEASURE = """(m, data, { points, noise, target }) => {
  const masses = data.cellMasses(m.EDGES), x = Float64Array.from(points), shares = m.cellShares(x);
  return { shares, sum: shares.reduce((a, b) => a + b), divergence: m.divergence(masses, shares),
    modes: m.modesCovered(x, data), best: m.bestD(masses, x, noise, target) };
}"""


@pytest.mark.parametrize(("noise", "target"), [(0, 1), (0.4, 1), (0, 0.9)])
@pytest.mark.parametrize("name", ["ring", "grid", "moons"])
def test_the_measures_are_the_librarys(page, name, noise, target):
    widget = PlaneGAN(data=name, step=1, noise=noise, real_target=target)
    data = widget.mixture.double()
    half = data.sample(400, torch.Generator().manual_seed(2))
    points = torch.cat([half, 0.7 * half.roll(1, 0) + 0.9, torch.tensor([[9.0, -9.0]])])
    found = on(page, name, MEASURE, points=points.flatten().tolist(), noise=noise, target=target)

    def fixed(z):
        return points

    ours = widget.measures(fixed)
    assert found["sum"] == pytest.approx(1)
    torch.testing.assert_close(
        torch.tensor(found["shares"], dtype=torch.float64), toy.cell_shares(points, EDGES).flatten()
    )
    assert found["divergence"] == pytest.approx(ours.divergence, abs=1e-6)
    if ours.modes is not None:
        assert found["modes"] == ours.modes
    best = torch.tensor([math.nan if v is None else v for v in found["best"]], dtype=torch.float64)
    torch.testing.assert_close(best, widget.best_d(fixed).flatten(), equal_nan=True, rtol=0, atol=1e-5)


def test_the_modes_of_an_uneven_generator_are_counted_as_the_library_counts(page):
    ring = toy.ring().double()
    points = torch.cat([ring.means[:5].repeat(60, 1), ring.means[5:6].repeat(8, 1)]) + 0.05
    found = on(page, "ring", MEASURE, points=points.flatten().tolist(), noise=0, target=1)
    assert found["modes"] == toy.coverage(points, ring).modes == 5


PULL = """(m, data, { loss, points, theta }) => import("/plane-net.mjs").then(({ makeNet }) => {
  const D = makeNet([2, 16, 16, 1], 0.2);
  D.theta.set(theta);
  const x = Float64Array.from(points);
  return [m.pull(D, x, loss), m.scoresOn(D, 8), D.slopes.some(v => v !== 0)];
})"""


@pytest.mark.parametrize("loss", LOSSES)
def test_the_pull_is_minus_the_slope_of_gs_loss_not_the_slope_of_d(page, loss):
    D = toy.ToyD(2, width=16).double()
    points = 2 * torch.randn(40, 2, generator=torch.Generator().manual_seed(1)).double()
    found, scores, touched = on(page, "ring", PULL, loss=loss, points=points.flatten().tolist(), theta=flat(D).tolist())
    torch.testing.assert_close(torch.tensor(found, dtype=torch.float64).view(-1, 2), toy.pull(D, points, loss))
    assert not touched  # asking leaves D's own slopes alone
    middle = 3.2 * ((2 * torch.arange(8) + 1) / 8 - 1).double()
    lattice = torch.stack(torch.meshgrid(middle, middle, indexing="xy"), -1).reshape(-1, 2)
    torch.testing.assert_close(torch.tensor(scores, dtype=torch.float64), D(lattice).detach())


def test_scores_become_verdicts_in_the_terms_of_each_loss(page):
    scores = [-3.0, 0.0, 0.25, 1.0, 5.0]
    expected = {
        "saturating": torch.tensor(scores).sigmoid().tolist(),
        "least_squares": [0, 0, 0.25, 1, 1],
        "hinge": [0, 0.5, 0.625, 1, 1],
        "wasserstein": [0.0, 0.375, 0.40625, 0.5, 1.0],
    }
    for loss, verdicts in expected.items():
        assert page.call("plane-measures.mjs", "verdicts", loss, scores, 1) == pytest.approx(verdicts, abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_at_rest_both_pay_what_the_library_says(page, loss):
    rest = page.call("plane-measures.mjs", "atRest", loss)
    if loss == "wasserstein":
        assert rest is None  # any constant score is as good
        return
    d, g = LOSSES[loss]
    score = torch.tensor([{"least_squares": 0.5}.get(loss, 0.0)])
    assert rest == pytest.approx({"loss_d": float(d(score, score)), "loss_g": float(g(score))}, abs=1e-6)
    if "saturating" in loss:
        score = torch.tensor([0.45]).logit()
        rest = page.call("plane-measures.mjs", "atRest", loss, 0.9)
        expected = {"loss_d": float(d(score, score, real_target=0.9)), "loss_g": float(g(score))}
        assert rest == pytest.approx(expected, abs=1e-6)


def test_the_line_of_one_half_goes_where_the_verdict_crosses_it(page):
    side = 4
    verdicts = [(i % side) / 3 for i in range(side * side)]  # grows to the right: 1/2 in the middle
    lines = page.call("plane-draw.mjs", "halfLine", verdicts, side)
    assert len(lines) == 3 and all(abs(x) < 1e-9 for line in lines for x, _ in line)


# --- the memory of a run

HISTORY = """(m, { steps, bytes }) => {
  let at = 0;
  const step = () => (at++, { loss_d: at, loss_g: -at });
  const game = { bytes, get steps() { return at; }, step, save: () => at, load: saved => (at = saved) };
  const history = m.makeHistory(game, () => ({ divergence: at / 1000, modes: null }));
  for (let i = 0; i < steps; i++) history.step();
  const kept = history.moments.map(({ step, saved, loss_d }) => [step, saved, loss_d]);
  history.goTo(steps / 2);
  const back = at;
  history.step();
  return { kept, most: history.most, back, left: history.moments.length, other: history.otherFuture.length };
}"""


def test_moments_are_kept_sparser_as_a_run_grows_and_their_memory_is_bounded(page):
    found = page.run("plane-history.mjs", HISTORY, {"steps": 5000, "bytes": 60_000})
    assert found["most"] == 128 >= len(found["kept"]) > 50
    steps = [step for step, _, _ in found["kept"]]
    assert steps[0] == 0 and len({b - a for a, b in itertools.pairwise(steps)}) == 1 and steps[-1] > 4900
    assert all(step == saved for step, saved, _ in found["kept"])
    assert page.run("plane-history.mjs", HISTORY, {"steps": 50, "bytes": 1e6})["most"] == 32


def test_losses_are_means_over_the_steps_between_two_moments(page):
    kept = page.run("plane-history.mjs", HISTORY, {"steps": 30, "bytes": 1})["kept"]
    assert [loss for _, _, loss in kept[1:]] == [5.5, 15.5, 25.5]


def test_who_goes_back_and_plays_leaves_the_other_future_behind(page):
    found = page.run("plane-history.mjs", HISTORY, {"steps": 100, "bytes": 1})
    assert found["back"] == 50 and found["left"] == 6 and found["other"] == 5


# --- on a page


def settled(page, step):
    page.wait_for_function(f"document.querySelector('.plane-said').textContent.startsWith('Step {step}.')")


def words(page):
    return " ".join(page.locator(".plane-head").all_inner_texts())


def slider(page, label):
    return page.locator(f'.dcgan-range:has(.dcgan-name:text-is("{label}")) input')


SUM = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.reduce((a, b) => a + b)"


def drawn(page):
    page.wait_for_timeout(100)  # a frame
    return page.locator(".plane-canvas").evaluate(SUM)


@pytest.fixture(scope="module")
def seen(browser):
    with shown(browser, PlaneGAN(step=20, batch_size=16, layers=["real", "fakes"])) as (page, said):
        settled(page, 20)
        yield page
    assert said.everything() == []


def test_it_opens_where_python_would_be_with_the_same_numbers(seen):
    ours = PlaneGAN(step=20, batch_size=16).measures()
    assert f"{ours.divergence:.3f}" in words(seen) and f"{ours.floor:.3f}" in words(seen)
    assert f"{ours.modes} of 8" in words(seen)


def test_a_step_moves_it_by_one(seen):
    before = drawn(seen)
    seen.get_by_role("button", name="Step", exact=True).click()
    settled(seen, 21)
    assert drawn(seen) != before


def test_the_scrubber_goes_back_and_forward_among_kept_moments(seen):
    time = slider(seen, "Step")
    head = drawn(seen)
    time.focus()
    time.press("Home")
    settled(seen, 0)
    assert drawn(seen) != head
    time.press("ArrowRight")
    settled(seen, 10)
    time.press("End")
    settled(seen, 21)
    assert drawn(seen) == head
    time.press("ArrowLeft")
    settled(seen, 20)


def test_play_runs_and_pause_stops(seen):
    seen.get_by_role("button", name="Play").click()
    seen.wait_for_function("+document.querySelector('.dcgan-range output').value > 40")
    seen.get_by_role("button", name="Pause").click()
    stood = seen.locator(".plane-said").inner_text()
    seen.wait_for_timeout(200)
    assert seen.locator(".plane-said").inner_text() == stood


def test_every_ground_and_layer_is_another_picture(seen):
    seen.get_by_role("button", name="Restart").click()
    settled(seen, 0)
    pictures = {drawn(seen)}
    for name in ("the best D", "nothing"):
        seen.get_by_label(name, exact=True).check()
        pictures.add(drawn(seen))
    for name in ("G's map", "pull on fakes"):
        seen.get_by_label(name, exact=True).check()
        pictures.add(drawn(seen))
    for name in ("data", "fakes"):
        seen.get_by_label(name, exact=True).uncheck()
        pictures.add(drawn(seen))
    assert len(pictures) == 7
    for name in ("what D says", "data", "fakes"):
        seen.get_by_label(name, exact=True).check()


def test_other_data_begin_another_game_that_is_played_as_far(seen):
    for _ in range(3):
        seen.get_by_role("button", name="Step", exact=True).click()
    settled(seen, 3)
    seen.get_by_label("moons", exact=True).check()
    settled(seen, 3)
    assert "Modes" not in seen.locator(".plane-said").inner_text()
    assert not seen.locator(".plane-measure").nth(2).is_visible()
    seen.get_by_label("ring", exact=True).check()


def test_only_what_a_loss_takes_can_be_set(seen):
    seen.locator("summary").click()
    assert slider(seen, "target of real points").is_visible() and not slider(seen, "bound on D's weights").is_visible()
    seen.get_by_label("Wasserstein", exact=True).check()
    assert not slider(seen, "target of real points").is_visible() and slider(seen, "bound on D's weights").is_visible()
    seen.get_by_label("SGD", exact=True).check()
    assert not slider(seen, "beta1").is_visible()
    seen.get_by_label("Adam", exact=True).check()
    seen.get_by_label("non-saturating", exact=True).check()


def test_a_place_is_asked_by_pointer_and_by_keys(seen):
    stage = seen.get_by_role("slider", name="Place on the plane")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    seen.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
    seen.wait_for_function("document.querySelector('.plane-here').textContent.includes(': D says')")
    assert re.match(r"At \(1\.[56]\d?, \u22121\.[56]\d?\)", seen.locator(".plane-here").inner_text())
    stage.focus()
    stage.press("ArrowUp")
    assert re.match(r"At \(1\.[56]\d?, \u22121\.[45]\d?\)", stage.get_attribute("aria-valuetext"))


def test_a_drawing_by_pointer_and_by_keys_becomes_the_data(browser):
    with shown(browser, PlaneGAN(data="drawn", step=0), width=390, has_touch=True) as (page, said):
        settled(page, 0)
        page.get_by_role("button", name="Clear").click()
        assert "The plane is yours" in page.locator(".plane-said").inner_text()
        stage = page.get_by_role("slider", name="Place on the plane")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 200, box["y"] + 200, steps=8)
        page.mouse.up()
        settled(page, 0)
        stroke = drawn(page)
        stage.focus()
        for key in ("Shift+ArrowUp", "Shift+ArrowUp", "Enter"):
            stage.press(key)
        assert drawn(page) != stroke
        page.get_by_role("button", name="Step", exact=True).click()
        settled(page, 1)
    assert said.everything() == []


def test_it_does_not_run_before_it_is_in_view_nor_when_it_has_left(browser):
    with shown(browser, PlaneGAN(step=5, playing=True), height=300) as (page, said):
        page.evaluate("document.querySelector('.cell_output').style.marginTop = '3000px'")
        page.wait_for_timeout(300)
        where = "+document.querySelector('.dcgan-range output').value"
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
        stood = page.evaluate(where)
        page.wait_for_timeout(300)
        assert page.evaluate(where) == stood
        page.locator(".plane-stage").scroll_into_view_if_needed()
        page.wait_for_function(f"{where} > {stood + 5}")
        page.evaluate("document.querySelector('.dcgan-plane').parentElement.remove()")
        page.wait_for_timeout(200)
    assert said.everything() == []


def test_who_asked_for_less_motion_gets_leaps(browser):
    with shown(browser, PlaneGAN(step=0, playing=True), reduced_motion="reduce") as (page, said):
        settled(page, 0)
        page.get_by_role("button", name="25 steps").click()
        settled(page, 25)
        page.wait_for_timeout(200)
        assert "Step 25." in page.locator(".plane-said").inner_text()
    assert said.everything() == []


LIVE = """async ({ code, state }) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const hears = {};
  const emit = event => (hears[event] ?? []).forEach(hear => hear());
  window.live = {
    get: name => state[name],
    set(name, value) { if (state[name] !== value) { state[name] = value; emit(`change:${name}`); } },
    on: (event, hear) => (hears[event] ??= []).push(hear),
    off: (event, hear) => (hears[event] = (hears[event] ?? []).filter(h => h !== hear)),
    save_changes() {},
  };
  document.body.append(document.createElement("div"));
  widget.render({ model: window.live, el: document.body.lastChild });
}"""
WEIGHTS = "[...new Uint8Array(live.get('weights').buffer)]"


def test_with_a_kernel_a_step_set_in_python_moves_the_page_and_its_weights_come_back(page):
    widget = PlaneGAN(step=30, data="moons")
    state = {name: getattr(widget, name) for name in PlaneGAN.class_own_traits(sync=True) if name[0] != "_"}
    page.page.evaluate(LIVE, {"code": widget._esm, "state": {**state, "weights": None}})
    page.page.wait_for_function("live.get('weights')?.byteLength")
    widget.weights = bytes(page.page.evaluate(WEIGHTS))
    ours = widget.play()
    torch.testing.assert_close(flat(widget.G, widget.D), flat(ours.G, ours.D), rtol=0, atol=1e-3)

    for step in (20, 24, 7):  # back to a kept moment, ahead, and to one between two moments
        page.page.evaluate("step => { live.set('weights', null); live.set('step', step); }", step)
        page.page.wait_for_function("live.get('weights')?.byteLength")
        widget.step, widget.weights = step, bytes(page.page.evaluate(WEIGHTS))
        ours = widget.play()
        torch.testing.assert_close(flat(widget.G, widget.D), flat(ours.G, ours.D), rtol=0, atol=1e-3)

    page.page.evaluate("() => { live.set('weights', null); live.set('lr_g', 0.05); live.set('step', 9); }")
    page.page.wait_for_function("live.get('weights')?.byteLength")
    widget.weights = bytes(page.page.evaluate(WEIGHTS))
    ours.opt_g.param_groups[0]["lr"] = 0.05  # a setting joins the game that runs
    for _ in range(2):
        ours.step()
    torch.testing.assert_close(flat(widget.G, widget.D), flat(ours.G, ours.D), rtol=0, atol=1e-3)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_fits_and_axe_finds_nothing_grave(browser, width, scheme):
    with shown(browser, PlaneGAN(step=3), width=width, scheme=scheme) as (page, said):
        settled(page, 3)
        page.locator("summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert grave(page) == []
    assert said.everything() == []
