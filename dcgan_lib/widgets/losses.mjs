// LossExplorer: the losses over D's logit of one sample. What is computed is in losses-math.mjs; here it is drawn.

import { LOSS_NAMES, logitOf, lossAt, readings, restingLogit, sigmoid, slopeAt, slopeOverProbability } from "./losses-math.mjs";
import { choice, make, range, written } from "./ui.mjs";

const FARTHEST = 8;
const NAMES = {
  non_saturating: "non-saturating",
  saturating: "saturating",
  least_squares: "least squares",
  wasserstein: "Wasserstein",
  hinge: "hinge",
};
/** The two versions differ in G's loss; D's is cross-entropy in both. */
const nameOf = (role, loss) => (role !== "g" && loss.includes("saturating") ? "cross-entropy" : NAMES[loss]);
const ROLES = { g: "G, of a fake", d_fake: "D, of a fake", d_real: "D, of a real image" };
const UNIT = 62; // pixels of arrow for a slope of 1
const LONGEST = 2; // slopes beyond it end in a double head
const PLOT = { height: 250, left: 34, right: 12, top: 12, bottom: 34 };
const HOLDS = { loss: [-4, 6], slope: [-3, 3] }; // what the drawing holds, from bottom to top
const TICKS = { loss: [-4, -2, 0, 2, 4, 6], slope: [-3, -2, -1, 0, 1, 2, 3] };
const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A slope or a loss as a reader reads it: four decimals, more where they would all be zero. */
function precise(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 5e-5 ? String(Number(value.toFixed(4))) : value.toExponential(1);
  return text.replace(/-/g, "\u2212");
}

const percent = (p) => (p >= 0.001 && p <= 0.999 ? `${written(100 * p, 1)} %` : `${written(100 * p, 2)} %`);
const times = (ratio) => (ratio >= 10 ? Math.round(ratio).toLocaleString("en-GB") : written(ratio, 2));

/** "pushes 1,097 times as hard as the saturating loss": the chosen loss against another. */
function against(mine, other) {
  const name = NAMES[other.name];
  if (mine.slope === 0) return other.slope === 0 ? "" : `Here ${name} still pushes, with ${precise(-other.slope)}.`;
  if (other.slope === 0) return `Here ${name} does not push at all.`;
  if (Math.sign(mine.slope) !== Math.sign(other.slope)) return `Here ${name} pushes the other way.`;
  if (Math.abs(other.ratio - 1) < 0.005) return `Here ${name} pushes as hard.`;
  return other.ratio > 1
    ? `That is ${times(other.ratio)} times the push of ${name}.`
    : `${NAMES[other.name][0].toUpperCase() + name.slice(1)} pushes ${times(1 / other.ratio)} times as hard.`;
}

/** What the sample feels, in sentences. */
function sentences(state) {
  const { loss, role, logit, target } = state;
  const all = readings(loss, role, logit, target);
  const mine = all.find(({ name }) => name === loss);
  const sample = role === "d_real" ? "real image" : "fake";
  const feels =
    Math.abs(mine.slope) < 5e-4 && mine.slope !== 0
      ? "hardly anything"
      : mine.slope === 0
        ? "nothing"
        : `a push of ${precise(Math.abs(mine.slope))} towards ${mine.slope < 0 ? "higher" : "lower"} logits`;
  const partner = { saturating: "non_saturating", non_saturating: "saturating" }[loss] ?? "non_saturating";
  const other = role === "g" ? all.find(({ name }) => name === partner) : null;
  const rest = restingLogit(loss, role, target);
  const out = [`D gives this ${sample} ${percent(sigmoid(logit))}. Under the ${nameOf(role, loss)} loss it feels ${feels}.`];
  if (other && other.name !== loss) out.push(against(mine, other));
  if (rest !== null) {
    const flat = loss === "hinge" ? "beyond" : "at";
    out.push(`The push ends ${flat} ${written(rest)}${loss.includes("saturating") ? `, where D says ${written(target)}` : ""}.`);
  }
  if (role === "d_real" && loss.includes("saturating") && target > 1) {
    out.push("With a target above 1 the push never ends and the loss has no lowest point: training refuses it.");
  }
  return out.join(" ");
}

