// One run as it stands at a step: its name, the samples of the same latents, and its plots.

import { filesOf } from "./files.mjs";
import { placeOf } from "./scrubber-math.mjs";
import { plot } from "./scrubber-plot.mjs";
import { make } from "./ui.mjs";

const RUN = { type: "run", folder: "runs", suffix: "webp" };
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
  const sheet = await imageOf(typeof bytes === "string" ? await (await fetch(bytes)).arrayBuffer() : bytes);
  return { manifest: model.get("own")[name], sheet };
}

const imageOf = (bytes) => createImageBitmap(new Blob([bytes], { type: "image/webp" }));

/** A column of the figure; `show({ name, run, step, kinds, across })` where `run` is null until it has come. */
export function runColumn(scrub) {
  const name = make("div", "scrubber-name");
  const canvas = make("canvas", "scrubber-samples", { width: 1, height: 1 });
  const panels = new Map(["losses", "outputs", "variety"].map((kind) => [kind, plot(kind, scrub)]));
  const plots = make("div", "scrubber-plots", {}, ...[...panels.values()].map((panel) => panel.element));
  const element = make("div", "scrubber-run", {}, name, canvas, plots);
  canvas.setAttribute("role", "img");
  let drawn = "";

  function samples({ manifest, sheet }, step, across) {
    const { n, size } = manifest;
    const row = placeOf(manifest.frames, step);
    canvas.width = across * size; // which clears it
    canvas.height = Math.ceil(n / across) * size;
    const context = canvas.getContext("2d");
    for (let i = 0; i < n; i++) {
      const place = [(i % across) * size, Math.floor(i / across) * size, size, size];
      context.drawImage(sheet, i * size, row * size, size, size, ...place);
    }
  }

  function show({ label, run, step, kinds, across }) {
    name.textContent = label;
    canvas.style.aspectRatio = across === 8 ? "4 / 1" : "1";
    if (!run) return;
    canvas.style.aspectRatio = "";
    const row = placeOf(run.manifest.frames, step);
    const now = `${label} ${row} ${across} ${run.manifest.n}`;
    if (now !== drawn || canvas.width === 1) samples(run, step, across);
    drawn = now;
    canvas.setAttribute("aria-label", `${run.manifest.n} samples of the run "${label}" after ${run.manifest.frames[row]} steps`);
    for (const [kind, panel] of panels) {
      panel.element.hidden = !kinds.includes(kind);
      if (kinds.includes(kind)) panel.draw(run.manifest, step);
    }
  }
  return { element, show };
}
