// FrameSlider: one control per axis, and the picture that was drawn in advance for where they stand.
//
// What this module asks of its host, live or static: model.get, model.set, model.save_changes, model.on, model.off.
// A page without a kernel also says model.kernel === false: then nothing can be drawn between the frames, and a frame is
// the address of its picture instead of its bytes.

const BETWEEN = 10; // with a kernel, steps of a slider between two frames

function make(tag, className, properties = {}) {
  return Object.assign(document.createElement(tag), { className, ...properties });
}

/** Which grid point is nearest to these values: its place in `order` and `alts`. */
function gridIndex(axes, values) {
  const nearest = ({ name, values: grid }) =>
    typeof values[name] === "string"
      ? grid.indexOf(values[name])
      : grid.reduce((best, v, i) => (Math.abs(v - values[name]) < Math.abs(grid[best] - values[name]) ? i : best), 0);
  return axes.reduce((index, axis) => index * axis.values.length + nearest(axis), 0);
}

/** Position 2.3 on a slider over [0, 1, 10, 100] is three tenths of the way from 10 to 100; and back. */
function valueAt(grid, position) {
  const i = Math.min(Math.floor(position), grid.length - 2);
  if (i < 0 || Number.isInteger(position)) return grid[Math.round(position)];
  return grid[i] + (position - i) * (grid[i + 1] - grid[i]);
}
function positionOf(grid, value) {
  const i = grid.findLastIndex((v) => v <= value);
  if (i < 0) return 0;
  if (i === grid.length - 1) return i;
  return i + (value - grid[i]) / (grid[i + 1] - grid[i]);
}

/** A number as the reader reads it: as Python wrote it if it is on the grid. */
function textOf(axis, value) {
  const i = axis.values.indexOf(value);
  return i >= 0 ? axis.texts[i] : String(Number(value.toPrecision(3))).replace("-", "\u2212");
}

function slider(axis, live, change) {
  const row = make("label", "dcgan-range");
  const input = make("input", "", { type: "range", min: 0, max: axis.values.length - 1, step: live ? 1 / BETWEEN : 1 });
  const output = make("output", "dcgan-value");
  row.append(make("span", "dcgan-name", { textContent: axis.label }), input, output);
  input.addEventListener("input", () => change(axis.name, valueAt(axis.values, Number(input.value))));
  output.style.minWidth = `${Math.max(...axis.texts.map((text) => text.length), 3)}ch`;
  const show = (value) => {
    input.value = positionOf(axis.values, value);
    output.value = textOf(axis, value);
    input.setAttribute("aria-valuetext", output.value);
  };
  const quiet = (yes) => output.setAttribute("aria-live", yes ? "off" : "polite");
  return { element: row, show, quiet };
}

let groups = 0; // radio buttons belong together by name, and the names of two widgets must differ

function choice(axis, change) {
  const box = make("fieldset", "dcgan-choice");
  const group = `dcgan-choice-${groups++}`;
  box.append(make("legend", "dcgan-name", { textContent: axis.label }));
  const inputs = axis.values.map((value) => {
    const label = make("label", "");
    const input = make("input", "", { type: "radio", name: group, value });
    input.addEventListener("change", () => change(axis.name, value));
    label.append(input, make("span", "", { textContent: value }));
    box.append(label);
    return input;
  });
  const show = (value) => inputs.forEach((input) => (input.checked = input.value === value));
  return { element: box, show, quiet: () => {} };
}

/** A button that runs along an axis of numbers; for who asked for less motion it goes one frame at a press. */
function player(axis, model, change, quiet) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const button = make("button", "dcgan-play", { type: "button" });
  let timer = 0;
  const next = () => {
    const i = axis.values.indexOf(axis.values.findLast((v) => v <= model.get("values")[axis.name]));
    change(axis.name, axis.values[(i + 1) % axis.values.length]);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    quiet(false);
    button.textContent = still ? "Next frame" : "Play";
  };
  const start = () => {
    timer = setInterval(next, model.get("interval"));
    quiet(true);
    button.textContent = "Pause";
  };
  button.addEventListener("click", () => (still ? next() : timer ? stop() : start()));
  stop();
  return { element: button, stop };
}

function render({ model, el }) {
  const axes = model.get("axes");
  const live = model.get("live") && model.kernel !== false;
  const type = model.get("mime");
  const made = []; // addresses that this view made, and gives back when it leaves
  const url = (bytes) => {
    made.push(URL.createObjectURL(new Blob([bytes], { type })));
    return made.at(-1);
  };
  const addressOf = (frame) => (typeof frame === "string" ? frame : url(frame));
  const frames = model.get("frames").map(addressOf);
  let between = ""; // the address of the picture that the kernel drew last

  const [width, height] = model.get("size");
  const picture = make("img", "dcgan-picture", { width, height, draggable: false, loading: "lazy" });
  picture.classList.toggle("dcgan-pixelated", model.get("pixelated"));

  const change = (name, value) => {
    model.set("values", { ...model.get("values"), [name]: value });
    model.save_changes();
  };
  const controls = axes.map((axis) =>
    typeof axis.values[0] === "string" ? choice(axis, change) : slider(axis, live, change),
  );
  const quiet = (yes) => controls.forEach((control) => control.quiet(yes));
  const runs = model.get("play") && axes.find((axis) => typeof axis.values[0] !== "string");
  const play = runs && player(runs, model, change, quiet);

  function draw() {
    const values = model.get("values");
    axes.forEach((axis, i) => controls[i].show(values[axis.name]));
    const drawn = model.get("drawn");
    if (live && drawn.values && axes.every(({ name }) => drawn.values[name] === values[name])) {
      if (between) URL.revokeObjectURL(between);
      picture.src = between = url(drawn.image);
      picture.alt = drawn.alt;
    } else {
      const i = gridIndex(axes, values);
      picture.src = frames[model.get("order")[i]];
      picture.alt = model.get("alts")[i];
    }
  }

  const figure = make("figure", "dcgan-widget dcgan-frames");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  const bar = make("div", "dcgan-controls");
  bar.append(...controls.map((control) => control.element), ...(play ? [play.element] : []));
  figure.append(picture, bar);
  if (model.get("caption")) figure.append(make("figcaption", "", { textContent: model.get("caption") }));
  el.append(figure);

  const watch = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    watch.disconnect();
    for (const address of frames) new Image().src = address; // at hand when the slider moves
  });
  watch.observe(picture);

  model.on("change:values", draw);
  model.on("change:drawn", draw);
  draw();
  return () => {
    model.off("change:values", draw);
    model.off("change:drawn", draw);
    play?.stop();
    watch.disconnect();
    made.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
