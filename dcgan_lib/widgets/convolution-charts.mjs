// The same convolution along one axis as a matrix, and how many taps reach each cell of its large map.

import { cellText, fill, mark, pointable, squares, svgNode, tapCell } from "./convolution-cells.mjs";
import { beat, overlapOf, sizeOf, tapMatrix } from "./convolution-math.mjs";
import { make } from "./ui.mjs";

const MARGIN = 18; // for the numbers of rows and columns

/** Outputs by inputs, coloured by tap; the row or column of the lit cell stands out. */
export function makeMatrix(light) {
  const svg = svgNode("svg");
  let state, px;
  const point = (x, y) => {
    const { setting, lit } = state;
    const [row, column] = [y, x].map((pixels) => Math.floor((pixels - MARGIN) / px));
    if (row < 0 || column < 0 || row >= sizeOf(setting, "output") || column >= setting.size) return;
    light(lit.side, [lit.cell[0], lit.side === "output" ? row : column]);
  };
  const step = (rows, columns) => {
    const side = rows ? "output" : "input";
    const last = sizeOf(state.setting, side) - 1;
    const { cell } = state.lit;
    light(side, [Math.min(cell[0], last), Math.min(last, Math.max(0, cell[1] + rows + columns))]);
  };
  const board = pointable("Matrix: up and down choose a row (an output), left and right a column (an input)", svg, point, step);
  const said = make("p", "conv-said");
  const element = make("div", "", {}, board.element, said);

  function draw(next) {
    state = next;
    const { setting, lit, width } = state;
    const matrix = tapMatrix(setting);
    const [rows, columns, place] = [matrix.length, setting.size, lit.cell[1]];
    px = Math.min(26, (width - MARGIN - 2) / columns, Math.max(8, 440 / rows));
    const at = (row, column) => [MARGIN + column * px, MARGIN + row * px];
    const entries = matrix.flatMap((taps, row) => taps.map((tap, column) => ({ tap, row, column })));
    const taken = entries.filter(({ tap }) => tap >= 0);
    const inLight = ({ row, column }) => (lit.side === "output" ? row : column) === place;
    const numbers = (count, corner) => Array.from({ length: count }, (_, i) => (px >= 13 || i % 5 === 0 ? [cellText(corner(i), Math.max(px, 18), i, "conv-quiet")] : [])).flat();
    const [x, y] = lit.side === "output" ? at(place, 0) : at(0, place);
    const frame = { x, y, width: lit.side === "output" ? columns * px : px, height: lit.side === "output" ? px : rows * px };
    fill(svg, MARGIN + columns * px + 1, MARGIN + rows * px + 1, [
      svgNode("path", { class: "conv-cell", d: squares(entries.filter(({ tap }) => tap < 0).map(({ row, column }) => at(row, column)), px) }),
      ...taken.flatMap((entry) => tapCell(at(entry.row, entry.column), px, entry.tap, setting.kernel, entry.tap, inLight(entry) ? "" : "conv-dim")),
      ...numbers(rows, (i) => [(MARGIN - Math.max(px, 18)) / 2, MARGIN + i * px + (px - Math.max(px, 18)) / 2]),
      ...numbers(columns, (i) => [MARGIN + i * px + (px - Math.max(px, 18)) / 2, (MARGIN - Math.max(px, 18)) / 2]),
      svgNode("rect", { class: "conv-frame", ...frame }),
    ]);
    const what = lit.side === "output" ? `Row ${place}: what output ${place} reads.` : `Column ${place}: where input ${place} goes.`;
    board.say(place, sizeOf(setting, lit.side) - 1, what);
    const weights = `${setting.kernel} weight${setting.kernel === 1 ? "" : "s"}`;
    const whose = setting.kind === "strided" ? "" : " It is the transpose of the strided convolution's matrix.";
    said.textContent = `${rows} outputs × ${columns} inputs: ${taken.length} of ${rows * columns} entries can be other than zero, and they share ${weights}.${whose} ${what}`;
  }
  return { element, draw };
}

/** Taps on each cell of the large map, as bars along a line and as shades on a map. */
export function makeOverlap() {
  const [bars, map] = [svgNode("svg", { role: "img" }), svgNode("svg", { role: "img" })];
  const said = make("p", "conv-said");
  const element = make("div", "", {}, make("div", "conv-maps", {}, bars, map), said);

  function drawBars(counts, width) {
    const [bottom, most] = [120, Math.max(1, ...counts)];
    const px = Math.min(26, width / counts.length);
    const tall = (count) => (100 * count) / most;
    const nodes = counts.flatMap((count, i) => {
      const x = i * px;
      const bar = svgNode("rect", { class: "conv-bar", x: x + 0.5, y: bottom - tall(count), width: px - 1, height: tall(count) });
      const number = (y, text, className) => cellText([x + px / 2 - 9, y], 18, text, className);
      return [bar, ...(px >= 8 ? [number(bottom - tall(count) - 17, count)] : []), ...(px >= 14 || i % 5 === 0 ? [number(bottom, i, "conv-quiet")] : [])];
    });
    fill(bars, Math.max(px * counts.length, 20), 138, nodes);
    mark(bars, { "aria-label": `Taps on each cell of a line: ${counts.join(", ")}` });
  }

  function drawMap(counts, width) {
    const px = Math.min(20, width / counts.length);
    const groups = new Map(); // cells of one count are one path
    counts.forEach((a, row) => counts.forEach((b, column) => groups.set(a * b, [...(groups.get(a * b) ?? []), [column * px, row * px]])));
    const most = Math.max(1, ...groups.keys());
    const shades = [...groups].map(([count, places]) => svgNode("path", { class: "conv-bar", d: squares(places, px, px > 8 ? 1 : 0), "fill-opacity": 0.06 + (0.94 * count) / most }));
    const ink = (count) => (count > most / 2 ? "var(--pst-color-background, var(--jp-layout-color0, #fff))" : "");
    const numbers = px < 15 ? [] : [...groups].flatMap(([count, places]) => places.map((place) => cellText(place, px, count, "", ink(count))));
    fill(map, px * counts.length, px * counts.length, [...shades, ...numbers]);
    mark(map, { "aria-label": `On a map the counts multiply: ${[...groups.keys()].sort((a, b) => a - b).join(", ")}` });
  }

  function draw({ setting, width }) {
    const { kernel: k, stride: s, kind } = setting;
    const counts = overlapOf(setting);
    const narrow = width < 480;
    drawBars(counts, narrow ? width - 2 : 0.6 * width - 8);
    drawMap(counts, narrow ? Math.min(width - 2, 260) : 0.4 * width - 10);
    element.classList.toggle("conv-of-d", kind === "strided");
    const what = kind === "strided" ? "How many outputs read each input; the gradient comes back along the same ways." : "How many stamps reach each output.";
    const [a, b] = beat(setting);
    const rule = a === b ? `${a} on a line and ${a * a} on a map: even, because ${s} divides ${k}.` : `${a} or ${b} on a line, ${a * a}, ${a * b} or ${b * b} on a map: uneven, because ${s} does not divide ${k}.`;
    said.textContent = `${what} Edges aside, ${rule}`;
  }
  return { element, draw };
}
