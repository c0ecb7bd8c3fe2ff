// The plane as a picture: what D says as its ground, and on it the data, the fakes, what pulls them, and G's map.

import { LIMIT } from "./plane-measures.mjs";
import { make } from "./ui.mjs";

const LONGEST = 0.45; // of an arrow, in units of the plane
const STRONGEST = 3; // the pull that is drawn so long
const GROUND = 0.6; // how much of its colour the ground takes where D is sure

/** The page's own colours, as [r, g, b]; they change with its theme. */
function coloursOf(element) {
  const style = getComputedStyle(element);
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (name) => {
    context.fillStyle = style.getPropertyValue(name).trim();
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  return Object.fromEntries(["real", "fake", "d", "paper", "ink", "blank"].map((name) => [name, rgb(`--plane-${name}`)]));
}

const css = ([r, g, b], alpha = 1) => `rgb(${r} ${g} ${b} / ${alpha})`;

/** Verdicts from 0 to 1, row by row from below, as pixels: vermillion, paper, green. */
function groundPixels(verdicts, side, colours) {
  const pixels = new ImageData(side, side);
  verdicts.forEach((verdict, i) => {
    const at = 4 * ((side - 1 - Math.floor(i / side)) * side + (i % side)); // pictures begin above
    const towards = verdict > 0.5 ? colours.real : colours.d;
    const share = GROUND * Math.abs(2 * verdict - 1) ** 0.6; // finer near 1/2, where most of the game is played
    for (let c = 0; c < 3; c++) {
      pixels.data[at + c] = verdict === null ? colours.blank[c] : colours.paper[c] + share * (towards[c] - colours.paper[c]);
    }
    pixels.data[at + 3] = 255;
  });
  return pixels;
}

/** The line on which the verdict is 1/2, as pairs of points: through each square of four neighbours, by interpolation. */
export function halfLine(verdicts, side) {
  const middle = (i) => LIMIT * ((2 * i + 1) / side - 1);
  const lines = [];
  for (let r = 0; r + 1 < side; r++) {
    for (let c = 0; c + 1 < side; c++) {
      const corners = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]].map(([x, y]) => [middle(x), middle(y), verdicts[y * side + x]]);
      if (corners.some(([, , v]) => v === null)) continue;
      const crossings = corners.flatMap((a, i) => {
        const b = corners[(i + 1) % 4];
        if (a[2] > 0.5 === b[2] > 0.5) return [];
        const t = (0.5 - a[2]) / (b[2] - a[2]);
        return [[a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) lines.push([crossings[i], crossings[i + 1]]);
    }
  }
  return lines;
}

export function makePlane(label) {
  const canvas = make("canvas", "plane-canvas");
  const element = make("div", "plane-stage", { tabIndex: 0 }, canvas);
  element.setAttribute("role", "slider");
  element.setAttribute("aria-label", label);
  element.setAttribute("aria-valuemin", -LIMIT);
  element.setAttribute("aria-valuenow", 0);
  element.setAttribute("aria-valuemax", LIMIT);
  const small = make("canvas");
  let size, unit, pen, colours;

  const px = (x) => (x + LIMIT) * unit;
  const py = (y) => (LIMIT - y) * unit;

  function points(places, radius, colour, edge) {
    pen.beginPath();
    for (let i = 0; i < places.length; i += 2) {
      const [x, y] = [px(places[i]), py(places[i + 1])];
      pen.moveTo(x + radius, y);
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    }
    pen.fillStyle = colour;
    pen.strokeStyle = edge;
    pen.lineWidth = 0.8;
    pen.stroke();
    pen.fill();
  }

  function arrows(from, felt, width) {
    pen.beginPath();
    for (let i = 0; i < from.length; i += 2) {
      const strength = Math.hypot(felt[i], felt[i + 1]);
      if (strength < 1e-9) continue;
      const long = LONGEST * Math.sqrt(Math.min(strength, STRONGEST) / STRONGEST);
      const [dx, dy] = [(felt[i] / strength) * long * unit, (-felt[i + 1] / strength) * long * unit];
      const [x, y] = [px(from[i]) + dx, py(from[i + 1]) + dy];
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x, y);
      const head = Math.min(0.35, 5 / Math.hypot(dx, dy));
      pen.moveTo(x - head * (dx + 0.6 * dy), y - head * (dy - 0.6 * dx));
      pen.lineTo(x, y);
      pen.lineTo(x - head * (dx - 0.6 * dy), y - head * (dy + 0.6 * dx));
    }
    pen.lineWidth = width;
    pen.stroke();
  }

  function polyline(places) {
    pen.beginPath();
    for (let i = 0; i < places.length; i += 2) pen.lineTo(px(places[i]), py(places[i + 1]));
    pen.stroke();
  }

  /** What is left out of the scene is not drawn. */
  function draw({ ground, real, fakes, arrowsAt, pulls, map, place, placePull }) {
    const ratio = devicePixelRatio || 1;
    size = Math.max(100, element.clientWidth);
    unit = size / (2 * LIMIT);
    if (canvas.width !== Math.round(size * ratio)) canvas.width = canvas.height = Math.round(size * ratio);
    colours ??= coloursOf(element);
    pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = css(colours.paper);
    pen.fillRect(0, 0, size, size);
    if (ground) {
      small.width = small.height = ground.side;
      small.getContext("2d").putImageData(groundPixels(ground.verdicts, ground.side, colours), 0, 0);
      pen.imageSmoothingEnabled = ground.smooth;
      pen.drawImage(small, 0, 0, size, size);
      pen.strokeStyle = css(colours.ink, 0.45);
      pen.lineWidth = 1;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      for (const [a, b] of ground.half) {
        pen.moveTo(px(a[0]), py(a[1]));
        pen.lineTo(px(b[0]), py(b[1]));
      }
      pen.stroke();
      pen.setLineDash([]);
    }
    const edge = css(colours.paper, 0.9);
    if (real) points(real, size / 190, css(colours.real), edge);
    if (map) {
      pen.lineWidth = 1;
      map.forEach((line, i) => {
        pen.strokeStyle = css(colours.fake, i < map.length / 2 ? 0.85 : 0.45);
        polyline(line);
      });
    }
    if (fakes) points(fakes, size / 190, css(colours.fake), edge);
    pen.strokeStyle = css(colours.ink);
    if (pulls) arrows(arrowsAt, pulls, 1.1);
    if (place) {
      const [x, y] = [px(place[0]), py(place[1])];
      pen.lineWidth = 2;
      pen.beginPath();
      for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 4 * a, y + 4 * b);
        pen.lineTo(x + 10 * a, y + 10 * b);
      }
      pen.stroke();
      if (placePull) arrows(place, placePull, 2.5);
    }
  }

  /** Where on the plane an event of the pointer is. */
  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    const held = (v) => Math.min(LIMIT, Math.max(-LIMIT, Number(v.toFixed(2))));
    return [held(LIMIT * ((2 * (event.clientX - box.left)) / box.width - 1)), held(LIMIT * (1 - (2 * (event.clientY - box.top)) / box.height))];
  }

  return { element, draw, placeOf, forgetColours: () => (colours = null) };
}
