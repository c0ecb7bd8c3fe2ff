// A table of layers, walked through from its first size: where a printed size is not what comes out, the row says so.

import { mark } from "./convolution-cells.mjs";
import { mendsOf, walkTable } from "./convolution-math.mjs";
import { button, choice, make } from "./ui.mjs";

export const TABLE_BOUNDS = { kernel: [1, 16], stride: [1, 8], padding: [0, 8], output_padding: [0, 7] };
const MOST_LAYERS = 10;
const LARGEST_SIZE = 1024;
const HEADS = { kernel: ["kernel", "k"], stride: ["stride", "s"], padding: ["padding", "p"], output_padding: ["output padding", "e"], printed: ["printed", "printed"] };
const CHANGED = "changed by you";
const sameTable = (a, b) => {
  const rows = ({ rows }) => rows.map((row) => Object.keys(HEADS).map((name) => row[name]));
  return a.kind === b.kind && a.start === b.start && JSON.stringify(rows(a)) === JSON.stringify(rows(b));
};

/** What the table comes to: nothing to mend, or the first row that is not as printed, and what would mend it. */
export function verdictOf(table) {
  const walked = walkTable(table);
  const stuck = walked.findIndex(({ problem }) => problem);
  const wrong = walked.findIndex(({ right }) => right === false);
  if (wrong < 0) {
    if (stuck >= 0) return `Layer ${stuck + 1}: ${walked[stuck].problem}.`;
    const checked = walked.filter(({ right }) => right).length;
    return checked ? `The table adds up: ${checked} of ${checked} printed sizes come out.` : `It ends with ${walked.at(-1).size} × ${walked.at(-1).size}.`;
  }
  const { size } = walked[wrong];
  const { printed } = table.rows[wrong];
  const ways = Object.entries(mendsOf(table, wrong, TABLE_BOUNDS)).map(([name, value]) => `${name} ${value}`);
  const mend = ways.length ? ` ${ways.join(", or ").replace(/^./, (first) => first.toUpperCase())} would mend this layer.` : " No single number of this layer would mend it.";
  const last = walked.length - 1 > wrong && walked.at(-1).size !== null ? ` The table ends with ${walked.at(-1).size} × ${walked.at(-1).size}.` : "";
  return `Layer ${wrong + 1} does not give the printed ${printed} × ${printed}: it gives ${size} × ${size}.${mend}${last}`;
}

function numberField(label, value, [low, high], change, empty = false) {
  const input = make("input", "conv-field", { type: "number", min: low, max: high, step: 1, inputMode: "numeric", value: value ?? "" });
  input.setAttribute("aria-label", label);
  input.addEventListener("change", () => {
    if (empty && input.value === "") return change(null);
    const given = Math.round(Number(input.value));
    const held = Math.min(high, Math.max(low, input.value === "" || Number.isNaN(given) ? (value ?? low) : given));
    input.value = held;
    return change(held);
  });
  return input;
}

/** `change(table)` is called with what the reader makes of it. */
export function makeTable(tables, change) {
  let table;
  const select = make("select", "conv-select");
  const names = [...Object.keys(tables), CHANGED];
  select.append(...names.map((name) => make("option", "", { value: name, textContent: name })));
  select.addEventListener("change", () => select.value in tables && change(structuredClone(tables[select.value])));
  const label = make("label", "conv-label", {}, make("span", "dcgan-name", { textContent: "Table" }), select);
  const kind = choice({ label: "Layers", options: { strided: "strided", transposed: "transposed" } }, (value) => change({ ...table, kind: value }));
  const body = make("tbody");
  const head = make("tr");
  const rows = make("table", "conv-table", {}, make("thead", "", {}, head), body);
  const said = make("p", "conv-said");
  mark(said, { "aria-live": "polite" });
  const add = button("Add a layer", () => change({ ...table, rows: [...table.rows, { ...table.rows.at(-1), printed: null }] }));
  const remove = button("Remove the last", () => change({ ...table, rows: table.rows.slice(0, -1) }));
  const element = make("div", "", {}, make("div", "dcgan-controls", {}, label, kind.element), make("div", "conv-wide", {}, rows), make("div", "dcgan-controls", {}, add, remove), said);

  function rowOf(row, i, walked, columns) {
    const set = (name) => (value) => change({ ...table, rows: table.rows.map((other, j) => (j === i ? { ...other, [name]: value } : other)) });
    const field = (name) => numberField(`Layer ${i + 1}, ${HEADS[name][0]}`, row[name], TABLE_BOUNDS[name] ?? [1, LARGEST_SIZE], set(name), name === "printed");
    const cell = (...content) => make("td", "", {}, ...content);
    const { size, right } = walked;
    const mark = right === null ? "" : right ? " ✓" : " ✗";
    const computed = make("td", "conv-computed", { textContent: `${size ?? "–"}${mark}` });
    if (right !== null) computed.setAttribute("aria-label", `${size}, ${right ? "as printed" : "not as printed"}`);
    const th = make("th", "", { scope: "row", textContent: i + 1 });
    return make("tr", right === false || walked.problem ? "conv-wrong" : "", {}, th, ...columns.map((name) => cell(field(name))), computed);
  }

  function draw(next) {
    table = next;
    const found = Object.keys(tables).find((name) => sameTable(tables[name], table));
    select.value = found ?? CHANGED;
    kind.show(table.kind);
    const columns = Object.keys(HEADS).filter((name) => name !== "output_padding" || table.kind === "transposed");
    const walked = walkTable(table);
    const headOf = (short, long) => {
      const th = make("th", "", { scope: "col", textContent: short });
      if (long !== short) th.title = long;
      return th;
    };
    const start = numberField("Size at the start", table.start, [1, LARGEST_SIZE], (value) => change({ ...table, start: value }));
    const focus = body.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : "";
    head.replaceChildren(headOf("layer", "layer"), ...columns.map((name) => headOf(HEADS[name][1], HEADS[name][0])), headOf("comes out", "comes out"));
    const first = make("tr", "", {}, make("th", "", { scope: "row", textContent: "in" }), make("td", "", { colSpan: columns.length }), make("td", "conv-computed", {}, start));
    body.replaceChildren(first, ...table.rows.map((row, i) => rowOf(row, i, walked[i], columns)));
    if (focus) [...body.querySelectorAll("input")].find((input) => input.getAttribute("aria-label") === focus)?.focus();
    add.disabled = table.rows.length >= MOST_LAYERS;
    remove.disabled = table.rows.length <= 1;
    said.textContent = verdictOf(table);
  }
  return { element, draw };
}
