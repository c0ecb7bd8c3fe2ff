// PlaneGAN: a GAN on the plane that is trained in the page. This is the view; the game is plane-game.mjs's, its
// measures are plane-measures.mjs's, and plane-run.mjs plays it.

import { sigmoid } from "./losses-math.mjs";
import { makeChart } from "./plane-charts.mjs";
import { makeData } from "./plane-data.mjs";
import { halfLine, makePlane } from "./plane-draw.mjs";
import { DEFAULTS } from "./plane-game.mjs";
import { BINS, EDGES, LIMIT, MEASURED, atRest, bestD, cellShares, divergence, divergenceFloor, makeFakes, modesCovered, pull, scoresOn, verdicts } from "./plane-measures.mjs";
import { forward } from "./plane-net.mjs";
import { SPEEDS, makeRun } from "./plane-run.mjs";
import { mersenneTwister } from "./random.mjs";
import { button, checkbox, choice, make, perFrame, range, seedField, stillPlease, written } from "./ui.mjs";

const DATA = { ring: "ring", grid: "grid", spiral: "spiral", moons: "moons", line: "line", blob: "one heap", drawn: "draw it" };
const LOSSES = {
  non_saturating: "non-saturating",
  saturating: "saturating",
  least_squares: "least squares",
  wasserstein: "Wasserstein",
  hinge: "hinge",
};
const GROUNDS = { D: "what D says", best: "the best D", none: "nothing" };
const LAYERS = { real: "data", fakes: "fakes", pulls: "pull on fakes", map: "G's map" };
const FRESH = ["data", "drawn", "seed", "width", "latent"]; // these begin another game; the other settings join the one that runs
const SHOWN = 300; // points of each kind
const ARROWS = 60;
const SIDE = 48; // of the lattice on which D is asked
const CHART_EVERY = 100; // milliseconds between two drawings of the measures while it plays: they cost more than the plane
const SAY_EVERY = 250; // milliseconds between two words to Python about the step, while it plays
const LEAP = 25; // steps at a press, for who asked for less motion
const AGAIN = 1000; // at most so many steps are played anew when a paused game is begun with other data
const ASK = "Point at the plane, or move over it with the arrow keys, to ask D about a place.";
const STROKE = 0.12; // distance between two drawn points
const MOST_DRAWN = 400;

const crossEntropy = (loss) => loss.includes("saturating");
const rate = (exponent) => Number((10 ** exponent).toPrecision(2));
const percent = (share) => `${written(100 * share, share > 0.01 && share < 0.99 ? 0 : 1)} %`;

/** A learning rate: the slider moves its exponent. */
function rateSlider(label, change) {
  const slider = range({ label, min: -4, max: 0, step: 0.1, text: (exponent) => written(rate(exponent), 5) }, (value) => change(rate(value)));
  return { element: slider.element, show: (value) => slider.show(Math.log10(value)) };
}

/** The lines of a grid on the z plane, each as a list of z. */
function gridLines(latent) {
  const reach = latent === "uniform" ? 1 : 2.4;
  const at = (i, n) => reach * ((2 * i) / (n - 1) - 1);
  const line = (turn) => (_, tick) => Float64Array.from({ length: 120 }, (_, i) => (i % 2 === turn ? at(tick, 13) : at(i >> 1, 60)));
  return [...Array.from({ length: 13 }, line(0)), ...Array.from({ length: 13 }, line(1))];
}

