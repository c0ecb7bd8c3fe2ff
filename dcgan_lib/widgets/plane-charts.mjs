// Measures over the steps of a game, as small drawings: lines, the values they would like to reach, and where one stands.

import { make } from "./ui.mjs";

const SVG_NAMES = "http://www.w3.org/2000/svg";
const HEIGHT = 84;
const PAD = { left: 4, right: 4, top: 6, bottom: 6 };

function svgShape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG_NAMES, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * `draw({ head, lines, references, from, to, last, now })`: `head` is written above, as [text, role] pairs; `lines` are
 * { role, points: [[step, value], …] }, `references` { value, label }; `from` and `to` bound the values, `last` the
 * steps, and `now` is where the reader stands.
 */
export function makeChart(name) {
  const head = make("p", "plane-head");
  const svg = svgShape("svg", { class: "plane-chart", role: "img", width: 1, height: HEIGHT, "aria-label": `${name}, not begun` });
  const element = make("div", "plane-measure", {}, head, svg);

  function draw({ words, lines, references, from, to, last, now }) {
    const width = Math.max(120, element.clientWidth);
    const x = (step) => PAD.left + (width - PAD.left - PAD.right) * (step / last);
    const y = (value) => {
      const share = (Math.min(to, Math.max(from, value)) - from) / (to - from);
      return HEIGHT - PAD.bottom - share * (HEIGHT - PAD.top - PAD.bottom);
    };
    const path = (points) => {
      const known = points.filter(([, value]) => Number.isFinite(value));
      return known.map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    };
    head.replaceChildren(...words.map(([textContent, role]) => make("span", role ? `plane-${role}-text` : "", { textContent })));
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.setAttribute("aria-label", `${name} over ${last} steps. At step ${now}: ${words.map(([text]) => text).join(" ")}`);
    svg.replaceChildren(
      svgShape("line", { class: "plane-axis", x1: PAD.left, x2: width - PAD.right, y1: HEIGHT - PAD.bottom, y2: HEIGHT - PAD.bottom }),
      ...references.map(({ value }) => svgShape("line", { class: "plane-reference", x1: PAD.left, x2: width - PAD.right, y1: y(value), y2: y(value) })),
      svgShape("line", { class: "plane-now", x1: x(now), x2: x(now), y1: PAD.top, y2: HEIGHT - PAD.bottom }),
      ...lines.map(({ role, points }) => svgShape("path", { class: `plane-line plane-${role}`, d: path(points) })),
      ...references.map(({ value, label }) => svgShape("text", { class: "plane-tick", x: width - PAD.right - 2, y: y(value) - 3, "text-anchor": "end" }, label)),
    );
  }

  return { element, draw };
}
