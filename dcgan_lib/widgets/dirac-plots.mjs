// The three drawings of the DiracCockpit: the plane of both players, the eigenvalues of a step, the distance from rest.

import { boundOf, pushD, pushG } from "./dirac-math.mjs";
import { written } from "./ui.mjs";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const SIDE = 3; // the plane is drawn from -SIDE to SIDE
const ARROWS = 13; // on a side
const DECADES = [-2, 1]; // of the distance from rest
const LEFT = 30; // room for the numbers of an axis
const WIDER = 44; // and for its name too
const BELOW = 34;

function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG_SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const label = (name, x, y, text, anchor = "middle") => drawn("text", { class: `dirac-${name}`, x, y, "text-anchor": anchor }, text);
const rule = (name, x1, y1, x2, y2) => drawn("line", { class: `dirac-${name}`, x1, y1, x2, y2 });
const line = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

/** An svg with its own scales: `x` and `y` turn numbers into pixels of a frame; what is `inside` is cut off at its edge. */
function chart(name, { left = LEFT, height, holds }) {
  const svg = drawn("svg", { class: `dirac-plot dirac-${name}`, role: "img" });
  const frame = { svg };
  frame.open = () => {
    const width = svg.clientWidth || 240;
    const tall = height(width);
    const [x0, x1, y0, y1] = holds();
    Object.assign(frame, { tall, left, right: width - 6, top: 6, floor: tall - BELOW });
    frame.x = (value) => left + ((value - x0) / (x1 - x0)) * (frame.right - left);
    frame.y = (value) => frame.floor - ((value - y0) / (y1 - y0)) * (frame.floor - frame.top);
    frame.inside = (...children) => {
      const box = { x: left, y: 6, width: frame.right - left, height: frame.floor - 6 };
      return drawn("svg", { ...box, viewBox: Object.values(box).join(" ") }, ...children);
    };
    svg.setAttribute("viewBox", `0 0 ${width} ${tall}`);
    svg.setAttribute("height", tall);
  };
  return frame;
}

const ticks = (plot, values) =>
  values.flatMap((t) => [label("tick", plot.x(t), plot.floor + 14, written(t)), label("tick", plot.left - 5, plot.y(t) + 4, written(t), "end")]);

/** theta across, psi upwards. `move(theta, psi)` is called while the reader drags the start. */
export function phasePlane(move) {
  const plot = chart("plane", { left: WIDER, height: (width) => width - WIDER + BELOW, holds: () => [-SIDE, SIDE, -SIDE, SIDE] });
  const { svg } = plot;
  let [fieldKey, field] = ["", ""];

  function arrows(play) {
    const key = JSON.stringify([play.game, play.noise, play.gamma, plot.right]);
    if (key === fieldKey) return field;
    const places = Array.from({ length: ARROWS }, (_, i) => ((2 * i) / (ARROWS - 1) - 1) * (SIDE - 0.25));
    const all = places.flatMap((psi) => places.map((theta) => [theta, psi, pushG(play, theta, psi), pushD(play, theta, psi)]));
    const strongest = Math.max(...all.map(([, , g, d]) => Math.hypot(g, d)));
    const paths = all.map(([theta, psi, g, d]) => {
      const [x, y] = [plot.x(theta), plot.y(psi)];
      const scale = 0.5 / Math.sqrt(strongest * Math.hypot(g, d)); // roots of lengths, or the middle would be empty
      const [dx, dy] = [plot.x(theta + scale * g) - x, plot.y(psi + scale * d) - y];
      if (!(Math.hypot(dx, dy) > 1)) return "";
      const head = [[-0.3, 0.2], [0, 0], [-0.3, -0.2]].map(([a, b]) => [x + dx + a * dx - b * dy, y + dy + a * dy + b * dx]);
      return line([[x, y], [x + dx, y + dy]]) + line(head);
    });
    [fieldKey, field] = [key, paths.join("")];
    return field;
  }

  /** Alternating, each step is two: D's upright one, then G's level one. */
  function steps(play, points) {
    if (play.method !== "alternating") return [drawn("path", { class: "dirac-steps", d: line(points) })];
    const pairs = points.slice(1).map((to, i) => [points[i], [points[i][0], to[1]], to]);
    const half = (name, a, b) => drawn("path", { class: `dirac-steps dirac-${name}`, d: pairs.map((p) => line([p[a], p[b]])).join("") });
    return [half("d", 0, 1), half("g", 1, 2)];
  }

  function draw({ play, path, curve, at }) {
    plot.open();
    const { x, y } = plot;
    const pixels = (points) => points.map(([a, b]) => [x(Math.max(-99, Math.min(99, a))), y(Math.max(-99, Math.min(99, b)))]);
    const points = pixels(path.slice(0, at + 1));
    const [start, now] = [points[0], points.at(-1)];
    const bound = boundOf(play);
    const middle = (plot.left + plot.right) / 2;
    const where = (i) => `(${path[i].map((value) => written(value)).join(", ")})`;
    svg.setAttribute("aria-label", `The plane of both players. From ${where(0)}, ${points.length - 1} steps lead to ${where(points.length - 1)}.`);
    svg.replaceChildren(
      ...ticks(plot, [-2, -1, 0, 1, 2]),
      label("name dirac-g", middle, plot.tall - 4, "θ, where G's fakes are"),
      drawn("text", { class: "dirac-name dirac-d", transform: `translate(10 ${(plot.floor + plot.top) / 2}) rotate(-90)`, "text-anchor": "middle" }, "ψ, the slope of D's logit"),
      plot.inside(
        drawn("path", { class: "dirac-field", d: arrows(play) }),
        rule("axis", x(-SIDE), y(0), x(SIDE), y(0)),
        rule("axis", x(0), y(-SIDE), x(0), y(SIDE)),
        ...(bound < SIDE ? [bound, -bound].map((c) => rule("bound", x(-SIDE), y(c), x(SIDE), y(c))) : []),
        drawn("path", { class: "dirac-flow", d: curve ? line(pixels(curve.points)) : "" }),
        ...steps(play, points),
        drawn("path", { class: "dirac-dots", d: points.map(([a, b]) => `M${a.toFixed(1)} ${b.toFixed(1)}h0`).join("") }),
        drawn("circle", { class: "dirac-now", cx: now[0], cy: now[1], r: 6 }),
      ),
      drawn("circle", { class: "dirac-start", cx: start[0], cy: start[1], r: 7 }),
      handle,
    );
    handle.setAttribute("cx", start[0]);
    handle.setAttribute("cy", start[1]);
  }

  // A finger drags the ring and scrolls the page everywhere else; where it taps, the ring goes. A mouse drags anywhere.
  const handle = drawn("circle", { class: "dirac-handle", r: 22 });
  const follow = ({ clientX, clientY }) => {
    const box = svg.getBoundingClientRect();
    const place = (share) => 2 * SIDE * share - SIDE;
    move(place((clientX - box.left - plot.left) / (plot.right - plot.left)), -place((clientY - box.top - plot.top) / (plot.floor - plot.top)));
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button || (event.pointerType === "touch" && event.target !== handle)) return;
    svg.setPointerCapture(event.pointerId);
    follow(event);
  });
  svg.addEventListener("pointermove", (event) => svg.hasPointerCapture(event.pointerId) && follow(event));
  svg.addEventListener("click", (event) => event.pointerType === "touch" && event.target !== handle && follow(event));
  return { element: svg, draw };
}

