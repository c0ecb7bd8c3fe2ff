// LossDecoder: losses in, what they mean out. Everything is computed in decoder-math.mjs; here it is written down.

import { decodeLosses } from "./decoder-math.mjs";
import { button, choice, make, written } from "./ui.mjs";

const ALARMS = ["broken", "frozen", "won", "other", "backwards"];
const NAMES = {
  loss: "a loss",
  loss_d: "loss of D",
  loss_g: "loss of G",
  d_real: "D(x)",
  d_fake: "D(G(z))",
  d_fake_after: "… D moved",
};
const SVG = "http://www.w3.org/2000/svg";

/** Six digits at most, and never 0 for what is not. */
function digits(value) {
  if (!Number.isFinite(value)) return String(value).replace("-", "\u2212");
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(2).replaceAll("-", "\u2212");
  return written(value, Math.abs(value) < 10 ? 6 : 4);
}

function node(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** D's outputs on a line from 0 to 1: filled as they were printed, hollow as they follow from the losses. */
function scale({ values, real, fake }, width) {
  const [left, right, middle] = [12, width - 12, 46];
  const x = (p) => left + (right - left) * Math.min(1, Math.max(0, p));
  const svg = node("svg", { class: "decoder-scale", width, height: 90, viewBox: `0 0 ${width} 90`, role: "img" });
  svg.append(node("line", { class: "decoder-line", x1: left, x2: right, y1: middle, y2: middle }));
  for (const p of [0, 0.5, 1]) {
    svg.append(
      node("line", { class: "decoder-line", x1: x(p), x2: x(p), y1: middle - 5, y2: middle + 5 }),
      node("text", { x: x(p), y: middle + 36, "text-anchor": p === 0 ? "start" : p === 1 ? "end" : "middle" }, written(p)),
    );
  }
  const said = [];
  const mark = (p, kind, hollow, name) => {
    if (!Number.isFinite(p)) return;
    said.push(`${name} ${written(p, 3)}`);
    svg.append(node("circle", { class: `decoder-${kind}${hollow ? " decoder-hollow" : ""}`, cx: x(p), cy: middle, r: 7 }));
  };
  const label = (p, kind, text) => {
    if (!Number.isFinite(p)) return;
    const anchor = x(p) < 60 ? "start" : x(p) > width - 60 ? "end" : "middle";
    const y = kind === "fake" ? middle - 14 : middle + 18;
    svg.append(node("text", { class: `decoder-${kind}`, x: anchor === "start" ? left - 6 : anchor === "end" ? right + 6 : x(p), y, "text-anchor": anchor }, text));
  };
  mark(values.d_real, "real", false, "D of real images");
  mark(real, "real", true, "of real images by the losses");
  mark(values.d_fake, "fake", false, "D of fakes");
  mark(fake, "fake", true, "of fakes by the losses");
  label(values.d_real ?? real, "real", "real images");
  label(values.d_fake ?? fake, "fake", "fakes");
  svg.append(node("text", { x: left + (right - left) / 2, y: 12, "text-anchor": "middle" }, "● printed   ○ from the losses"));
  svg.setAttribute("aria-label", `On the scale from 0 to 1: ${said.join(", ")}`);
  return said.length ? svg : "";
}

/** What follows from the losses, as pairs of words and a number. */
function consequences(reading) {
  const { real, fake, right, floor_d, floor_g, jsd, push, push_saturating } = reading;
  const rows = [];
  const add = (text, value, places = 3) => value !== null && rows.push([text, value > 0 && value < 5e-4 ? digits(value) : written(value, places)]);
  add("D of every real image, if it gives all the same", real);
  add("D of every fake, if it gives all the same", fake);
  add("Probability that D gives the truth (geometric mean)", right);
  add("Least loss of D that the printed outputs allow", floor_d);
  add("Least loss of G that the printed outputs allow", floor_g);
  add("Least JSD that this proves on images new to D (at most 0.693)", jsd);
  add("Push on a fake, non-saturating (at most 1)", push);
  add("Push on a fake, saturating (at most 1)", push_saturating);
  return rows;
}

function rowOf(cells, header = 0) {
  return make("tr", "", {}, ...cells.map((textContent, i) => make(i < header ? "th" : "td", "", i < header ? { textContent, scope: "row" } : { textContent })));
}

/** What was read, and what each number is. */
function table({ values, known }, { constants }) {
  const meaning = (quantity) =>
    known
      .filter(([name]) => name === quantity)
      .map(([, key]) => {
        const { how, says } = constants.find((constant) => constant.key === key);
        const texts = quantity === "loss" ? [...new Set(Object.values(says))].map((text, i, all) => (all.length > 1 ? `${["as D's loss", "as G's"][i]}: ${text}` : text)) : [says[quantity]];
        return `${how}: ${texts.join("; ")}.`;
      })
      .join(" ");
  const body = make("tbody");
  for (const [quantity, value] of Object.entries(values)) body.append(rowOf([NAMES[quantity], digits(value), meaning(quantity)], 1));
  return make("table", "decoder-table decoder-read", {}, make("caption", "", { textContent: "Read" }), body);
}

function render({ model, el }) {
  const book = model.get("book");
  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const box = make("textarea", "decoder-box", { rows: 4, spellcheck: false });
  const label = make("label", "decoder-label", {}, make("span", "dcgan-name", { textContent: "Losses, or lines of a log" }), box);
  box.addEventListener("input", () => set("text", box.value.slice(-book.longest)));
  const options = { guess: "guess", sum: "the sum of its halves", mean: "their mean" };
  const halves = choice({ label: "D's loss is", options }, (value) => set("halves", value));
  const examples = make("div", "decoder-examples", {}, make("span", "dcgan-name", { textContent: "Examples" }));
  for (const [name, text] of book.examples) examples.append(button(name, () => set("text", text)));

  const title = make("p", "decoder-title");
  const says = make("p", "decoder-says");
  const remarks = make("p", "decoder-remarks dcgan-name");
  const todo = make("ul", "decoder-todo");
  const picture = make("div", "decoder-picture");
  const tables = make("div", "decoder-tables");
  const verdict = make("div", "decoder-verdict", {}, title, says, todo);
  verdict.setAttribute("aria-live", "polite");
  const hidden = make("p", "decoder-remarks dcgan-name", { textContent: book.hidden });
  const caption = make("figcaption", "", {
    textContent: "Paste the last lines of your own run, or type a loss. Then press the examples and see why each number stands where it stands.",
  });
  const figure = make("figure", "dcgan-widget dcgan-decoder", {}, label, examples, make("div", "dcgan-controls", {}, halves.element));
  figure.append(verdict, picture, tables, remarks, hidden, caption);
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the keys
  el.append(figure);

  function draw() {
    const text = model.get("text");
    if (box.value !== text) box.value = text;
    halves.show(model.get("halves"));
    const reading = decodeLosses(text, model.get("halves"), book);
    const state = book.states[reading.state];
    figure.dataset.state = reading.state;
    verdict.classList.toggle("decoder-alarm", ALARMS.includes(reading.state));
    title.textContent = state.title;
    says.textContent = state.says;
    todo.replaceChildren(...state.do.map((textContent) => make("li", "", { textContent })));
    picture.replaceChildren(scale(reading, Math.min(figure.clientWidth || 600, 640)));
    const rows = consequences(reading);
    const follows = make("table", "decoder-table", {}, make("caption", "", { textContent: "What follows" }), make("tbody", "", {}, ...rows.map((cells) => rowOf(cells, 1))));
    tables.replaceChildren(...(reading.lines ? [table(reading, book)] : []), ...(rows.length ? [follows] : []));
    const many = reading.lines > 1 ? [`Means over ${Math.min(reading.lines, book.bounds.last)} lines.`] : [];
    remarks.textContent = [...many, ...reading.remarks.map((key) => book.remarks[key])].join(" ");
  }

  const traits = "change:text change:halves";
  traits.split(" ").forEach((event) => model.on(event, draw));
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (figure.clientWidth === width) return;
    width = figure.clientWidth;
    draw();
  });
  resized.observe(figure);
  draw();
  return () => {
    traits.split(" ").forEach((event) => model.off(event, draw));
    resized.disconnect();
  };
}

export default { render };
