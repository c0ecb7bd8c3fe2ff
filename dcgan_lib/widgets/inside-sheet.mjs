// InsideG's contact sheets: all maps of a layer on one canvas, written as one ImageData.

import { make } from "./ui.mjs";

const GAP = 2; // pixels between two maps
const LEAST = 24; // pixels of a map's side, so that a finger can hit it
const HIGHEST = 470; // pixels of a sheet; what does not fit even with the smallest maps gets a page of its own
const BLACK = 0xff000000;
const CROSS = "#e69f00"; // of no player, and seen on white, grey and black

/** How a layer's maps are laid out on this width: as large as the height allows, in equal pages if need be. */
export function layoutOf(width, side, maps) {
  const laid = (scale, shown) => {
    const tile = side * scale;
    const columns = Math.max(1, Math.floor((width + GAP) / (tile + GAP)));
    const rows = Math.ceil(shown / columns);
    return { scale, tile, columns, rows, height: rows * (tile + GAP) - GAP };
  };
  let scale = Math.ceil(LEAST / side);
  while (laid(scale + 1, maps).height <= HIGHEST && side * (scale + 1) <= width) scale++;
  let pages = 1;
  while (laid(scale, Math.ceil(maps / pages)).height > HIGHEST) pages++;
  const perPage = Math.ceil(maps / pages);
  return { ...laid(scale, perPage), perPage, pages };
}

/** Where the i-th map of a sheet stands, and which map is at a point (or -1). */
export const cornerOf = ({ tile, columns }, i) => [(i % columns) * (tile + GAP), Math.floor(i / columns) * (tile + GAP)];
export function indexAt({ tile, columns }, x, y, shown) {
  const column = Math.floor(x / (tile + GAP));
  const i = columns * Math.floor(y / (tile + GAP)) + column;
  return column >= 0 && column < columns && i >= 0 && i < shown ? i : -1;
}

const BINS = 512;

/** The value that is drawn white, one a map: the map's strongest, or for all that which 99 % of the layer stay below. */
export function whitesOf(values, maps, white) {
  const strongest = new Float32Array(maps);
  for (let i = 0; i < values.length; i += maps) {
    for (let map = 0; map < maps; map++) if (values[i + map] > strongest[map]) strongest[map] = values[i + map];
  }
  if (white === "map") return strongest;
  const most = strongest.reduce((a, b) => Math.max(a, b), 0);
  const counts = new Uint32Array(BINS + 1);
  for (const value of values) counts[Math.floor((value / (most || 1)) * BINS)]++;
  let [bin, left] = [BINS, values.length / 100];
  while (bin > 1 && (left -= counts[bin]) > 0) bin--;
  return strongest.fill((most * bin) / BINS);
}

/** The maps `numbers` of layer k, one beside the other; those in `dim` are dark. */
export function drawMaps(canvas, inside, k, numbers, { scale, columns, rows, gap = GAP }, { white, dim }) {
  const { side } = inside.layers[k];
  const tile = side * scale;
  const [width, height] = [columns * (tile + gap) - gap, rows * (tile + gap) - gap];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const values = inside.stages[k];
  const strongest = whitesOf(values, inside.layers[k].maps, white);
  const pixels = new Uint32Array(width * height);
  numbers.forEach((map, i) => {
    const factor = (dim.has(map) ? 90 : 255) / (strongest[map] || 1);
    const start = Math.floor(i / columns) * (tile + gap) * width + (i % columns) * (tile + gap);
    for (let y = 0; y < side; y++) {
      const row = start + y * scale * width;
      for (let x = 0; x < side; x++) {
        const grey = Math.min(255, Math.round(values[inside.offset(k, y, x) + map] * factor));
        pixels.fill(BLACK | (grey * 0x10101), row + x * scale, row + (x + 1) * scale);
      }
      for (let n = 1; n < scale; n++) pixels.copyWithin(row + n * width, row, row + tile);
    }
  });
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
}

