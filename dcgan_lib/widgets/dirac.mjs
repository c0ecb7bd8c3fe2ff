// DiracCockpit: the view. What is computed is dirac-math.mjs's, what is said of it dirac-words.mjs's.

import { eigenvalues, flowCurve, growth, largest, meanFactor, trajectory, updateMatrix } from "./dirac-math.mjs";
import { eigenPlane, phasePlane, radiusPlot } from "./dirac-plots.mjs";
import { complexTexts, farOut, flowWords, nearRest } from "./dirac-words.mjs";
import { button, checkbox, choice, make, perFrame, range, stillPlease, written } from "./ui.mjs";

const PLAY_TRAITS = ["game", "method", "h", "momentum", "noise", "gamma", "clip"];
const TRAITS = [...PLAY_TRAITS, "start", "steps", "flow"];
const MOST_STEPS = 400;
const FARTHEST = 2.5;
const PACE = 40; // milliseconds a step
const PLAIN = { game: "saturating", method: "simultaneous", momentum: 0, noise: 0, gamma: 0, clip: 0 };
const TRIES = {
  "simultaneous": {},
  "alternating": { method: "alternating" },
  "negative momentum": { method: "alternating", momentum: -0.5 },
  "instance noise": { noise: 1 },
  "R1, critical": { gamma: 1 },
  "Wasserstein, clipped": { game: "wasserstein", clip: 1 },
};

/** Predicted beside measured: the factor of one step on the distance from rest. */
function factors() {
  const body = make("tbody");
  const element = make("table", "dirac-table", {}, body);
  const row = (name, value) =>
    make("tr", "", {}, make("th", "", { textContent: name, scope: "row" }), make("td", "", { textContent: value }));
  const text = (value) => (Number.isFinite(value) ? `× ${written(value, 4)}` : "–");
  const show = ({ values, size, near, mean }) =>
    body.replaceChildren(
      row("eigenvalues λ", complexTexts(values).join(",  ")),
      row("predicted, largest |λ|", text(size)),
      row("measured near rest", text(near)),
      row("measured along this path", text(mean)),
    );
  return { element, show };
}

/** Calls `advance` at a pace until it returns false, the reader looks elsewhere, or `stop` is called. */
function runner(element, advance, changed) {
  let [asked, last] = [0, 0];
  const stop = () => {
    if (!asked) return;
    cancelAnimationFrame(asked);
    asked = 0;
    changed(false);
  };
  const frame = (now) => {
    asked = requestAnimationFrame(frame);
    if (now - last < PACE) return;
    last = now;
    if (!advance()) stop();
  };
  const start = () => {
    asked = requestAnimationFrame(frame);
    changed(true);
  };
  const watch = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting || stop());
  watch.observe(element);
  const hidden = () => document.hidden && stop();
  document.addEventListener("visibilitychange", hidden);
  const leave = () => {
    stop();
    watch.disconnect();
    document.removeEventListener("visibilitychange", hidden);
  };
  return { start, stop, running: () => asked !== 0, leave };
}

