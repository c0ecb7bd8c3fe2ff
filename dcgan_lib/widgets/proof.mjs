// DraggableProof: data and fakes on a line, under the reader's hand. proof-math.mjs computes, proof-plot.mjs draws;
// proof-words.mjs says; here are the controls and the pointer.

import { BARS, analyse, asDrawn, barAt, barWidth, landscape, struck } from "./proof-math.mjs";
import { consequences, densities, handlesOf, scaleOf } from "./proof-plot.mjs";
import { exact, sentences, table } from "./proof-words.mjs";
import { button, choice, make, perFrame, range, written } from "./ui.mjs";

const SIDES = { data: "Data", fakes: "Fakes" };
const BOUNDS = { mean: [-4, 4, 0.05], width: [0.2, 2, 0.1], gap: [0, 4, 0.1] };
const MEANS = Array.from({ length: 81 }, (_, i) => (i - 40) / 10); // where the fakes might stand
const GRASP = 18; // pixels around a dot that are the dot

const snapped = (name, value) => {
  const [low, high, step] = BOUNDS[name];
  return Math.round(100 * Math.min(high, Math.max(low, step * Math.round(value / step)))) / 100;
};

/** Kind, mean, width and gap of one density. */
function shapeControls(side, set) {
  const kind = choice({ label: "Made of", options: { bells: "bells", blocks: "blocks", drawn: "drawn" } }, (value) => set("kind", value));
  const sliders = Object.fromEntries(
    Object.entries(BOUNDS).map(([name, [min, max, step]]) => [name, range({ label: name, min, max, step }, (value) => set(name, value))]),
  );
  for (const name in sliders) sliders[name].input.setAttribute("aria-label", `${name} of the ${side}`);
  const element = make("fieldset", `proof-side proof-of-${side}`, {}, make("legend", `proof-${side}`, { textContent: SIDES[side] }), kind.element);
  element.append(...Object.values(sliders).map((slider) => slider.element));
  const show = (shape, compact) => {
    kind.show(shape.kind);
    for (const name in sliders) sliders[name].show(shape[name]);
    kind.element.hidden = sliders.width.element.hidden = compact;
    sliders.gap.element.hidden = compact || shape.kind === "drawn";
  };
  return { element, show };
}

/** Drawing with the keys: which bar, and how much of all mass it takes. */
function barControls(strike) {
  const bar = range({ label: "bar", min: 1, max: BARS, step: 1 }, () => showMass());
  const mass = range({ label: "its mass", min: 0, max: 0.95, step: 0.01 }, (value) => strike(Number(bar.input.value) - 1, value));
  const element = make("div", "dcgan-controls", {}, bar.element, mass.element);
  let bars = [];
  const showMass = () => mass.show((bars[Number(bar.input.value) - 1] ?? 0) / (bars.reduce((a, b) => a + b, 0) || 1));
  bar.show(BARS / 2);
  return { element, show: (next) => ((bars = next), showMass()) };
}

