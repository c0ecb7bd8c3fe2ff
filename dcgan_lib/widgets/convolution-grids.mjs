// Both sides of a convolution as cells: on a map two boards, on a line two rows with a line for every tap.
// `light(side, [row, column])` is called when the reader points at a cell.

import { axesOf, axisOf, baseNodes, cellText, fill, litPlaces, mark, otherSide, pointable, svgNode, tapCell, tapColours, usedTaps } from "./convolution-cells.mjs";
import { connected, isSmall, sizeOf, stretchedWindow } from "./convolution-math.mjs";
import { make } from "./ui.mjs";

const LARGEST = 30; // pixels of a cell
const GAP = 16;
const SIDES = ["input", "output"];
const held = (value, size) => Math.min(size - 1, Math.max(0, value));
const many = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

/** What the lit cell does, in a sentence. Cells are counted from 0, as in Python. */
export function litSentence(state) {
  const { setting, lit } = state;
  const cell = `${lit.side} ${state.dims === 1 ? lit.cell[1] : `(${lit.cell.join(", ")})`}`;
  const name = cell[0].toUpperCase() + cell.slice(1);
  const there = axesOf(state).reduce((count, axis) => count * usedTaps(state, axis).length, 1);
  const lost = setting.kernel ** state.dims - there;
  if (isSmall(setting, lit.side)) {
    return lit.side === "output"
      ? `${name} reads ${many(there, "input")}${lost ? `, and with ${many(lost, "tap")} of its kernel zeros of the padding` : ""}.`
      : `${name} prints its stamp on ${many(there, "output")}${lost ? `; ${lost} more ${lost === 1 ? "is" : "are"} cut off` : ""}.`;
  }
  if (lit.side === "input") return there ? `${name} is read by ${many(there, "output")}.` : `No output reads ${cell}.`;
  return there ? `${name} is reached by ${many(there, "stamp")}.` : `No stamp reaches ${cell}: only the bias is there.`;
}

/** Two boards and the kernel between them. */
function makeMaps(light) {
  const kernel = makeKernel();
  const boards = Object.fromEntries(SIDES.map((side) => [side, makeBoard(side)]));
  const element = make("div", "conv-maps", {}, boards.input.column, kernel.element, boards.output.column);
  let state, px;

  function makeBoard(side) {
    const svg = svgNode("svg");
    const point = (x, y) => {
      const { places, cellAt } = axisOf(state, side);
      const cell = [y, x].map((pixels) => cellAt(places[Math.floor(pixels / px)] ?? -1));
      if (!cell.includes(null)) light(side, cell);
    };
    const step = (...way) => light(side, state.lit.side === side ? state.lit.cell.map((at, axis) => held(at + way[axis], sizeOf(state.setting, side))) : [0, 0]);
    const title = make("p", "conv-title");
    const { element, say } = pointable(`Cells of the ${side}; the arrow keys move over them`, svg, point, step);
    return { svg, say, title, column: make("div", "", {}, title, element), base: [], key: "" };
  }

  function drawSide(side) {
    const { setting, lit } = state;
    const board = boards[side];
    const { places, cellAt } = axisOf(state, side);
    const corner = ([row, column]) => [(column - places[0]) * px, (row - places[0]) * px];
    const key = JSON.stringify([setting, state.inserted, px]);
    if (key !== board.key) Object.assign(board, { key, base: baseNodes(state, side, px, corner) });
    const k = setting.kernel;
    const [rows, columns] = [0, 1].map((axis) => litPlaces(state, side, axis));
    const top = rows.flatMap(([row, a]) =>
      columns.flatMap(([column, b]) => {
        const [x, y] = corner([row, column]);
        if (a === null) return [svgNode("rect", { class: "conv-lit", x, y, width: px, height: px })];
        const real = cellAt(row) !== null && cellAt(column) !== null;
        return tapCell([x, y], px, a * k + b, k * k, real ? a * k + b : 0, real ? "" : "conv-faint");
      }),
    );
    fill(board.svg, places.length * px, places.length * px, [...board.base, ...top]);
    const size = sizeOf(setting, side);
    board.title.textContent = `${side} ${size} × ${size}${state.inserted && side === "input" ? ", stretched" : ""}`;
    board.say(lit.side === side ? lit.cell[0] * size + lit.cell[1] : 0, size * size - 1, litSentence(state));
  }

  function draw(next) {
    state = next;
    const wide = [...SIDES.map((side) => axisOf(state, side).places.length), state.setting.kernel];
    const beside = (state.width - 2 * GAP - 2) / wide.reduce((a, b) => a + b);
    px = Math.min(LARGEST, beside >= 15 ? beside : (state.width - 2) / Math.max(...wide));
    SIDES.forEach(drawSide);
    kernel.draw(state, Math.min(px, 24));
  }
  return { element, draw };
}

/** The kernel as a legend of colours: the taps that the lit cell uses are strong. */
function makeKernel() {
  const svg = svgNode("svg", { role: "img" });
  const element = make("div", "", {}, make("p", "conv-title", { textContent: "kernel" }), svg);
  function draw(state, px) {
    const k = state.setting.kernel;
    const rows = state.dims === 1 ? 1 : k;
    const used = axesOf(state).map((axis) => usedTaps(state, axis));
    const nodes = Array.from({ length: rows * k }, (_, i) => {
      const [a, b] = [Math.floor(i / k), i % k];
      const uses = used.at(-1).includes(b) && (rows === 1 || used[0].includes(a));
      return tapCell([b * px, a * px], px, i, rows * k, i, uses ? "" : "conv-faint");
    });
    fill(svg, k * px, rows * px, nodes.flat());
    mark(svg, { "aria-label": `${used.reduce((count, taps) => count * taps.length, 1)} of the ${rows * k} taps are used` });
  }
  return { element, draw };
}

