// The drawings of DraggableProof, one above the other over the same x: what is dragged, and what follows from it.

import { LOG4, cellOf, dAt, samplesOf, xOf } from "./proof-math.mjs";

export const ENDS = 7; // the line is drawn from -7 to 7
const SIDE = { left: 26, right: 10 };
const TOP = { head: 22, body: 150, foot: 4 };
const UNIT = 18; // pixels of arrow for a slope of 1
const LONGEST = 54; // longer ones end in a double head
const ROW = 5; // pixels between two fakes
const SVG = "http://www.w3.org/2000/svg";
const GAMES = { saturating: "minimax, log(1 − D*)", non_saturating: "non-saturating, −log D*" };

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const line = (className, x1, y1, x2, y2) => svg("line", { class: className, x1, y1, x2, y2 });
const text = (className, x, y, words, anchor = "start") => svg("text", { class: className, x, y, "text-anchor": anchor }, words);

/** From x to pixels and back, for drawings of this width. */
export function scaleOf(width) {
  const perUnit = (width - SIDE.left - SIDE.right) / (2 * ENDS);
  return { x: (x) => SIDE.left + (x + ENDS) * perUnit, at: (pixel) => (pixel - SIDE.left) / perUnit - ENDS, perUnit };
}

const [FIRST, LAST] = [cellOf(-ENDS), cellOf(ENDS) - 1];
/** A path through a height for every visible cell; it is broken where there is none. */
function path(x, heightOf) {
  let [d, pen] = ["", "M"];
  for (let i = FIRST; i <= LAST; i++) {
    const y = heightOf(i);
    if (Number.isNaN(y)) pen = "M";
    else {
      d += `${pen}${x(xOf(i)).toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
    }
  }
  return d;
}

/** Where the dots stand that widen a density: its standard deviation, or its edge, away from the outer middles. */
export function handlesOf(state, side) {
  const { kind, mean, width, gap } = state[side];
  const out = gap / 2 + (kind === "blocks" ? width / 2 : width);
  return kind === "drawn" || state.pointer !== "drag" || state.compact ? [] : [mean - out, mean + out];
}

const peakOf = (density) => density.indexOf(density.reduce((a, b) => Math.max(a, b)));

/** The two densities, with what a pointer can hold. */
export function densities() {
  const element = svg("svg", { class: "proof-densities", role: "img", height: TOP.head + TOP.body + TOP.foot });
  let tall = 0.42; // a density of this reaches the top
  const floor = TOP.head + TOP.body;
  const y = (density) => floor - (density / tall) * TOP.body;
  /** How high a curve is at x; at a block's edge, its top. */
  const pixelAt = (density, x) => y(Math.max(density[cellOf(x - 1e-6)], density[cellOf(x + 1e-6)]));

  function draw(state, found, width, scale) {
    const { x } = scaleOf(width);
    const peaks = { data: peakOf(found.data), fakes: peakOf(found.fakes) };
    tall = scale ?? Math.max(0.42, 1.1 * found.data[peaks.data], 1.1 * found.fakes[peaks.fakes]);
    const parts = [line("proof-axis", SIDE.left, floor, width - SIDE.right, floor)];
    for (const side in peaks) {
      const outline = path(x, (i) => y(found[side][i]));
      parts.push(svg("path", { class: `proof-area proof-${side}`, d: `${outline}V${floor}H${x(xOf(FIRST))}Z` }));
      parts.push(svg("path", { class: `proof-curve proof-${side}`, d: outline }));
    }
    const dataFirst = peaks.data <= peaks.fakes; // each name to its own side
    for (const side in peaks) {
      const [at, first] = [x(xOf(peaks[side])), (side === "data") === dataFirst];
      const height = Math.max(13, y(found[side][peaks[side]]) - 9);
      parts.push(text(`proof-word proof-${side}`, first ? at - 3 : at + 3, height, side, first ? "end" : "start"));
    }
    for (const side in peaks) {
      for (const at of handlesOf(state, side)) {
        parts.push(svg("circle", { class: `proof-handle proof-${side}`, cx: x(at), cy: pixelAt(found[side], at), r: 5.5 }));
      }
    }
    element.setAttribute("width", width);
    element.setAttribute("viewBox", `0 0 ${width} ${TOP.head + TOP.body + TOP.foot}`);
    element.replaceChildren(...parts);
  }
  return { element, draw, pixelAt, tall: () => tall, shareAt: (pixel) => Math.max(0, (floor - pixel) / TOP.body) };
}

/** D*, a broken line: between supports that do not touch there is none. */
function bestD(found, width, top) {
  const { x } = scaleOf(width);
  const [high, low] = [top + 22, top + 82];
  const y = (d) => low - d * (low - high);
  const broken = found.logit.subarray(FIRST, LAST).some(Number.isNaN);
  const title = broken ? "D*(x), undefined where nothing is" : "D*(x), the best discriminator";
  const parts = [text("proof-title proof-d", SIDE.left, top + 12, title)];
  for (const [d, name] of [[1, "1"], [0.5, "½"], [0, "0"]]) {
    parts.push(line("proof-grid", SIDE.left, y(d), width - SIDE.right, y(d)), text("proof-tick", SIDE.left - 6, y(d) + 4, name, "end"));
  }
  parts.push(svg("path", { class: "proof-curve proof-d", d: path(x, (i) => y(dAt(found, i))) }));
  return [parts, low];
}

/** An arrow of a slope's pull: minus the slope. A ring where there is no slope. */
function arrow(className, x, y, slope) {
  if (Number.isNaN(slope)) return svg("circle", { class: "proof-none", cx: x, cy: y, r: 3.2 });
  const long = Math.min(Math.abs(slope) * UNIT, LONGEST);
  if (long < 1) return "";
  const way = -Math.sign(slope);
  const tip = x + way * long;
  const size = Math.min(long, className === "proof-mean" ? 5 : 3);
  const head = (end) => `M${end - way * size} ${y - size}L${end} ${y}L${end - way * size} ${y + size}`;
  const doubled = Math.abs(slope) * UNIT > LONGEST ? head(tip - way * (size + 1)) : "";
  return svg("path", { class: className, d: `M${x} ${y}H${tip}${head(tip)}${doubled}` });
}

/** Nine fakes that stand for all, the pull that each feels, and below them the mean of all fakes. */
function pullsOf(game, state, found, width, top, number) {
  const { x } = scaleOf(width);
  const parts = [
    text("proof-title", SIDE.left, top + 12, `G’s pull: ${GAMES[game]}`),
    text("proof-title", width - SIDE.right, top + 12, number, "end"),
  ];
  samplesOf(found).forEach((cell, i) => {
    const y = top + 22 + ROW * i;
    parts.push(arrow("proof-arrow", x(xOf(cell)), y, found.slopes[game][cell]), svg("circle", { class: "proof-fake", cx: x(xOf(cell)), cy: y, r: 2.2 }));
  });
  const bottom = top + 22 + 9 * ROW + 5;
  parts.push(arrow("proof-mean", x(state.fakes.mean), bottom, found.numbers[game]));
  return [parts, bottom + 8];
}

/** V(D*, G) over where the fakes stand; at the dot the minimax loss's slope, which is V's where D* has no jumps. */
function valley(state, found, curve, width, top) {
  const { x } = scaleOf(width);
  const [high, low] = [top + 36, top + 110];
  const y = (v) => high + (-v / LOG4) * (low - high);
  const { value, saturating } = found.numbers;
  const smooth = state.noise > 0 || (state.data.kind === "bells" && state.fakes.kind === "bells");
  const [from, to] = [-0.7, 0.7].map((step) => [x(state.fakes.mean + step), y(value + saturating * step)]);
  const parts = [
    text("proof-title proof-d", SIDE.left, top + 12, "V(D*, G), wherever the fakes stand"),
    line("proof-grid", SIDE.left, high, width - SIDE.right, high),
    line("proof-grid", SIDE.left, low, width - SIDE.right, low),
    text("proof-tick", width - SIDE.right, high - 9, "0, where JSD = log 2", "end"),
    text("proof-tick", width - SIDE.right, low + 14, "−log 4 = −1.3863, where JSD = 0", "end"),
    svg("path", { class: "proof-curve proof-d", d: curve.map(([mean, v], i) => `${i ? "L" : "M"}${x(mean).toFixed(1)} ${y(v).toFixed(1)}`).join("") }),
    smooth ? line("proof-tangent", ...from, ...to) : "",
    svg("circle", { class: "proof-dot", cx: x(state.fakes.mean), cy: y(value), r: 5.5 }),
  ];
  return [parts, low + 18];
}

/** D*, the pulls of both losses, the value; over the x of the densities. */
export function consequences() {
  const element = svg("svg", { class: "proof-rest", role: "img" });
  function draw(state, found, curve, width, numbers) {
    const { x } = scaleOf(width);
    let bottom = 0;
    const parts = [];
    const add = ([more, end]) => {
      parts.push(...more);
      bottom = end + 6;
    };
    for (let tick = -6; tick <= 6; tick += 2) parts.push(text("proof-tick", x(tick), 12, String(tick).replace("-", "−"), "middle"));
    add(bestD(found, width, 18));
    for (const game of Object.keys(GAMES)) add(pullsOf(game, state, found, width, bottom, numbers[game]));
    add(valley(state, found, curve, width, bottom));
    element.setAttribute("width", width);
    element.setAttribute("height", bottom);
    element.setAttribute("viewBox", `0 0 ${width} ${bottom}`);
    element.replaceChildren(...parts);
  }
  return { element, draw };
}

