// ConvolutionArithmetic: its controls, its four views, and the cell that lights up in all of them.
// What is computed is in convolution-math.mjs.

import { makeMatrix, makeOverlap } from "./convolution-charts.mjs";
import { makeGrids } from "./convolution-grids.mjs";
import { formulaOf, isSmall, outputSize, overlapOf, problemOf, sameSizes, sizeOf } from "./convolution-math.mjs";
import { makeTable } from "./convolution-table.mjs";
import { button, checkbox, choice, make, perFrame, range, stillPlease } from "./ui.mjs";

const VIEWS = { grids: "cells", matrix: "matrix", overlap: "overlap", table: "table of layers", all: "all" };
const BEAT = 450; // milliseconds that a cell stays lit while it plays
const NUMBERS = {
  size: ["input", 1, 12],
  kernel: ["kernel k", 1, 8],
  stride: ["stride s", 1, 4],
  padding: ["padding p", 0, 4],
  output_padding: ["output padding e", 0, 3],
};
const CAPTIONS = {
  grids: "Point at a cell of either side, touch it, or use the arrow keys: the cells that it is connected to take the colours of the kernel's taps. Dashed: padding. A stroke: no tap gets there.",
  matrix: "One axis of the map as a matrix. Every colour is one weight of the kernel. Point at a cell of it, then change the stride.",
  overlap: "Try kernel 5, then 4, with stride 2. Which kernels are even with stride 3?",
  table: "Does every printed size come out? Change a number until it does.",
};
const FORMULAS = { strided: "m = ⌊(n + 2p − k) / s⌋ + 1", transposed: "n = (m − 1)·s − 2p + k + e" };
const and = (numbers) => numbers.join(", ").replace(/, (\d+)$/, " and $1");

/** What the floor drops, and which sizes it makes one. */
export function remarksOf(setting) {
  const strided = setting.kind === "strided";
  const unseen = overlapOf(setting).flatMap((count, cell) => (count ? [] : [cell]));
  const same = sameSizes(setting);
  const out = [];
  if (unseen.length) out.push(`${strided ? "No output reads input" : "No stamp reaches output"} ${and(unseen)}.`);
  if (same.length > 1 && strided) out.push(`Inputs of ${and(same)} give an output of ${outputSize(setting)}.`);
  if (same.length > 1 && !strided) out.push(`Outputs of ${and(same)} belong to an input of ${setting.size}: the output padding says which is meant.`);
  return out.join(" ");
}