/** On the axis of probabilities: why a slope that is not zero there may still vanish. */
function chain({ loss, role, logit, target }) {
  if (!loss.includes("saturating")) {
    return "This loss takes the raw score. The probability is only another scale for it here.";
  }
  const inner = sigmoid(logit) * sigmoid(-logit);
  return (
    `Over D the slope is ${precise(slopeOverProbability(loss, role, logit, target))}; D itself changes by D(1 − D) = ` +
    `${precise(inner)} for each unit of its logit. The sample feels their product, ${precise(slopeAt(loss, role, logit, target))}.`
  );
}

/** The drawing: all losses of one role, the chosen one strong, its tangent and the push. */
function plot(change) {
  const svg = shape("svg", { class: "losses-plot", role: "img", height: PLOT.height });
  let state, width;

  const inside = () => width - PLOT.left - PLOT.right;
  const share = (logit) => (state.axis === "logit" ? (logit + FARTHEST) / (2 * FARTHEST) : sigmoid(logit));
  const x = (logit) => PLOT.left + inside() * share(logit);
  const floor = PLOT.height - PLOT.bottom;
  const y = (value) => {
    const [low, high] = HOLDS[state.shown];
    return PLOT.top + ((high - value) / (high - low)) * (floor - PLOT.top);
  };
  const onPaper = (value) => Math.min(Math.max(value, HOLDS[state.shown][0]), HOLDS[state.shown][1]);
  const at = (name, logit) => (state.shown === "loss" ? lossAt : slopeAt)(name, state.role, logit, state.target);
  const held = (logit) => Math.min(FARTHEST, Math.max(-FARTHEST, logit));
  const logitAtPixel = (pixel) => {
    const part = Math.min(1, Math.max(0, (pixel - PLOT.left) / inside()));
    return held(state.axis === "logit" ? FARTHEST * (2 * part - 1) : logitOf(part));
  };

  const curve = (name) => {
    const points = [];
    for (let i = 0; i <= 160; i++) {
      const logit = state.axis === "logit" ? FARTHEST * (i / 80 - 1) : held(logitOf((i + 0.03) / 160.06));
      points.push(`${x(logit).toFixed(1)} ${y(at(name, logit)).toFixed(1)}`);
    }
    return `M${points.join("L")}`;
  };

  /** The other curves' names, each where its curve has the most room; curves that coincide share theirs. */
  function names() {
    const [low, high] = HOLDS[state.shown];
    const logits = Array.from({ length: 49 }, (_, i) => logitAtPixel(PLOT.left + inside() * (0.1 + (0.8 * i) / 48)));
    const groups = []; // [names, heights at those logits]
    for (const name of LOSS_NAMES.filter((name) => state.role === "g" || name !== "saturating")) {
      const heights = logits.map((logit) => at(name, logit));
      const twin = groups.find(([, others]) => others.every((other, i) => Math.abs(other - heights[i]) < 1e-6));
      twin ? twin[0].push(nameOf(state.role, name)) : groups.push([[nameOf(state.role, name)], heights]);
    }
    const placed = [];
    return groups
      .filter(([own]) => !own.includes(nameOf(state.role, state.loss)))
      .map(([own, heights]) => {
        const text = own.join(", ");
        const half = 3.3 * text.length; // of its width, about
        const middleOf = (i) => Math.min(width - PLOT.right - half, Math.max(PLOT.left + half, x(logits[i])));
        const free = (i) =>
          placed.every(([other, reach, at]) => Math.abs(middleOf(i) - other) > half + reach || Math.abs(y(heights[i]) - at) > 16);
        const room = heights.map((height, i) => {
          if (height < low + 0.4 || height > high - 0.8 || !free(i)) return -1;
          const above = groups.flatMap(([, others]) => (others === heights ? [] : [others[i] - height]));
          return Math.min(3, ...above.map((gap) => (gap > 0 ? gap : -2 * gap))); // the name stands above its curve
        });
        const best = room.indexOf(Math.max(...room));
        placed.push([middleOf(best), half, y(heights[best])]);
        return shape("text", { class: "losses-tick losses-label", x: middleOf(best), y: y(heights[best]) - 5, "text-anchor": "middle" }, text);
      });
  }

  function axes() {
    const parts = [];
    for (const tick of TICKS[state.shown]) {
      parts.push(shape("line", { class: tick ? "losses-grid" : "losses-zero", x1: PLOT.left, x2: width - PLOT.right, y1: y(tick), y2: y(tick) }));
      parts.push(shape("text", { class: "losses-tick", x: PLOT.left - 6, y: y(tick) + 4, "text-anchor": "end" }, written(tick)));
    }
    const marks = state.axis === "logit" ? [-8, -6, -4, -2, 0, 2, 4, 6, 8] : [0.001, 0.25, 0.5, 0.75, 0.999].map(logitOf);
    const texts = state.axis === "logit" ? marks.map((m) => written(m)) : ["0", "0.25", "0.5", "0.75", "1"];
    marks.forEach((mark, i) =>
      parts.push(shape("text", { class: "losses-tick", x: x(mark), y: PLOT.height - PLOT.bottom + 16, "text-anchor": "middle" }, texts[i])),
    );
    const name = state.axis === "logit" ? "D's logit" : "D, the probability";
    parts.push(shape("text", { class: "losses-name", x: PLOT.left + inside() / 2, y: PLOT.height - 3, "text-anchor": "middle" }, name));
    return parts;
  }

  /** Minus the slope, from the sample along the axis of logits. */
  function arrow(slope) {
    const long = Math.min(Math.abs(slope), LONGEST) * UNIT;
    const way = -Math.sign(slope);
    const [dot, py] = [x(state.logit), y(onPaper(at(state.loss, state.logit)))];
    const px = dot + way * 7; // beside the dot
    if (long < 1.5) return [shape("circle", { class: "losses-nothing", cx: dot, cy: py, r: 10 })];
    const tip = Math.min(width - 3, Math.max(3, px + way * long));
    const head = (end) => `M${end - way * 8} ${py - 5}L${end} ${py}L${end - way * 8} ${py + 5}`;
    const doubled = Math.abs(slope) > LONGEST ? head(tip - way * 6) : "";
    return [shape("path", { class: "losses-arrow", d: `M${px} ${py}H${tip}${head(tip)}${doubled}` })];
  }

  function draw(next) {
    state = next;
    width = svg.parentElement.clientWidth || 600;
    const { loss, role, logit, target } = state;
    const [value, slope] = [lossAt(loss, role, logit, target), slopeAt(loss, role, logit, target)];
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
    svg.setAttribute(
      "aria-label",
      `The ${state.shown === "loss" ? "losses" : "slopes of the losses"} over D's ${state.axis}. At logit ${written(logit)} the ${nameOf(role, loss)} loss is ${precise(value)} with slope ${precise(slope)}.`,
    );
    const others = LOSS_NAMES.filter((name) => name !== loss).map((name) => shape("path", { class: "losses-other", d: curve(name) }));
    const reach = [logit - 1.5, logit + 1.5];
    const straight = state.axis === "logit" && state.shown === "loss";
    const tangent = straight ? reach.map((l, i) => `${i ? "L" : "M"}${x(l)} ${y(value + slope * (l - logit))}`).join("") : "";
    svg.replaceChildren(
      ...axes(),
      shape(
        "svg", // a drawing in the drawing, because it cuts off what reaches over its edge
        { x: PLOT.left, y: PLOT.top, width: inside(), height: floor - PLOT.top, viewBox: `${PLOT.left} ${PLOT.top} ${inside()} ${floor - PLOT.top}` },
        ...others,
        shape("path", { class: `losses-curve losses-${role}`, d: curve(loss) }),
        shape("path", { class: "losses-tangent", d: tangent }),
        shape("line", { class: "losses-here", x1: x(logit), x2: x(logit), y1: PLOT.top, y2: floor }),
      ),
      ...names(),
      ...arrow(slope),
      shape("circle", { class: `losses-dot losses-${role}`, cx: x(logit), cy: y(onPaper(at(loss, logit))), r: 6 }),
    );
  }

  const follow = (event) => change(Math.round(10 * logitAtPixel(event.clientX - svg.getBoundingClientRect().left)) / 10);
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    follow(event);
  });
  svg.addEventListener("pointermove", (event) => event.buttons && follow(event));
  return { element: svg, draw };
}

