// The few native controls that the widgets share: each is labelled, works by keyboard and touch, and is styled by
// widgets.css. `change` is called with the new value when the reader moves it; `show(value)` moves it from outside.

export function make(tag, className = "", properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), { className, ...properties });
  element.append(...children);
  return element;
}

/** A number as a reader reads it: at most `digits` decimals, and a real minus sign. */
export function written(value, digits = 2) {
  return String(Number(value.toFixed(digits))).replace("-", "\u2212");
}

export function range({ label, min, max, step, digits = 2, text = (value) => written(value, digits) }, change) {
  const input = make("input", "", { type: "range", min, max, step });
  const output = make("output", "dcgan-value");
  output.style.minWidth = `${Math.max(text(min).length, text(max).length, 3)}ch`;
  const element = make("label", "dcgan-range", {}, make("span", "dcgan-name", { textContent: label }), input, output);
  const say = (value) => {
    if (output.value === text(value)) return; // twenty sliders are told at each step of one of them
    output.value = text(value);
    input.setAttribute("aria-valuetext", output.value);
  };
  input.addEventListener("input", () => {
    say(Number(input.value));
    change(Number(input.value));
  });
  const show = (value) => {
    input.value = value;
    say(value);
  };
  return { element, input, show };
}

let choices = 0; // radio buttons belong together by name, and the names of two widgets must differ

/** One of several words: `options` is `{ value: "what the reader reads" }`. */
export function choice({ label, options }, change) {
  const group = `dcgan-ui-choice-${choices++}-${Math.random().toString(36).slice(2)}`;
  const element = make("fieldset", "dcgan-choice", {}, make("legend", "dcgan-name", { textContent: label }));
  const inputs = Object.entries(options).map(([value, textContent]) => {
    const input = make("input", "", { type: "radio", name: group, value });
    input.addEventListener("change", () => change(value));
    element.append(make("label", "", {}, input, make("span", "", { textContent })));
    return input;
  });
  return { element, show: (value) => inputs.forEach((input) => (input.checked = input.value === value)) };
}

export function checkbox({ label }, change) {
  const input = make("input", "", { type: "checkbox" });
  input.addEventListener("change", () => change(input.checked));
  const element = make("label", "dcgan-check", {}, input, make("span", "", { textContent: label }));
  return { element, input, show: (value) => (input.checked = value) };
}

export function button(label, press) {
  const element = make("button", "dcgan-play", { type: "button", textContent: label });
  element.addEventListener("click", press);
  return element;
}

export const anySeed = () => Math.floor(Math.random() * 100_000);

/** A seed: its number, and a button for another one. */
export function seedField(name, change) {
  const input = make("input", "", { type: "number", min: 0, max: 2 ** 31 - 1, step: 1, inputMode: "numeric" });
  input.setAttribute("aria-label", `Seed ${name}`);
  const label = make("label", "", {}, make("span", "", { textContent: name }), input);
  input.addEventListener("change", () => {
    if (input.value !== "" && input.checkValidity()) change(Number(input.value));
  });
  const another = button("New", () => change(anySeed()));
  another.setAttribute("aria-label", `New seed ${name}`);
  const element = make("span", "dcgan-seed", {}, label, another);
  return { element, show: (value) => document.activeElement !== input && (input.value = value) };
}

/** A canvas of images, `show(image)` with `size * size * nc` floats in [-1, 1], pixel by pixel. */
export function picture({ width, alt }) {
  const canvas = make("canvas", "dcgan-picture dcgan-pixelated", { width: 1, height: 1 });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", alt);
  canvas.style.width = `${width}px`;
  canvas.style.aspectRatio = "1";
  const show = (image, size, nc) => {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    context.putImageData(pixelsOf(image, size, nc), 0, 0);
  };
  return { element: canvas, show };
}

/** Floats in [-1, 1] as an ImageData; one channel is grey. */
export function pixelsOf(image, size, nc) {
  const pixels = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = 127.5 * (image[nc * i + (nc === 3 ? c : 0)] + 1); // clamped, rounded
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** Calls `draw` at most once a frame, however often it is asked for; `.cancel()` when the widget leaves. */
export function perFrame(draw) {
  let asked = 0;
  const later = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
    });
  };
  later.cancel = () => {
    cancelAnimationFrame(asked);
    asked = -1; // for good: what arrives after the view has left draws nothing
  };
  return later;
}

export const stillPlease = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
