// One run as it stands at a step: its name, the samples of the same latents, and its plots.

import { bytesOf, filesOf } from "./files.mjs";
import { placeOf } from "./scrubber-math.mjs";
import { plot } from "./scrubber-plot.mjs";
import { make } from "./ui.mjs";

const RUN = { type: "run", folder: "runs", suffix: "webp" };
const STRIP = 12; // kept steps in a row
const shared = (globalThis[Symbol.for("dcgan_lib.runs")] ??= new Map()); // each widget evaluates this module anew

/** `{ manifest, sheet }` of a run: one that came with the widget, else a recorded one, fetched once for all. */
export function runOf(model, name) {
  if (name in model.get("own")) return ownRun(model, name);
  if (!shared.has(name)) {
    const made = filesOf(model, RUN, name).then(async ([manifest, bytes]) => ({ manifest, sheet: await imageOf(bytes) }));
    shared.set(name, made);
    made.catch(() => shared.delete(name)); // the next widget may try again
  }
  return shared.get(name);
}

async function ownRun(model, name) {
  const bytes = model.get("sheets")[name]; // a page has its address in place of the bytes
  const sheet = await imageOf(await bytesOf(bytes));
  return { manifest: model.get("own")[name], sheet };
}

const imageOf = (bytes) => createImageBitmap(new Blob([bytes], { type: "image/webp" }));

/** Tiles `[x, y, place]` of a sheet, `across` of them in a row; the one at `marked` in a frame. */
function tiles(canvas, { manifest: { size }, sheet }, places, across, marked) {
  canvas.width = Math.min(across, places.length) * size; // which clears it
  canvas.height = Math.ceil(places.length / across) * size;
  const context = canvas.getContext("2d");
  const corner = (i) => [(i % across) * size, Math.floor(i / across) * size];
  places.forEach(([x, y], i) => context.drawImage(sheet, x * size, y * size, size, size, ...corner(i), size, size));
  for (const [colour, edge] of marked < 0 ? [] : [["#fff", 1.5], ["#0072b2", 0.5]]) {
    const [x, y] = corner(marked);
    Object.assign(context, { strokeStyle: colour, lineWidth: 1 });
    context.strokeRect(x + edge, y + edge, size - 2 * edge, size - 2 * edge);
  }
}

/** Which tile the reader has pointed at, on a canvas that the page shows at another size. */
function tileUnder(event, canvas, across, size) {
  const box = canvas.getBoundingClientRect();
  const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  return Math.floor(y * (canvas.height / size)) * across + Math.floor(x * (canvas.width / size));
}

/**
 * A column of the figure; `show({ label, run, step, kinds, across, followed })` where `run` is undefined until it has
 * come, and `followed` the number from 1 of the sample that is shown at all steps, or 0.
 */
export function runColumn(scrub, follow) {
  const name = make("div", "scrubber-name");
  const canvas = make("canvas", "scrubber-samples", { width: 1, height: 1 });
  const strip = make("canvas", "scrubber-strip", { width: 1, height: 1, hidden: true });
  const panels = new Map(["losses", "outputs", "variety"].map((kind) => [kind, plot(kind, scrub)]));
  const plots = make("div", "scrubber-plots", {}, ...[...panels.values()].map((panel) => panel.element));
  const element = make("div", "scrubber-run", {}, name, canvas, strip, plots);
  for (const one of [canvas, strip]) {
    one.setAttribute("role", "img");
    one.setAttribute("aria-label", "Samples, on their way");
  }
  let now = null;
  let drawn = "";
  canvas.addEventListener("click", (event) => {
    if (now) follow(tileUnder(event, canvas, now.across, now.run.manifest.size) + 1);
  });
  strip.addEventListener("click", (event) => {
    const { frames, size } = now.run.manifest;
    scrub(frames[Math.min(frames.length - 1, tileUnder(event, strip, STRIP, size))]);
  });

  function samples({ run, across, followed }, row) {
    const { n, frames } = run.manifest;
    tiles(canvas, run, Array.from({ length: n }, (_, i) => [i, row]), across, followed - 1);
    strip.hidden = !followed;
    if (followed) tiles(strip, run, frames.map((_, y) => [followed - 1, y]), STRIP, row);
  }

  function show(asked) {
    const { label, run, step, kinds, across, followed } = asked;
    name.textContent = label;
    canvas.style.aspectRatio = across === 8 ? "4 / 1" : "1";
    if (!run) return;
    canvas.style.aspectRatio = "";
    now = asked;
    const row = placeOf(run.manifest.frames, step);
    const wanted = [label, row, across, followed, run.manifest.n].join();
    if (wanted !== drawn) samples(asked, row);
    drawn = wanted;
    strip.setAttribute("aria-label", `Sample ${followed} of the run "${label}" at each of its ${run.manifest.frames.length} kept steps`);
    canvas.setAttribute("aria-label", `${run.manifest.n} samples of the run "${label}" after ${run.manifest.frames[row]} steps`);
    for (const [kind, panel] of panels) {
      panel.element.hidden = !kinds.includes(kind);
      if (kinds.includes(kind)) panel.draw(run.manifest, step);
    }
  }
  return { element, show };
}
