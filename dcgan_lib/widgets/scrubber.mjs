// TrainingScrubber: the view. Runs side by side at one step, a slider along their steps, and, where names are hidden,
// a question. What belongs to a step is scrubber-math.mjs's; one run is drawn by scrubber-run.mjs.

import { inView } from "./files.mjs";
import { PANELS, besides, numberOf, nearest, placeOf, score, verdict } from "./scrubber-math.mjs";
import { runColumn, runOf } from "./scrubber-run.mjs";
import { button, checkbox, choice, make, perFrame, range, stillPlease } from "./ui.mjs";

const TRAITS = ["runs", "step", "hidden", "case", "guess", "revealed", "curves", "followed"];
const INTERVAL = 450; // milliseconds of a kept step while it plays
const MOST = 4; // runs side by side

const KINDS = Object.fromEntries(Object.entries(PANELS).map(([kind, { title }]) => [kind, title]));

/** Runs along the steps while it is in view. For who asked for less motion: one step a press. */
function player(next, element) {
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    control.textContent = stillPlease() ? "Next step" : "Play";
  };
  const control = button("", () => {
    if (stillPlease()) return next();
    if (timer) return stop();
    timer = setInterval(next, INTERVAL);
    control.textContent = "Pause";
    next();
  });
  const watch = new IntersectionObserver(([entry]) => entry.isIntersecting || stop());
  watch.observe(element);
  const sleep = () => document.hidden && stop();
  document.addEventListener("visibilitychange", sleep);
  stop();
  const leave = () => {
    stop();
    watch.disconnect();
    document.removeEventListener("visibilitychange", sleep);
  };
  return { element: control, stop, leave };
}

/** Which runs stand side by side: a box for each, the last one standing stays, and no more than MOST. */
function picker(choices, change) {
  const boxes = Object.entries(choices).map(([name, label]) => [name, checkbox({ label }, () => change(chosen()))]);
  const chosen = () => boxes.filter(([, box]) => box.input.checked).map(([name]) => name);
  const legend = make("legend", "dcgan-name", { textContent: `Runs, up to ${MOST}` });
  const element = make("fieldset", "scrubber-picker", {}, legend, ...boxes.map(([, box]) => box.element));
  const show = (runs) => {
    for (const [name, box] of boxes) {
      box.show(runs.includes(name));
      box.input.disabled = runs.includes(name) ? runs.length === 1 : runs.length >= MOST;
    }
  };
  return { element, show };
}

/** The question what ails a run, and what is said to the answer. */
function quiz(cases, answer) {
  const select = make("select", "scrubber-select");
  select.append(new Option("choose, or ask", ""), ...Object.entries(cases).map(([name, { label }]) => new Option(label, name)));
  const check = button("", () => answer(select.value));
  const say = () => (check.textContent = select.value ? "Check" : "Show the answer");
  select.addEventListener("change", say);
  const label = make("label", "scrubber-question", {}, make("span", "dcgan-name", { textContent: "What is wrong?" }), select);
  const form = make("div", "dcgan-controls", {}, label, check);
  const said = make("p", "scrubber-verdict");
  const tell = make("p", "scrubber-tell");
  const result = make("div", "scrubber-answer", {}, said, tell);
  result.setAttribute("role", "status");
  let asked = "";
  const show = ({ number, truth, guess, open }) => {
    if (number !== asked) select.value = "";
    asked = number;
    say();
    form.hidden = open;
    said.textContent = open ? verdict(cases, truth, guess) : "";
    tell.textContent = open ? cases[truth].tell : "";
  };
  return { elements: [form, result], show };
}