function render({ model, el }) {
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const set = (name) => (value) => change({ [name]: value });
  const playOf = () => Object.fromEntries(PLAY_TRAITS.map((name) => [name, model.get(name)]));

  // --- what the play is, computed anew only when it changes
  let [key, play, values, size, near] = ["", null, [], 1, 1];
  function know() {
    const asked = playOf();
    if (JSON.stringify(asked) === key) return;
    [key, play] = [JSON.stringify(asked), asked];
    values = eigenvalues(updateMatrix(play));
    size = largest(values);
    near = growth(play);
    said.textContent = nearRest(play);
  }

  // --- the drawings and the numbers
  const held = (value) => Math.max(-FARTHEST, Math.min(FARTHEST, Math.round(20 * value) / 20));
  const plane = phasePlane((theta, psi) => {
    const start = [held(theta), held(psi)];
    if (String(start) !== String(model.get("start"))) change({ start });
  });
  const eigen = eigenPlane();
  const distance = radiusPlot();
  const table = factors();
  const said = make("p", "dirac-said");
  const far = make("p", "dirac-said dirac-quiet");
  said.setAttribute("aria-live", "polite");

  let [at, path] = [model.get("steps"), []]; // how much of the path is drawn: less than all while it plays
  const draw = perFrame(() => {
    know();
    const [start, steps] = [model.get("start"), model.get("steps")];
    path = trajectory(play, start, steps);
    const curve = model.get("flow") ? flowCurve(play, start) : null;
    plane.draw({ play, path, curve, at });
    eigen.draw({ values, size });
    distance.draw({ path, at, size, steps });
    table.show({ values, size, near, mean: meanFactor(path.slice(0, at + 1)) });
    far.textContent = [farOut(play), flowWords(curve)].filter(Boolean).join(" ");
    count.textContent = at < steps ? `${at} of ${steps} steps` : `${steps} steps`;
  });

  // --- controls
  const tries = Object.entries(TRIES).map(([name, values]) => {
    const wanted = { ...PLAIN, ...values };
    const press = button(name, () => change(wanted));
    return { press, show: () => press.setAttribute("aria-pressed", Object.keys(wanted).every((trait) => wanted[trait] === model.get(trait))) };
  });
  const figure = make("figure", "dcgan-widget dcgan-dirac");
  const motion = runner(
    figure,
    () => {
      at += 1;
      draw();
      return at < model.get("steps");
    },
    (running) => (player.textContent = running ? "Pause" : "Play"),
  );
  const player = button("Play", () => {
    if (motion.running()) return motion.stop();
    if (at >= model.get("steps")) at = 0;
    motion.start();
  });
  player.hidden = stillPlease();
  const one = button("Step", () => {
    motion.stop();
    const steps = model.get("steps");
    if (at < steps) at += 1;
    else if (steps < MOST_STEPS) set("steps")(steps + 1);
    draw();
  });
  const back = button("To the start", () => {
    motion.stop();
    at = 0;
    draw();
  });
  const count = make("span", "dirac-count");
  const inStart = (i) => (value) => change({ start: model.get("start").map((old, j) => (i === j ? value : old)) });
  const controls = {
    method: choice({ label: "Steps", options: { simultaneous: "simultaneous", alternating: "alternating" } }, set("method")),
    game: choice({ label: "Game", options: { saturating: "minimax", non_saturating: "non-saturating", wasserstein: "Wasserstein" } }, set("game")),
    h: range({ label: "step size h", min: 0.05, max: 5, step: 0.05 }, set("h")),
    momentum: range({ label: "momentum β", min: -0.9, max: 0.9, step: 0.05 }, set("momentum")),
    noise: range({ label: "noise s", min: 0, max: 2, step: 0.1 }, set("noise")),
    gamma: range({ label: "R1 weight γ", min: 0, max: 3, step: 0.05 }, set("gamma")),
    clip: range({ label: "clip ψ at", min: 0, max: 2, step: 0.1, text: (value) => (value ? `±${written(value)}` : "none") }, set("clip")),
    steps: range({ label: "steps", min: 0, max: MOST_STEPS, step: 1 }, set("steps")),
    flow: checkbox({ label: "infinitely small steps" }, set("flow")),
  };
  const theta = range({ label: "start θ", min: -FARTHEST, max: FARTHEST, step: 0.05 }, inStart(0));
  const psi = range({ label: "start ψ", min: -FARTHEST, max: FARTHEST, step: 0.05 }, inStart(1));

  function show() {
    for (const [name, control] of Object.entries(controls)) control.show(model.get(name));
    [theta, psi].forEach((control, i) => control.show(model.get("start")[i]));
    tries.forEach((one) => one.show());
    controls.clip.element.hidden = model.get("game") !== "wasserstein";
    if (!motion.running()) at = model.get("steps");
    draw();
  }

  // --- the figure
  const row = (className, ...children) => make("div", className, {}, ...children);
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  figure.append(
    row("dirac-tries", make("span", "dcgan-name", { textContent: "Try" }), ...tries.map((one) => one.press)),
    row("dirac-drawings", plane.element, row("dirac-beside", eigen.element, distance.element)),
    row("dcgan-controls dirac-player", player, one, back, count),
    said,
    far,
    row("dirac-sliders", ...["h", "momentum", "gamma", "noise", "clip"].map((name) => controls[name].element), theta.element, psi.element, controls.steps.element),
    row("dcgan-controls", controls.method.element, controls.game.element, controls.flow.element),
    table.element,
    make("figcaption", "", {
      textContent:
        "Drag the ring, where the players start. Dashed: infinitely small steps, and the distance that |λ| predicts. Which of the six buttons bring the players to rest at the centre, and can a smaller step size do it?",
    }),
  );
  el.append(figure);

  const events = TRAITS.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, show));
  const resized = new ResizeObserver(draw);
  resized.observe(figure);
  show();
  return () => {
    events.forEach((event) => model.off(event, show));
    resized.disconnect();
    motion.leave();
    draw.cancel();
  };
}

export default { render };
