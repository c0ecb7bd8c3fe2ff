// The small plots below the samples of a run: curves over its steps, and a line at the step that is shown.

import { PANELS, column, readingAt, told } from "./scrubber-math.mjs";
import { make } from "./ui.mjs";

const HEIGHT = 72;
const EDGE = 4; // pixels above the highest value and below the lowest
const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** One panel of PANELS. A drag over it calls `scrub` with the step under the pointer. */
export function plot(kind, scrub) {
  const { title, scale, top, lines, marks } = PANELS[kind];
  const svg = shape("svg", { class: "scrubber-plot", height: HEIGHT });
  const values = lines.map(([, name, role]) => {
    const number = make("span", "scrubber-number");
    const key = make("span", `scrubber-key scrubber-${role}`);
    return { number, element: make("span", "scrubber-value", {}, key, `${name} `, number) };
  });
  const head = make("div", "scrubber-head", {}, make("span", "scrubber-title", { textContent: `${title}, ${scale}` }), ...values.map((v) => v.element));
  const element = make("div", "scrubber-panel", {}, head, svg);
  svg.setAttribute("aria-hidden", "true"); // its numbers stand above it, and the slider moves it
  let drawn = { manifest: null };

  const x = (step, width) => (step / drawn.last) * width;
  const y = (value) => EDGE + (1 - Math.min(value, top) / top) * (HEIGHT - 2 * EDGE);

  function curve(name, width) {
    const [steps, heights] = column(drawn.manifest, name);
    let path = "";
    let pen = "M"; // lifted where a number is missing
    heights.forEach((value, i) => {
      path += value === null ? "" : `${pen}${x(steps[i], width).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = value === null ? "M" : "L";
    });
    return path;
  }

  function draw(manifest, step) {
    const width = svg.clientWidth || 200;
    const reading = readingAt(manifest, step);
    if (drawn.manifest !== manifest || drawn.width !== width) {
      const last = manifest.frames.at(-1);
      drawn = { manifest, width, last, line: shape("line", { class: "scrubber-now", y1: 0, y2: HEIGHT }) };
      svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
      svg.replaceChildren(
        ...marks.map((value) => shape("line", { class: "scrubber-mark", x1: 0, x2: width, y1: y(value), y2: y(value) })),
        ...lines.map(([name, , role]) => shape("path", { class: `scrubber-curve scrubber-${role}`, d: curve(name, width) })),
        drawn.line,
      );
    }
    drawn.line.setAttribute("x1", x(reading.step, width));
    drawn.line.setAttribute("x2", x(reading.step, width));
    lines.forEach(([name], i) => (values[i].number.textContent = told(reading[name])));
    element.hidden = lines.every(([name]) => column(manifest, name)[0].length === 0); // nothing was recorded
  }

  const follow = (event) => {
    if (!drawn.manifest) return;
    const { left, width } = svg.getBoundingClientRect();
    scrub(((event.clientX - left) / width) * drawn.last);
  };
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    follow(event);
  });
  svg.addEventListener("pointermove", (event) => event.buttons && follow(event));
  return { element, draw };
}
