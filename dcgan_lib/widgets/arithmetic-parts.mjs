// The parts of VectorArithmetic's view: places for images, and samples that are pressed or dragged. They are dragged by
// pointer events alone: the browser's own drag and drop knows no fingers.

import { make, pixelsOf } from "./ui.mjs";

const FAR_ENOUGH = 6; // pixels: less is a press

/** An image's place, one of `across` times `across` on a canvas. It is drawn anew when what it shows, its key, changes. */
function makePane(canvas, across = 1, place = 0) {
  let [wanted, shown, compute] = ["", "", null];
  const want = (key, how) => ([wanted, compute] = [key, how]);
  const work = ({ size, nc }) => {
    if (wanted === shown) return false;
    if (canvas.width !== across * size) canvas.width = canvas.height = across * size;
    const [x, y] = [(place % across) * size, Math.floor(place / across) * size];
    const context = canvas.getContext("2d");
    if (wanted) context.putImageData(pixelsOf(compute(), size, nc), x, y);
    else context.clearRect(x, y, size, size);
    shown = wanted;
    return true;
  };
  return { want, work };
}

const makeCanvas = (className = "") => make("canvas", `dcgan-pixelated ${className}`, { width: 1, height: 1 });

/** One image, or a square of them, with words below. */
export function makeFrame(className, alt, across = 1) {
  const canvas = makeCanvas();
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", alt);
  const words = make("span", "arithmetic-words");
  const panes = Array.from({ length: across ** 2 }, (_, place) => makePane(canvas, across, place));
  return { element: make("div", className, {}, canvas, words), words, panes, ...panes[0] };
}

/** A sample as a button: its image above its seed. `lift(canvas)` as `draggable` has it. */
export function makeSample(press, lift) {
  const canvas = makeCanvas();
  const number = make("span", "arithmetic-number");
  const element = make("button", "arithmetic-sample", { type: "button" }, canvas, number);
  draggable(element, () => lift(canvas));
  element.addEventListener("click", press);
  const pane = makePane(canvas);
  const show = (seed, label, key, how) => {
    number.textContent = seed ?? "";
    element.setAttribute("aria-label", label);
    element.classList.toggle("arithmetic-empty", seed === undefined);
    pane.want(key, how);
  };
  return { element, show, work: pane.work };
}

/** What hangs under the pointer. */
export function ghostOf(canvas) {
  const ghost = Object.assign(makeCanvas("arithmetic-ghost"), { width: canvas.width, height: canvas.height });
  ghost.getContext("2d").drawImage(canvas, 0, 0);
  return ghost;
}

/**
 * Makes an element draggable. `lift()` returns null where there is nothing to drag, else `{ ghost, over, drop }`: what
 * hangs under the pointer, and what to do over a place of the window (null: no more) and when it is let go at one.
 */
function draggable(element, lift) {
  let [start, held, dragged] = [null, null, false];
  const end = (event) => {
    const was = held;
    start = held = null;
    if (!was) return;
    was.ghost.remove();
    was.over(null);
    if (event.type === "pointerup") was.drop([event.clientX, event.clientY]);
  };
  element.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.button || !event.isPrimary) return;
    start = [event.clientX, event.clientY];
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", ({ clientX: x, clientY: y }) => {
    if (start && !held && Math.hypot(x - start[0], y - start[1]) > FAR_ENOUGH) {
      held = lift();
      dragged = true;
      start = null;
    }
    if (!held) return;
    held.ghost.style.translate = `${x}px ${y}px`;
    held.over([x, y]);
  });
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("keydown", () => (dragged = false));
  element.addEventListener("click", (event) => dragged && event.stopImmediatePropagation()); // it is not pressed as well
}

export const isInside = (element, [x, y]) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return x >= left && x <= right && y >= top && y <= bottom;
};