/** Two rows: the small side above, the large one below, each small cell above the middle of its window. */
function makeLine(light) {
  const svg = svgNode("svg");
  const kernel = makeKernel();
  const board = pointable("Cells of both sides; left and right move over a side, up and down change it", svg, point, step);
  const element = make("div", "conv-maps", {}, board.element, kernel.element);
  let state, px, left;

  const upper = () => (state.setting.kind === "strided" ? "output" : "input");
  /** Where a place of a side stands, in cells of the large side. */
  function xOf(side, place) {
    const { kernel: k, stride, padding } = state.setting;
    if (side !== upper()) return place;
    return (state.inserted ? place : place * stride) + (k - 1) / 2 - padding;
  }
  const top = (side) => (side === upper() ? 18 : 18 + 2.6 * px);
  const corner = (side, place) => [(xOf(side, place) - left) * px, top(side)];

  function point(x, y) {
    const side = y < 18 + 1.8 * px ? upper() : otherSide(upper());
    const { places, cellAt } = axisOf(state, side);
    const cell = cellAt(places.find((place) => Math.floor(x / px + left - xOf(side, place)) === 0) ?? -1);
    if (cell !== null) light(side, [state.lit.cell[0], cell]);
  }
  function step(rows, columns) {
    const side = rows ? (rows < 0 ? upper() : otherSide(upper())) : state.lit.side;
    light(side, [state.lit.cell[0], held(state.lit.cell[1] + columns, sizeOf(state.setting, side))]);
  }

  /** A line for every tap of every window or stamp, the lit ones last, in colour. */
  function wires() {
    const { setting, inserted, lit } = state;
    const from = inserted ? "output" : upper();
    const { cellAt } = axisOf(state, otherSide(from));
    const found = Array.from({ length: sizeOf(setting, from) }, (_, cell) =>
      (inserted ? stretchedWindow(setting, cell) : connected(setting, from, cell)).map(([place, tap]) => {
        const isLit = lit.cell[1] === (lit.side === from ? cell : cellAt(place));
        const [[xA, yA], [xB, yB]] = [corner(from, cell), corner(otherSide(from), place)];
        const ends = { x1: xA + px / 2, y1: yA < yB ? yA + px : yA, x2: xB + px / 2, y2: yA < yB ? yB : yB + px };
        return [isLit, svgNode("line", isLit ? { ...ends, class: "conv-live", stroke: tapColours(tap, setting.kernel).paint } : { ...ends, class: "conv-wire" })];
      }),
    );
    return found.flat().sort(([a], [b]) => a - b).map(([, line]) => line);
  }

  function row(side) {
    const { places, cellAt } = axisOf(state, side);
    const text = (place) => cellAt(place) ?? (side === "input" ? 0 : "");
    const write = (place, className) => (px < 14 ? [] : [cellText(corner(side, place), px, text(place), className)]);
    const lit = litPlaces(state, side, 1).flatMap(([place, tap]) => {
      const [x, y] = corner(side, place);
      if (tap === null) return [svgNode("rect", { class: "conv-lit", x, y, width: px, height: px }), ...write(place, "conv-on-lit")];
      return tapCell([x, y], px, tap, state.setting.kernel, text(place), cellAt(place) === null ? "conv-faint" : "");
    });
    const base = baseNodes(state, side, px, ([place]) => corner(side, place));
    return [...base, ...places.flatMap((place) => write(place, cellAt(place) === null ? "conv-quiet" : "")), ...lit];
  }

  function draw(next) {
    state = next;
    const ends = SIDES.flatMap((side) => {
      const { places } = axisOf(state, side);
      return [xOf(side, places[0]), xOf(side, places.at(-1)) + 1];
    });
    left = Math.min(...ends);
    const wide = Math.max(...ends) - left;
    px = Math.min(LARGEST, (state.width - 2) / wide);
    const height = 36 + 3.6 * px;
    const name = (side) => svgNode("text", { class: "conv-side", x: 0, y: side === upper() ? 12 : height - 5 }, `${side}: ${sizeOf(state.setting, side)}`);
    fill(svg, Math.max(wide * px, 70), height, [...wires(), ...SIDES.flatMap(row), ...SIDES.map(name)]);
    board.say(state.lit.cell[1], sizeOf(state.setting, state.lit.side) - 1, litSentence(state));
    kernel.draw(state, Math.min(px, 24));
  }
  return { element, draw };
}

/** The drawing of the chosen number of dimensions. */
export function makeGrids(light) {
  const drawings = { 1: makeLine(light), 2: makeMaps(light) };
  const said = mark(make("p", "conv-said"), { "aria-live": "polite" });
  const element = make("div", "", {}, drawings[1].element, drawings[2].element, said);
  function draw(state) {
    for (const dims of [1, 2]) drawings[dims].element.hidden = dims !== state.dims;
    drawings[state.dims].draw(state);
    said.textContent = litSentence(state);
  }
  return { element, draw, quiet: (yes) => mark(said, { "aria-live": yes ? "off" : "polite" }) };
}