function render({ model, el }) {
  const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const [steps, cases, choices, most] = ["steps", "cases", "choices", "samples"].map((name) => model.get(name));
  const hidden = model.get("hidden");
  const labelOf = (name) => choices[name] ?? cases[name]?.label ?? name;
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const scrub = (place) => {
    play.stop();
    const step = nearest(steps, place);
    if (step !== model.get("step")) change({ step });
  };

  const follow = (number) => change({ followed: number === model.get("followed") || number > most ? 0 : number });

  /** What stands side by side: `[name, what the page calls it]`. */
  function columns({ runs, case: place, guess, revealed }) {
    if (!hidden) return runs.map((name) => [name, labelOf(name)]);
    const number = numberOf(place);
    const truth = runs[place];
    if (!revealed.includes(number)) return [[truth, `Run ${number}`]];
    const beside = besides(truth, guess[number]);
    return [[truth, `Run ${number}: ${labelOf(truth)}`], ...(beside ? [[beside, `beside it: ${labelOf(beside)}`]] : [])];
  }

  // --- the runs, which come when the figure is near

  const found = new Map(); // name -> { manifest, sheet }
  let near = false;
  const note = make("p", "scrubber-note", { textContent: "The recorded run is on its way …", hidden: true });
  note.setAttribute("role", "status");
  async function need(names) {
    const missing = names.filter((name) => !found.has(name));
    if (!near || !missing.length) return;
    note.hidden = false;
    try {
      await Promise.all(missing.map(async (name) => found.set(name, await runOf(model, name))));
      note.hidden = true;
      draw();
    } catch (error) {
      note.textContent = `A recorded run did not come: ${error.message}`;
    }
  }

  // --- the figure

  const figure = make("figure", "dcgan-widget dcgan-scrubber");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  const row = make("div", "scrubber-row");
  const drawn = []; // columns that exist
  const text = (place) => steps[place].toLocaleString("en-GB");
  const slider = range({ label: "step", min: 0, max: steps.length - 1, step: 1, text }, (place) => {
    play.stop();
    change({ step: steps[place] });
  });
  const play = player(() => change({ step: steps[(placeOf(steps, model.get("step")) + 1) % steps.length] }), figure);
  const sample = range(
    { label: "follow", min: 0, max: most, step: 1, text: (number) => (number ? `sample ${number}` : "none") },
    (followed) => change({ followed }),
  );
  const kinds = choice({ label: "Curves", options: KINDS }, (curves) => change({ curves }));
  const pick = picker(choices, (runs) => change({ runs }));
  const numbers = Object.fromEntries(model.get("runs").map((_, place) => [place, numberOf(place)]));
  const which = choice({ label: "Run", options: numbers }, (place) => change({ case: Number(place) }));
  const question = quiz(cases, (name) => {
    const { runs, case: place, guess, revealed } = state();
    change({ guess: { ...guess, [numberOf(place)]: name }, revealed: [...revealed, numberOf(place)] });
  });
  const count = make("p", "scrubber-score");

  const draw = perFrame(() => {
    const now = state();
    const shown = columns(now);
    const alone = shown.length === 1;
    while (drawn.length < shown.length) drawn.push(runColumn(scrub, follow));
    row.replaceChildren(...drawn.slice(0, shown.length).map((one) => one.element));
    row.classList.toggle("scrubber-alone", alone);
    shown.forEach(([name, label], i) => {
      const all = alone || hidden;
      drawn[i].show({
        label,
        run: found.get(name),
        step: now.step,
        across: alone ? 8 : 4,
        kinds: all ? Object.keys(PANELS) : [now.curves],
        followed: now.followed,
      });
    });
    slider.show(placeOf(steps, now.step));
    sample.show(now.followed);
    kinds.show(now.curves);
    kinds.element.hidden = alone || hidden;
    pick.show(now.runs);
    which.show(String(now.case));
    if (hidden) {
      const number = numberOf(now.case);
      const open = now.revealed.includes(number);
      question.show({ number, truth: now.runs[now.case], guess: now.guess[number], open });
      count.textContent = score(now.runs, now.guess, now.revealed);
    }
    need(shown.map(([name]) => name));
  });

  if (hidden) figure.append(make("div", "dcgan-controls", {}, which.element));
  figure.append(row, note, make("div", "dcgan-controls", {}, slider.element, play.element));
  figure.append(make("div", "dcgan-controls", {}, sample.element, kinds.element));
  if (hidden) figure.append(...question.elements, count);
  else if (Object.keys(choices).length > 1) figure.append(pick.element);
  if (model.get("caption")) figure.append(make("figcaption", "", { textContent: model.get("caption") }));
  el.append(figure);

  const events = TRAITS.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, draw));
  const resized = new ResizeObserver(draw);
  resized.observe(row);
  inView(figure).then(() => {
    near = true;
    draw();
  });
  draw();
  return () => {
    events.forEach((event) => model.off(event, draw));
    resized.disconnect();
    play.leave();
    draw.cancel();
  };
}

export default { render };