function render({ model, el }) {
  const set = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const light = (side, cell) => {
    if (side === model.get("lit_side") && String(cell) === String(model.get("lit"))) return;
    model.set("lit_side", side);
    model.set("lit", cell);
    model.save_changes();
  };

  const view = choice({ label: "Show", options: VIEWS }, set("view"));
  const kind = choice({ label: "Convolution", options: { strided: "strided", transposed: "transposed" } }, set("kind"));
  const dims = choice({ label: "On a", options: { 1: "line", 2: "map" } }, (value) => set("dims")(Number(value)));
  const inserted = checkbox({ label: "zeros between the inputs" }, set("inserted"));
  const numbers = Object.entries(NUMBERS).map(([name, [label, min, max]]) => [name, range({ label, min, max, step: 1, digits: 0 }, set(name))]);
  const sliders = make("div", "conv-sliders", {}, ...numbers.map(([, slider]) => slider.element));
  const formula = make("p", "conv-formula");
  const remarks = make("p", "conv-said");
  const problem = make("p", "conv-problem");
  problem.setAttribute("role", "status");

  const drawings = { grids: makeGrids(light), matrix: makeMatrix(light), overlap: makeOverlap(), table: makeTable(model.get("tables"), set("table")) };
  const play = makePlayer(next, (yes) => drawings.grids.quiet(yes));
  const bar = make("div", "dcgan-controls", {}, dims.element, inserted.element, play.element);
  const panels = {};
  for (const [name, drawing] of Object.entries(drawings)) {
    const caption = make("p", "conv-hint", { textContent: CAPTIONS[name] });
    panels[name] = make("section", "conv-panel", {}, ...(name === "grids" ? [bar] : []), drawing.element, caption);
    panels[name].setAttribute("aria-label", VIEWS[name]);
  }

  const setting = make("div", "", {}, make("div", "dcgan-controls", {}, kind.element), sliders, formula, remarks, problem);
  const figure = make("figure", "dcgan-widget dcgan-convolution", {}, make("div", "dcgan-controls", {}, view.element), setting, ...Object.values(panels));
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  el.append(figure);

  /** The numbers, and what is lit as far as there are cells; null where the numbers do not go together. */
  function read() {
    const values = Object.fromEntries(["kind", ...Object.keys(NUMBERS)].map((name) => [name, model.get(name)]));
    const said = problemOf(values);
    if (said) return { setting: values, problem: said };
    const side = model.get("lit_side");
    const last = sizeOf(values, side) - 1;
    const lit = { side, cell: model.get("lit").map((at) => Math.min(at, last)) };
    const zeros = values.kind === "transposed" && model.get("inserted");
    return { setting: values, problem: "", lit, dims: model.get("dims"), inserted: zeros, width: figure.clientWidth };
  }

  /** Light the next cell of the side that does something: outputs read, stamps are printed. */
  function next() {
    const state = read();
    if (state.problem) return;
    const side = state.inserted ? "output" : isSmall(state.setting, "output") ? "output" : "input";
    const size = sizeOf(state.setting, side);
    const cells = state.dims === 1 ? size : size * size;
    const at = state.dims === 1 ? state.lit.cell[1] : state.lit.cell[0] * size + state.lit.cell[1];
    const to = state.lit.side === side ? (at + 1) % cells : 0;
    light(side, state.dims === 1 ? [0, to] : [Math.floor(to / size), to % size]);
  }

  const drawn = {}; // what each view was last drawn for
  function draw() {
    if (!figure.clientWidth) return; // not in view: when it has a width it is drawn
    const state = read();
    const { kind: operation } = state.setting;
    const shown = model.get("view");
    view.show(shown);
    kind.show(operation);
    dims.show(String(model.get("dims")));
    inserted.show(model.get("inserted"));
    for (const [name, slider] of numbers) slider.show(state.setting[name]);
    sliders.querySelector(".dcgan-name").textContent = operation === "strided" ? "input n" : "input m";
    sliders.lastChild.hidden = operation === "strided";
    inserted.element.hidden = operation === "strided";
    setting.hidden = shown === "table";
    formula.textContent = state.problem ? FORMULAS[operation] : `${FORMULAS[operation]}\n${formulaOf(state.setting)}`;
    remarks.textContent = state.problem ? "" : remarksOf(state.setting);
    problem.textContent = state.problem && `${state.problem}.`;
    for (const [name, panel] of Object.entries(panels)) {
      panel.hidden = (shown !== "all" && shown !== name) || (name !== "table" && state.problem !== "");
      const seen = name === "table" ? model.get("table") : name === "overlap" ? { setting: state.setting, width: state.width } : state;
      if (panel.hidden || drawn[name] === JSON.stringify(seen)) continue; // what is being typed into a table stays
      drawn[name] = JSON.stringify(seen);
      drawings[name].draw(seen);
    }
    if (panels.grids.hidden) play.stop();
  }

  const later = perFrame(draw);
  const traits = ["view", "dims", "inserted", "lit_side", "lit", "table", "kind", ...Object.keys(NUMBERS)];
  traits.forEach((name) => model.on(`change:${name}`, later));
  let width = -1;
  const resized = new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    later();
    if (!width) play.stop();
  });
  resized.observe(figure);
  const watch = new IntersectionObserver(([entry]) => entry.isIntersecting || play.stop());
  watch.observe(figure);
  const hidden = () => document.hidden && play.stop();
  document.addEventListener("visibilitychange", hidden);
  draw();
  return () => {
    traits.forEach((name) => model.off(`change:${name}`, later));
    later.cancel();
    resized.disconnect();
    watch.disconnect();
    document.removeEventListener("visibilitychange", hidden);
    play.stop();
  };
}

/** Runs through the cells; for who asked for less motion it goes one cell at a press. */
function makePlayer(next, quiet) {
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    quiet(false);
    element.textContent = stillPlease() ? "Next cell" : "Play";
  };
  const start = () => {
    next();
    timer = setInterval(next, BEAT);
    quiet(true);
    element.textContent = "Pause";
  };
  const element = button("Play", () => (stillPlease() ? next() : timer ? stop() : start()));
  stop();
  return { element, stop };
}

export default { render };