/** Crosses over maps that are off, and under maps that are scaled a bar: half its length is a factor of 1. */
function drawMarks(canvas, numbers, layout, factors) {
  const context = canvas.getContext("2d");
  context.strokeStyle = context.fillStyle = CROSS;
  context.lineWidth = 2;
  context.beginPath();
  numbers.forEach((map, i) => {
    const [x, y] = cornerOf(layout, i);
    const [far, factor] = [layout.tile - 3, factors.get(map)];
    if (factor === 0) {
      context.moveTo(x + 3, y + 3);
      context.lineTo(x + far, y + far);
      context.moveTo(x + far, y + 3);
      context.lineTo(x + 3, y + far);
    } else if (factor !== undefined) {
      context.fillRect(x, y + layout.tile - 3, (layout.tile * factor) / 2, 3);
    }
  });
  context.stroke();
}

/**
 * The layer at hand, large. `press(map)` when a map is pressed or Space comes, `select(map)` when the keys move on,
 * `hover(map)` while the pointer is over a map, -1 when it leaves.
 */
export function largeSheet({ press, select, hover }) {
  const canvas = make("canvas", "dcgan-pixelated", { width: 1, height: 1 });
  const mark = make("span", "inside-mark");
  const element = make("div", "inside-sheet", { tabIndex: 0 }, canvas, mark);
  element.setAttribute("role", "slider");
  element.setAttribute("aria-label", "Map; the arrow keys go to another, Space switches it off or on");
  element.setAttribute("aria-valuemin", 0);
  element.setAttribute("aria-valuenow", 0); // until there are maps
  let shown = null; // { numbers, layout, at }: what stands on the canvas, and which of it is selected

  const under = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    const zoom = canvas.width / box.width;
    return shown?.numbers[indexAt(shown.layout, (clientX - box.left) * zoom, (clientY - box.top) * zoom, shown.numbers.length)] ?? -1;
  };
  element.addEventListener("click", (event) => {
    const map = under(event);
    if (map >= 0) press(map);
  });
  element.addEventListener("pointermove", (event) => event.pointerType === "mouse" && hover(under(event)));
  element.addEventListener("pointerleave", () => hover(-1));
  element.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.altKey || event.metaKey) return;
    const { order, at, layout } = shown;
    const ends = { Home: 0, End: order.length - 1 };
    const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.columns, ArrowDown: layout.columns };
    const to = ends[event.key] ?? at + (ways[event.key] ?? 0);
    if (event.key === " " || event.key === "Enter") press(order[at]);
    else if (to in order && to !== at) select(order[(shown.at = to)]); // at once: the next key may come before the next frame
    else if (!(event.key in ends || event.key in ways)) return;
    event.preventDefault();
  });

  /** `order`: all maps of the layer as they stand; `page`: which part of it. */
  const show = (inside, k, { order, page, layout, factors, white, selected, text }) => {
    const numbers = order.slice(page * layout.perPage, (page + 1) * layout.perPage);
    shown = { numbers, layout, order, at: order.indexOf(selected) };
    const off = new Set([...factors].filter(([, factor]) => factor === 0).map(([map]) => map));
    drawMaps(canvas, inside, k, numbers, layout, { white, dim: off });
    drawMarks(canvas, numbers, layout, factors);
    const [x, y] = cornerOf(layout, numbers.indexOf(selected));
    mark.hidden = !numbers.includes(selected);
    Object.assign(mark.style, { left: `${x}px`, top: `${y}px`, width: `${layout.tile}px`, height: `${layout.tile}px` });
    element.setAttribute("aria-valuemax", order.length - 1);
    element.setAttribute("aria-valuenow", selected);
    element.setAttribute("aria-valuetext", text);
  };
  return { element, show };
}

/** A layer's maps in a small square, with the button that chooses the layer. */
export function smallSheet(name, { side, maps }, choose) {
  const canvas = make("canvas", "dcgan-pixelated", { width: 1, height: 1 });
  const input = make("input", "", { type: "radio", name });
  const said = make("span", "inside-count");
  input.addEventListener("change", () => choose(side));
  const title = make("span", "inside-side", { textContent: `${side} × ${side}` });
  const element = make("label", "inside-layer", {}, input, canvas, title, said);
  const columns = Math.ceil(Math.sqrt(maps));
  const layout = { scale: 1, gap: 0, columns, rows: columns };
  const numbers = Array.from({ length: maps }, (_, map) => map);
  const draw = (inside, k, white, dim) => drawMaps(canvas, inside, k, numbers, layout, { white, dim });
  const show = (chosen, off) => {
    input.checked = chosen === side;
    said.textContent = off ? `${off} off` : `${maps} maps`;
  };
  return { element, draw, show };
}