/** Every loss at this logit: its value, its slope, and the push as a bar. */
function table() {
  const body = make("tbody");
  const head = make("tr", "", {}, ...["loss", "value", "slope", "push"].map((textContent) => make("th", "", { textContent, scope: "col" })));
  const element = make("table", "losses-table", {}, make("thead", "", {}, head), body);
  const draw = ({ loss, role, logit, target }) => {
    const all = readings(loss, role, logit, target);
    const rows = all.filter(({ name }) => role === "g" || name !== "saturating").map(({ name, value, slope }) => {
      const bar = make("span", "losses-bar");
      bar.style.width = `${Math.min(Math.abs(slope), LONGEST) * 42}%`;
      bar.classList.toggle("losses-back", slope > 0);
      const row = make("tr", nameOf(role, name) === nameOf(role, loss) ? "losses-chosen" : "");
      row.append(make("th", "", { textContent: nameOf(role, name), scope: "row" }));
      for (const number of [value, slope]) row.append(make("td", "", { textContent: precise(number) }));
      row.append(make("td", "losses-push", {}, bar));
      return row;
    });
    body.replaceChildren(...rows);
  };
  return { element, draw };
}

function render({ model, el }) {
  const set = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const game = choice({ label: "Loss", options: NAMES }, set("loss"));
  const role = choice({ label: "Whose", options: ROLES }, set("role"));
  const axis = choice({ label: "Over", options: { logit: "logit", probability: "probability" } }, set("axis"));
  const shown = choice({ label: "Draw", options: { loss: "the loss", slope: "its slope" } }, set("shown"));
  const text = (value) => `${written(value, 1)}, D = ${percent(sigmoid(value))}`;
  const logit = range({ label: "D's logit", min: -FARTHEST, max: FARTHEST, step: 0.1, text }, set("logit"));
  const target = range({ label: "target of real images", min: 0.5, max: 1.2, step: 0.01 }, set("real_target"));
  const drawing = plot((value) => {
    if (value !== model.get("logit")) set("logit")(value);
  });
  const rows = table();
  const said = make("p", "losses-said");
  const why = make("p", "losses-said losses-why");
  said.setAttribute("aria-live", "polite");

  const figure = make("figure", "dcgan-widget dcgan-losses");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  const top = make("div", "dcgan-controls", {}, game.element, role.element);
  const below = make("div", "dcgan-controls", {}, target.element, logit.element, axis.element, shown.element);
  const caption = make("figcaption", "", {
    textContent:
      "Drag along the curve. The orange arrow is what the sample feels: minus the slope. Compare the saturating loss with the others at a logit of −7.",
  });
  figure.append(top, make("div", "losses-frame", {}, drawing.element), below, said, why, rows.element, caption);
  el.append(figure);

  function draw() {
    const state = {
      loss: model.get("loss"),
      role: model.get("role"),
      logit: model.get("logit"),
      axis: model.get("axis"),
      shown: model.get("shown"),
      target: model.get("real_target"),
    };
    game.show(state.loss);
    role.show(state.role);
    axis.show(state.axis);
    shown.show(state.shown);
    logit.show(state.logit);
    target.show(state.target);
    target.element.hidden = !(state.role === "d_real" && state.loss.includes("saturating"));
    said.textContent = sentences(state);
    why.textContent = state.axis === "probability" ? chain(state) : "";
    rows.draw(state);
    drawing.draw(state);
  }

  const traits = ["loss", "role", "logit", "axis", "shown", "real_target"].map((name) => `change:${name}`);
  traits.forEach((event) => model.on(event, draw));
  const resized = new ResizeObserver(draw);
  resized.observe(figure);
  draw();
  return () => {
    traits.forEach((event) => model.off(event, draw));
    resized.disconnect();
  };
}

export default { render };
