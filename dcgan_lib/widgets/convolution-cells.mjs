// What the drawings of a convolution share: where cells stand, what lights up, colours, pointer and keys.
// A state is { setting, dims, inserted, lit, width }; lit is { side, cell: [row, column] }, a line uses the column only.

import { connected, isSmall, overlapOf, sizeOf, stretched, stretchedWindow } from "./convolution-math.mjs";
import { make } from "./ui.mjs";

export const otherSide = (side) => (side === "input" ? "output" : "input");
/** The axes of a cell that are drawn. */
export const axesOf = ({ dims }) => (dims === 1 ? [1] : [0, 1]);

export function mark(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export function svgNode(tag, attributes = {}, ...children) {
  const element = mark(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);
  element.append(...children);
  return element;
}

export function fill(svg, width, height, nodes) {
  mark(svg, { width, height, viewBox: `0 0 ${width} ${height}` }).replaceChildren(...nodes);
}

const VIRIDIS = [[72, 20, 103], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

/** Taps of the kernel go from violet to yellow; `ink` is what can be read on it. */
export function tapColours(tap, taps) {
  const place = taps > 1 ? (tap / (taps - 1)) * (VIRIDIS.length - 1) : 2;
  const i = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const mixed = VIRIDIS[i].map((from, c) => Math.round(from + (place - i) * (VIRIDIS[i + 1][c] - from)));
  const [r, g, b] = mixed.map((value) => (value / 255) ** 2.2);
  return { paint: `rgb(${mixed})`, ink: 0.21 * r + 0.72 * g + 0.07 * b > 0.18 ? "#000" : "#fff" };
}

/**
 * Where the cells of a side stand along one axis: `places` are drawn, `cellAt(place)` is the cell there or null,
 * `zeroAt(place)` says whether it is an inserted zero; the rest is the rim: padding, or what it cuts off.
 */
export function axisOf({ setting, inserted }, side) {
  const placed = (from, to) => Array.from({ length: to - from }, (_, i) => i + from);
  if (inserted && side === "input") {
    const { before, after, length } = stretched(setting);
    const inside = (place) => place >= 0 && place < length;
    const cellAt = (place) => (inside(place) && place % setting.stride === 0 ? place / setting.stride : null);
    const zeroAt = (place) => inside(place) && place % setting.stride !== 0;
    return { places: placed(Math.min(0, -before), Math.max(length, length + after)), cellAt, zeroAt };
  }
  const [cells, rim] = [sizeOf(setting, side), inserted || isSmall(setting, side) ? 0 : setting.padding];
  const cellAt = (place) => (place >= 0 && place < cells ? place : null);
  return { places: placed(-rim, cells + rim), cellAt, zeroAt: () => false };
}

/** Places of `side` along one axis that light up, each with its tap; the lit cell itself has none. */
export function litPlaces({ setting, inserted, lit }, side, axis) {
  const cell = lit.cell[axis];
  const apart = inserted && side === "input";
  if (lit.side === side) return [[apart ? cell * setting.stride : cell, null]];
  if (apart) return stretchedWindow(setting, cell);
  const found = connected(setting, lit.side, cell);
  return inserted ? found.filter(([place]) => place >= 0 && place < sizeOf(setting, side)) : found;
}

/** Which taps the lit cell uses along one axis: those that end on a cell, not on the rim. */
export function usedTaps({ setting, lit }, axis) {
  const size = sizeOf(setting, otherSide(lit.side));
  return connected(setting, lit.side, lit.cell[axis]).flatMap(([cell, tap]) => (cell >= 0 && cell < size ? [tap] : []));
}

/** A path of squares of `px`, a gap between them. */
export function squares(places, px, gap = px > 8 ? 2 : 1) {
  const side = (px - gap).toFixed(1);
  return places.map(([x, y]) => `M${(x + gap / 2).toFixed(1)} ${(y + gap / 2).toFixed(1)}h${side}v${side}h${-side}z`).join("");
}

export function cellText([x, y], px, text, className = "", ink = "") {
  const attributes = { class: `conv-number ${className}`, x: x + px / 2, y: y + px / 2, "font-size": Math.min(13, px * 0.55) };
  return svgNode("text", ink ? { ...attributes, style: `fill: ${ink}` } : attributes, String(text));
}

export function tapCell([x, y], px, tap, taps, text, className = "") {
  const { paint, ink } = tapColours(tap, taps);
  const rect = svgNode("rect", { class: className, x: x + 0.5, y: y + 0.5, width: px - 1, height: px - 1, fill: paint });
  return px < 15 ? [rect] : [rect, cellText([x, y], px, text, className && "conv-quiet", className ? "" : ink)]; // on a pale cell as on the page
}

/** The cells of a side as they are before anything is lit; `corner(places)` says where one stands. */
export function baseNodes(state, side, px, corner) {
  const { setting } = state;
  const axis = axisOf(state, side);
  const counts = isSmall(setting, side) ? null : overlapOf(setting);
  const kinds = { cell: [], zero: [], rim: [], unseen: [] };
  const columns = axis.places.map((place) => [place]);
  for (const places of state.dims === 1 ? columns : axis.places.flatMap((row) => columns.map(([column]) => [row, column]))) {
    const cells = places.map(axis.cellAt);
    const stretch = cells.every((cell, i) => cell !== null || axis.zeroAt(places[i]));
    const kind = cells.includes(null) ? (stretch ? "zero" : "rim") : counts && cells.some((cell) => !counts[cell]) ? "unseen" : "cell";
    kinds[kind].push(corner(places));
  }
  const path = (name, d) => (d ? [svgNode("path", { class: `conv-${name}`, d })] : []);
  const strokes = kinds.unseen.map(([x, y]) => `M${x + 2} ${y + px - 2}L${x + px - 2} ${y + 2}`).join("");
  return [
    ...path("cell", squares([...kinds.cell, ...kinds.unseen], px)),
    ...path("zero", squares(kinds.zero, px)),
    ...path("rim", squares(kinds.rim, px)),
    ...path("unseen", strokes),
  ];
}

const WAYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** A drawing whose cells one points at, or walks through with the arrow keys: `point(x, y)`, `step(rows, columns)`. */
export function pointable(label, svg, point, step) {
  const element = make("div", "conv-board", { tabIndex: 0 }, mark(svg, { "aria-hidden": true }));
  mark(element, { role: "slider", "aria-label": label, "aria-valuemin": 0 });
  const follow = (event) => {
    const box = svg.getBoundingClientRect();
    point(event.clientX - box.left, event.clientY - box.top);
  };
  svg.addEventListener("pointerdown", follow);
  svg.addEventListener("pointermove", follow);
  element.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    step(...way);
  });
  const say = (now, most, text) => mark(element, { "aria-valuemax": most, "aria-valuenow": now, "aria-valuetext": text });
  return { element, say };
}