/** The eigenvalues of a step in the complex plane, with the circle that parts rest from flight. */
export function eigenPlane() {
  let reach = 1.3;
  const plot = chart("eigen", { height: (width) => width - LEFT + BELOW, holds: () => [-reach, reach, -reach, reach] });
  const { svg } = plot;

  function draw({ values, size }) {
    reach = Math.max(1.3, 1.15 * size);
    plot.open();
    const { x, y } = plot;
    svg.setAttribute("aria-label", `Eigenvalues of a step and the unit circle; the largest modulus is ${written(size, 4)}.`);
    svg.replaceChildren(
      ...ticks(plot, [-1, 0, 1]),
      label("name", (plot.left + plot.right) / 2, plot.tall - 4, "eigenvalues λ of a step"),
      plot.inside(
        drawn("circle", { class: "dirac-unit", cx: x(0), cy: y(0), r: x(1) - x(0) }),
        rule("axis", x(-reach), y(0), x(reach), y(0)),
        rule("axis", x(0), y(-reach), x(0), y(reach)),
        ...values.map(([re, im]) => drawn("circle", { class: `dirac-value ${Math.hypot(re, im) > 1 + 1e-9 ? "dirac-outside" : ""}`, cx: x(re), cy: y(im), r: 5 })),
      ),
    );
  }
  return { element: svg, draw };
}

/** The distance from rest over the steps, and what the largest eigenvalue predicts; a constant factor is a straight line. */
export function radiusPlot() {
  let last = 1;
  const plot = chart("radius", { height: (width) => Math.max(130, 0.62 * width), holds: () => [0, last, ...DECADES] });
  const { svg } = plot;

  function draw({ path, at, size, steps }) {
    last = Math.max(steps, 1);
    plot.open();
    const { x, y } = plot;
    const power = (radius) => Math.max(-9, Math.min(9, Math.log10(radius)));
    const radii = path.slice(0, at + 1).map((position) => Math.hypot(...position));
    const begins = power(Math.hypot(...path[0]));
    const ends = Math.max(-99, Math.min(99, begins + last * Math.log10(size)));
    svg.setAttribute("aria-label", `Distance from rest over the steps: from ${written(radii[0], 3)} to ${written(radii.at(-1), 3)} in ${radii.length - 1} steps.`);
    svg.replaceChildren(
      ...[-2, -1, 0, 1].map((d) => label("tick", plot.left - 4, y(d) + 4, String(10 ** d), "end")),
      label("tick", x(0), plot.floor + 14, "0"),
      label("tick", plot.right, plot.floor + 14, String(last), "end"),
      label("name", (plot.left + plot.right) / 2, plot.tall - 4, "distance from rest"),
      plot.inside(
        ...[-1, 0].map((d) => rule("grid", plot.left, y(d), plot.right, y(d))),
        drawn("path", { class: "dirac-predicted", d: line([[x(0), y(begins)], [x(last), y(ends)]]) }),
        drawn("path", { class: "dirac-distance", d: line(radii.map((radius, i) => [x(i), y(power(radius))])) }),
      ),
      rule("axis", plot.left, plot.floor, plot.right, plot.floor),
    );
  }
  return { element: svg, draw };
}