function render({ model, el }) {
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const get = (name) => model.get(name);
  const setter = (name) => (value) => set({ [name]: value });
  const config = () => Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, get(name)]));

  let [data, masses, floor, fakesOf, real] = [];
  let [ground, groundCost, frames] = [null, 0, 0];
  let place = null; // under the pointer or the arrow keys
  let blank = false; // the plane waits for a first stroke
  let [saidStep, saidAt, chartedAt] = [get("step"), 0, 0];

  // --- the game

  const run = makeRun({ draw: (settled) => show(settled), speed: () => get("speed") });

  function begin() {
    data = makeData(get("data"), get("drawn"));
    masses = data.cellMasses(EDGES);
    floor = divergenceFloor(data, masses);
    fakesOf = makeFakes(get("latent"));
    real = data.sample(SHOWN, mersenneTwister(1));
    blank = false;
    run.begin(data, config(), measure);
  }

  function measure({ G }) {
    const fakes = fakesOf(G);
    return { divergence: divergence(masses, cellShares(fakes)), modes: data.modes ? modesCovered(fakes, data) : null };
  }

  /** The losses of the last kept moment, and the measures: of now where the game stands still. */
  function reading(settled) {
    const moment = run.history.moments.findLast(({ step }) => step <= run.game.steps);
    return settled ? { ...moment, ...measure(run.game) } : moment;
  }

  /** A new game. One that stood still is played to where it stood; one that played goes on from its first step. */
  function beginAgain(upTo = get("playing") ? 0 : Math.min(run.game.steps, AGAIN)) {
    begin();
    run.goTo(upTo);
  }

  /** Tell Python, and other views, where the game is. */
  function sayStep(settled) {
    if (run.game.steps === saidStep || (!settled && performance.now() - saidAt < SAY_EVERY)) return;
    [saidStep, saidAt] = [run.game.steps, performance.now()];
    const weights = {};
    if (settled && model.kernel !== false) {
      weights.weights = new DataView(Float64Array.from([...run.game.G.theta, ...run.game.D.theta]).buffer);
    }
    set({ step: saidStep, ...weights });
  }

  // --- what is drawn

  const plane = makePlane("Place on the plane; the arrow keys move it");
  const lossChart = makeChart("Losses");
  const divergenceChart = makeChart("Jensen-Shannon divergence");
  const modesChart = makeChart("Modes covered");
  const here = make("p", "plane-here", { textContent: ASK });
  const said = make("p", "plane-said");
  said.setAttribute("aria-live", "polite");

  /** What the chosen ground shows, or null. */
  function groundNow(fakes) {
    const { D, config: { loss, noise, real_target } } = run.game;
    const kind = get("ground");
    if (kind === "none") return null;
    if (kind === "best") {
      let best = bestD(masses, fakes, noise, crossEntropy(loss) ? real_target : 1);
      if (loss === "hinge") best = best.map((share) => (share === null ? null : share > 0.5 ? 1 : share < 0.5 ? 0 : 0.5));
      return { verdicts: best, side: BINS, smooth: false, half: [] };
    }
    const scores = scoresOn(D, SIDE);
    const found = verdicts(loss, scores, loss === "wasserstein" ? middleScore(fakes.subarray(0, 2 * SHOWN)) : 0);
    return { verdicts: found, side: SIDE, smooth: true, half: halfLine(found, SIDE) };
  }

  const meanScore = (points) => forward(run.game.D, points, points.length / 2).at(-1).reduce((a, b) => a + b) / (points.length / 2);
  const middleScore = (fakes) => (meanScore(real) + meanScore(fakes)) / 2;

  function show(settled = !run.busy) {
    if (!run.game) return;
    const quiet = !settled && stillPlease(); // no film for who asked for less motion
    if (!quiet) drawPlane(settled);
    sayStep(settled);
    const now = performance.now();
    if (!settled && (quiet || now - chartedAt < CHART_EVERY)) return;
    chartedAt = now;
    const at = reading(settled);
    drawCharts(at);
    if (settled) said.textContent = summary(at);
    const { moments } = run.history;
    const future = moments.at(-1).step > run.game.steps ? moments.at(-1).step : run.game.steps;
    time.input.max = future;
    time.show(run.game.steps);
  }

  function drawPlane(settled) {
    const { G, D, config: { loss, latent } } = run.game;
    const layers = get("layers");
    const fakes = fakesOf(G, get("ground") === "best" || place ? MEASURED : SHOWN);
    if (settled || frames++ % Math.ceil(groundCost / 3 + 0.01) === 0) {
      const begun = performance.now();
      ground = groundNow(fakes);
      groundCost = 0.5 * groundCost + 0.5 * (performance.now() - begun);
    }
    const [shown, some] = [fakes.subarray(0, 2 * SHOWN), fakes.subarray(0, 2 * ARROWS)];
    const scene = { ground, place };
    if (layers.includes("real")) scene.real = real;
    if (layers.includes("fakes")) scene.fakes = shown;
    if (layers.includes("pulls")) Object.assign(scene, { arrowsAt: some, pulls: pull(D, some, loss) });
    if (layers.includes("map")) scene.map = gridLines(latent).map((z) => forward(G, z, z.length / 2).at(-1));
    if (place) {
      scene.placePull = pull(D, Float64Array.from(place), loss);
      here.textContent = sayPlace(scene.placePull, fakes);
    }
    plane.draw(blank ? { real: Float64Array.from(strokes.flat()), place } : scene);
  }

  /** What D says here, what the best D would say, and the pull. */
  function sayPlace([dx, dy], fakes) {
    const { D, config: { loss, noise } } = run.game;
    const score = forward(D, Float64Array.from(place), 1).at(-1)[0];
    const cell = place.map((v) => Math.min(BINS - 1, Math.floor(((v + LIMIT) * BINS) / (2 * LIMIT))));
    const share = bestD(masses, fakes, noise)[cell[1] * BINS + cell[0]];
    const says = crossEntropy(loss) ? `D says ${percent(sigmoid(score))}` : `D's score is ${written(score)}`;
    const truth = share === null ? "neither data nor fakes come here" : `${percent(share)} of the points around here are real`;
    return `At (${place.map((v) => written(v)).join(", ")}): ${says}; ${truth}. A fake here is pulled by (${written(dx)}, ${written(dy)}).`;
  }

  function drawCharts(at) {
    const { moments, otherFuture } = run.history;
    const { steps: now, config: { loss, real_target } } = run.game;
    const last = Math.max(100, now, moments.at(-1).step, otherFuture.at(-1)?.step ?? 0);
    const line = (role, name, from = moments) => ({ role, points: from.map((moment) => [moment.step, moment[name]]) });
    const number = (value) => (Number.isFinite(value) ? written(value) : "–");

    const losses = moments.flatMap(({ loss_d, loss_g }) => [loss_d, loss_g]).filter(Number.isFinite);
    const rest = atRest(loss, real_target);
    const logs = crossEntropy(loss) && real_target === 1;
    const references = rest
      ? [
          { value: rest.loss_d, label: logs ? "2 log 2" : "D at rest" },
          { value: rest.loss_g, label: !logs ? "G at rest" : loss === "saturating" ? "\u2212log 2" : "log 2" },
        ]
      : [];
    lossChart.draw({
      words: [["Losses"], [`D ${number(at.loss_d)}`, "d"], [`G ${number(at.loss_g)}`, "fake"]],
      lines: [line("d", "loss_d"), line("fake", "loss_g")],
      references,
      from: Math.min(0, 1.3 * (rest?.loss_g ?? 0), ...losses),
      to: Math.max(rest ? 1.3 * rest.loss_d : 0.5, ...losses),
      last,
      now,
    });
    divergenceChart.draw({
      words: [["JSD"], [at.divergence.toFixed(3), "fake"], [`(a perfect G: ${floor.toFixed(3)})`]],
      lines: [line("other", "divergence", otherFuture), line("fake", "divergence")],
      references: [{ value: Math.LN2, label: "" }, { value: floor, label: "a perfect G" }],
      from: 0,
      to: 0.72,
      last,
      now,
    });
    modesChart.element.hidden = !data.modes;
    if (data.modes) {
      const modes = data.means.length;
      modesChart.draw({ words: [["Modes covered"], [`${at.modes} of ${modes}`, "fake"]], lines: [line("fake", "modes")], references: [{ value: modes, label: "" }], from: 0, to: 1.05 * modes, last, now });
    }
  }

  function summary(at) {
    if (blank) return "The plane is yours: draw, or move the cross with the arrow keys and press Enter for every point.";
    const modes = data.modes ? `, ${at.modes} of ${data.means.length} modes covered` : "";
    const { loss, weight_clip } = run.game.config;
    const loose = loss === "wasserstein" && !weight_clip ? " Nothing bounds D's scores: give its weights a bound." : "";
    return `Step ${run.game.steps}. Divergence ${at.divergence.toFixed(3)}${modes}.${loose}`;
  }

  // --- controls

  const play = button("", () => {
    if (stillPlease()) return run.step(LEAP);
    set({ playing: !get("playing") });
  });
  const oneStep = button("Step", () => {
    if (get("playing")) set({ playing: false });
    run.step();
  });
  const restart = button("Restart", () => beginAgain(0));
  const speed = choice({ label: "Speed", options: SPEEDS }, setter("speed"));
  const time = range({ label: "Step", min: 0, max: 100, step: 1, digits: 0 }, (step) => {
    if (get("playing")) set({ playing: false });
    run.look(step);
  });
  const choices = {
    data: choice({ label: "Data", options: DATA }, setter("data")),
    loss: choice({ label: "Loss", options: LOSSES }, setter("loss")),
    ground: choice({ label: "Ground", options: GROUNDS }, setter("ground")),
    optimiser: choice({ label: "Optimiser", options: { adam: "Adam", sgd: "SGD" } }, setter("optimiser")),
    latent: choice({ label: "z", options: { gaussian: "normal", uniform: "uniform" } }, setter("latent")),
    batch_size: choice({ label: "Batch", options: { 16: "16", 32: "32", 64: "64", 128: "128", 256: "256" } }, (v) => set({ batch_size: Number(v) })),
    width: choice({ label: "Hidden units", options: { 8: "8", 16: "16", 32: "32", 64: "64" } }, (v) => set({ width: Number(v) })),
  };
  const sliders = {
    lr_d: rateSlider("D's rate", setter("lr_d")),
    lr_g: rateSlider("G's rate", setter("lr_g")),
    d_steps: range({ label: "D moves per G move", min: 1, max: 10, step: 1 }, setter("d_steps")),
    beta1: range({ label: "beta1", min: 0, max: 0.95, step: 0.05 }, setter("beta1")),
    noise: range({ label: "instance noise", min: 0, max: 1, step: 0.05 }, setter("noise")),
    real_target: range({ label: "target of real points", min: 0.6, max: 1, step: 0.05 }, setter("real_target")),
    weight_clip: range({ label: "bound on D's weights", min: 0, max: 1, step: 0.05, text: (v) => (v ? written(v) : "none") }, setter("weight_clip")),
  };
  const layers = Object.fromEntries(
    Object.entries(LAYERS).map(([name, label]) => [
      name,
      checkbox({ label }, (yes) => set({ layers: Object.keys(LAYERS).filter((other) => (other === name ? yes : get("layers").includes(other))) })),
    ]),
  );
  const seed = seedField("", setter("seed"));
  const clear = button("Clear the plane", () => {
    if (get("playing")) set({ playing: false });
    [blank, strokes.length] = [true, 0];
    show(true);
  });

  // --- the pointer and the arrow keys: they ask about a place, or draw

  const strokes = []; // since the plane was cleared, or those there were
  const drawingNow = () => get("data") === "drawn";
  function dot(at) {
    const before = strokes.at(-1);
    if (before && Math.hypot(at[0] - before[0], at[1] - before[1]) < STROKE) return;
    if (strokes.length < MOST_DRAWN) strokes.push(at);
  }
  function strokesDone() {
    if (strokes.length) set({ drawn: strokes.map((at) => [...at]) });
  }
  const redraw = perFrame(() => {
    if (run.game && !run.busy) drawPlane(true);
  });

  plane.element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    place = plane.placeOf(event);
    if (drawingNow()) {
      plane.element.setPointerCapture(event.pointerId);
      if (!blank) strokes.splice(0, strokes.length, ...get("drawn"));
      blank = true;
      dot(place);
      if (get("playing")) set({ playing: false });
    }
    redraw();
  });
  plane.element.addEventListener("pointermove", (event) => {
    place = plane.placeOf(event);
    if (plane.element.hasPointerCapture(event.pointerId)) dot(place);
    redraw();
  });
  plane.element.addEventListener("pointerup", (event) => plane.element.hasPointerCapture(event.pointerId) && strokesDone());
  plane.element.addEventListener("pointerleave", () => {
    [place, here.textContent] = [null, ASK];
    redraw();
  });
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const way = ways[event.key];
    if (way) {
      const held = (v) => Number(Math.min(LIMIT, Math.max(-LIMIT, v)).toFixed(2));
      const far = event.shiftKey ? 0.5 : 0.1;
      place = place ? place.map((v, i) => held(v + far * way[i])) : [0, 0];
      plane.element.setAttribute("aria-valuenow", place[0]);
    } else if (event.key === "Enter" && drawingNow() && place) {
      if (!blank) strokes.splice(0, strokes.length, ...get("drawn"));
      dot(place);
      strokesDone();
    } else {
      return;
    }
    event.preventDefault();
    redraw();
    if (place && run.game) plane.element.setAttribute("aria-valuetext", sayPlace(pull(run.game.D, Float64Array.from(place), get("loss")), fakesOf(run.game.G)));
  });

  // --- the figure

  const row = (className, ...children) => make("div", className, {}, ...children);
  const figure = make("figure", "dcgan-widget dcgan-plane");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  const more = make("details", "plane-more", {}, make("summary", "", { textContent: "More to change" }));
  more.append(
    row("dcgan-controls", sliders.d_steps.element, sliders.beta1.element, sliders.noise.element, sliders.real_target.element),
    row("dcgan-controls", choices.optimiser.element, choices.latent.element, choices.batch_size.element, choices.width.element),
  );
  figure.append(
    row("dcgan-controls plane-data", choices.data.element, clear),
    row("plane-main", row("plane-hold", plane.element), row("plane-measures", lossChart.element, divergenceChart.element, modesChart.element)),
    here,
    row("dcgan-controls", play, oneStep, restart, speed.element),
    row("dcgan-controls", time.element, row("plane-seed", make("span", "dcgan-name", { textContent: "Seed" }), seed.element)),
    row("dcgan-controls", choices.ground.element, ...Object.values(layers).map((layer) => layer.element)),
    row("dcgan-controls", choices.loss.element, sliders.weight_clip.element),
    row("dcgan-controls", sliders.lr_d.element, sliders.lr_g.element),
    more,
    said,
  );
  if (get("caption")) figure.append(make("figcaption", "", { textContent: get("caption") }));
  el.append(figure);

  function showControls() {
    for (const [name, control] of Object.entries(choices)) control.show(String(get(name)));
    for (const [name, control] of Object.entries(sliders)) control.show(get(name));
    for (const [name, control] of Object.entries(layers)) control.show(get("layers").includes(name));
    speed.show(get("speed"));
    seed.show(get("seed"));
    clear.hidden = !drawingNow();
    plane.element.classList.toggle("plane-draws", drawingNow());
    sliders.weight_clip.element.hidden = get("loss") !== "wasserstein" && !get("weight_clip");
    sliders.real_target.element.hidden = !crossEntropy(get("loss"));
    sliders.beta1.element.hidden = get("optimiser") !== "adam";
    play.textContent = stillPlease() ? `${LEAP} steps` : get("playing") ? "Pause" : "Play";
  }

  const heard = {};
  for (const name of Object.keys(DEFAULTS)) heard[name] = () => run.game?.change({ [name]: get(name) });
  for (const name of FRESH) heard[name] = () => run.game && (name !== "drawn" || drawingNow()) && beginAgain();
  for (const name of ["ground", "layers", "speed"]) heard[name] = () => {};
  heard.playing = () => run.game && run.play(get("playing"));
  heard.step = () => {
    if (run.game && get("step") !== saidStep) run.goTo(get("step"));
  };
  const handlers = Object.entries(heard).map(([name, handle]) => [
    `change:${name}`,
    () => {
      handle();
      showControls();
      redraw();
    },
  ]);
  handlers.forEach(([event, handle]) => model.on(event, handle));

  const watch = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return run.sleep();
    if (!run.game) {
      begin();
      if (get("playing") && stillPlease()) set({ playing: false });
      run.goTo(get("step"));
      if (get("playing")) run.play(true);
    }
    run.wake();
  });
  const refresh = perFrame(() => {
    plane.forgetColours();
    show();
  });
  const resized = new ResizeObserver(refresh);
  const themed = new MutationObserver(refresh);
  [document.documentElement, document.body].forEach((node) => themed.observe(node, { attributes: true }));
  showControls();
  watch.observe(figure);
  resized.observe(figure);
  return () => {
    handlers.forEach(([event, handle]) => model.off(event, handle));
    [watch, resized, themed].forEach((observer) => observer.disconnect());
    [redraw, refresh].forEach((asked) => asked.cancel());
    run.sleep();
  };
}

export default { render };