function render({ model, el }) {
  const stateOf = () => {
    const side = (name) => Object.fromEntries(["kind", "mean", "width", "gap", "bars"].map((key) => [key, model.get(`${name}_${key}`)]));
    return { data: side("data"), fakes: side("fakes"), noise: model.get("noise"), pointer: model.get("pointer"), compact: model.get("compact") };
  };
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  /** From now on the pointer draws this density, which begins as what is there. */
  const draws = (side) => {
    const shape = stateOf()[side];
    const { kind, width, bars } = shape.kind === "drawn" ? shape : asDrawn(shape);
    set({ [`${side}_kind`]: kind, [`${side}_width`]: width, [`${side}_bars`]: bars, pointer: side });
  };
  const setOf = (side) => (name, value) => {
    if (value === "drawn") return draws(side);
    set({ [`${side}_${name}`]: value });
    if (name === "kind" && model.get("pointer") === side) set({ pointer: "drag" });
  };

  const names = Object.keys(model.get("presets"));
  const starts = names.map((name) => button(name, () => set(model.get("presets")[name])));
  const top = densities();
  const below = consequences();
  const noise = range({ label: "noise added to both", min: 0, max: 2, step: 0.1 }, (value) => set({ noise: value }));
  const sides = Object.fromEntries(Object.keys(SIDES).map((side) => [side, shapeControls(side, setOf(side))]));
  const pointer = choice({ label: "Pointer", options: { drag: "drags", data: "draws data", fakes: "draws fakes" } }, (value) =>
    value === "drag" ? set({ pointer: value }) : draws(value),
  );
  const strike = (bar, density) => {
    const side = model.get("pointer");
    draws(side); // Python may have said so of a bell
    const shape = stateOf()[side];
    set({ [`${side}_bars`]: struck(shape.bars, bar, density, barWidth(shape)) });
  };
  const byKeys = barControls((bar, mass) => strike(bar, mass / barWidth(stateOf()[model.get("pointer")])));
  const numbers = table();
  const said = make("p", "proof-said");
  said.setAttribute("aria-live", "polite");

  const figure = make("figure", "dcgan-widget dcgan-proof");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  figure.append(
    make("div", "dcgan-controls proof-starts", { role: "group", ariaLabel: "Start from" }, ...starts),
    top.element,
    below.element,
    said,
    make("div", "dcgan-controls", {}, noise.element, pointer.element),
    byKeys.element,
    make("div", "proof-sides", {}, sides.data.element, sides.fakes.element),
    numbers.element,
    make("figcaption", "", { textContent: model.get("caption") }),
  );
  el.append(figure);

  let [found, foundFor, curve, curveFor, held] = [null, "", null, "", null];
  const width = () => figure.clientWidth || 600;
  function compute(state) {
    const key = JSON.stringify([state.data, state.fakes, state.noise]);
    if (key !== foundFor) found = analyse(state);
    foundFor = key;
    const elsewhere = JSON.stringify([state.data, { ...state.fakes, mean: 0 }, state.noise]);
    if (elsewhere !== curveFor) curve = landscape(found, state.fakes.mean, MEANS).map((value, i) => [MEANS[i], value]);
    curveFor = elsewhere;
  }

  function draw() {
    const [state, wide] = [stateOf(), width()]; // read before anything is written, so that the page is laid out once
    compute(state);
    const { numbers: read, slopes, fakes } = found;
    const flat = fakes.every((density, i) => density < 1e-12 || slopes.saturating[i] === 0);
    const slopeWords = (name) => (Number.isNaN(read[name]) ? "no slope" : `slope ${exact(read[name])}`);
    top.draw(state, found, wide, held?.scale);
    below.draw(state, found, curve, wide, { saturating: slopeWords("saturating"), non_saturating: slopeWords("non_saturating") });
    top.element.setAttribute("aria-label", `Densities: data with mean ${written(state.data.mean)}, fakes with mean ${written(state.fakes.mean)}.`);
    below.element.setAttribute("aria-label", `The best discriminator, the pulls of both losses, and the value ${exact(read.value)}.`);
    top.element.classList.toggle("proof-drawing", state.pointer !== "drag");
    said.textContent = sentences(read, flat);
    numbers.draw(read);
    noise.show(state.noise);
    pointer.show(state.pointer);
    const presets = model.get("presets");
    names.forEach((name, i) => starts[i].setAttribute("aria-pressed", Object.entries(presets[name]).every(([trait, value]) => model.get(trait) === value)));
    for (const side in sides) sides[side].show(state[side], state.compact);
    byKeys.element.hidden = state.pointer === "drag";
    if (state.pointer !== "drag") byKeys.show(state[state.pointer].bars);
    numbers.element.hidden = pointer.element.hidden = state.compact;
  }

  // --- the pointer
  const place = (event) => {
    const box = top.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  /** What lies under the pointer: a dot, else the curve that it is inside of, else the nearer one. */
  function grasp(at, state) {
    const scale = scaleOf(width());
    const dots = Object.keys(SIDES).flatMap((side) => handlesOf(state, side).map((x) => ({ side, what: "width", away: Math.hypot(scale.x(x) - at.x, top.pixelAt(found[side], x) - at.y) })));
    dots.sort((one, other) => one.away - other.away);
    if (dots[0]?.away < GRASP) return dots[0];
    const x = scale.at(at.x);
    const inside = Object.keys(SIDES).filter((side) => top.pixelAt(found[side], x) < at.y);
    const nearest = (inside.length === 1 ? inside : Object.keys(SIDES)).sort((one, other) => Math.abs(state[one].mean - x) - Math.abs(state[other].mean - x));
    return { side: nearest[0], what: "mean" };
  }
  /** Heights as the hand draws them. They keep their pixels until it lets go; the axis shrinks to hold a mass of 1. */
  function beginStroke(side) {
    draws(side);
    const { width, bars } = stateOf()[side];
    const sum = bars.reduce((a, b) => a + b);
    return { side, what: "bars", tall: top.tall(), heights: bars.map((bar) => bar / sum / barWidth({ width })) };
  }
  function stroke(at) {
    const shape = stateOf()[held.side];
    const bar = barAt(scaleOf(width()).at(at.x), shape);
    const from = held.bar ?? bar;
    for (let k = from; ; k += Math.sign(bar - from)) {
      if (k >= 0 && k < BARS) held.heights[k] = top.shareAt(at.y) * held.tall; // a fast pointer leaves out none
      if (k === bar) break;
    }
    held.bar = bar;
    const mass = held.heights.reduce((a, b) => a + b) * barWidth(shape);
    if (mass === 0) return;
    held.scale = held.tall / mass;
    set({ [`${held.side}_bars`]: held.heights.map((height) => Math.round((1e5 * height * barWidth(shape)) / mass) / 1e5) });
  }
  top.element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const [at, state] = [place(event), stateOf()];
    top.element.setPointerCapture(event.pointerId);
    held = state.pointer === "drag" ? { ...grasp(at, state), from: at, shape: state } : beginStroke(state.pointer);
    if (held.what === "bars") stroke(at);
  });
  top.element.addEventListener("pointermove", (event) => {
    if (!held || !top.element.hasPointerCapture(event.pointerId)) return;
    const at = place(event);
    if (held.what === "bars") return stroke(at);
    const { side, what, from } = held;
    const before = held.shape[side];
    const scale = scaleOf(width());
    const moved = (at.x - from.x) / scale.perUnit;
    const outwards = Math.sign(scale.at(from.x) - before.mean) || 1;
    const next = snapped(what, before[what] + (what === "mean" ? moved : outwards * moved * (before.kind === "blocks" ? 2 : 1)));
    if (next !== model.get(`${side}_${what}`)) set({ [`${side}_${what}`]: next });
  });
  const release = () => {
    held = null;
    later();
  };
  top.element.addEventListener("pointerup", release);
  top.element.addEventListener("pointercancel", release);

  const later = perFrame(draw);
  model.on("change", later);
  const resized = new ResizeObserver(later);
  resized.observe(figure);
  draw();
  return () => {
    model.off("change", later);
    resized.disconnect();
    later.cancel();
  };
}

export default { render };
