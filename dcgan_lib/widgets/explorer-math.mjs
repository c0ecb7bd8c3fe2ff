// The latent explorer's z: from seeds, a place on the sheet and steps along directions. What explorer.py does, for the
// page. A state is an object with the names of the widget's traits.

import { add, lerp, mean, norm, sampleZ, slerp } from "./latent.mjs";

export const SIDE = 5; // images along an edge of the sheet
export const LAST_BOUND = 3.1; // where the slider of the truncation stands for none

const PLACES = 1000; // the state is kept to three decimals, so that the link and the code say exactly what is shown
export const kept = (value) => Math.round(value * PLACES) / PLACES;
export const inUnit = (value) => Math.min(1, Math.max(0, value));

let [cornersFor, cornersNow] = ["", null]; // those of the last state: while a slider moves they stay

/** The sheet's corners a, b, c and d; see dcgan_lib.latent.sheet. */
export function cornersOf({ nz, latent }, { seed_a, seed_b, seed_c, truncation, path }) {
  const bound = latent === "gaussian" ? truncation : null;
  const asked = [nz, latent, seed_a, seed_b, seed_c, bound, path].join();
  if (asked === cornersFor) return cornersNow;
  const [a, b, c] = [seed_a, seed_b, seed_c].map((seed) => sampleZ({ nz, latent }, seed, bound));
  let d = add(add(b, c), a, -1);
  if (path === "slerp") {
    const scale = mean([[norm(b)], [norm(c)]])[0] / Math.max(norm(d), 1e-12);
    d = d.map((v) => v * scale);
  }
  [cornersFor, cornersNow] = [asked, { a, b, c, d }];
  return cornersNow;
}

export function onSheet({ a, b, c, d }, x, y, path) {
  const way = path === "slerp" ? slerp : lerp;
  return way(way(a, b, x), way(c, d, x), y);
}

/** z, and a step along every direction that `shifts` names. */
export function shifted(z, directions, shifts) {
  return (directions ?? []).reduce((moved, { name, vector }) => (shifts[name] ? add(moved, vector, shifts[name]) : moved), z);
}

/** The z of a state: `given` by the reader's Python, else the place (t, down) on the sheet; then the shifts. */
export function zOf(manifest, state) {
  const { given, t, down, path, shifts } = state;
  const start = given.length ? Float32Array.from(given) : onSheet(cornersOf(manifest, state), t, down, path);
  return shifted(start, manifest.directions, shifts);
}

/** Where the pointer is on the sheet, as a share of its width, and which place that is: a cell's middle is its image. */
export const placeOf = (share) => inUnit((share * SIDE - 0.5) / (SIDE - 1));
export const shareOf = (place) => (place * (SIDE - 1) + 0.5) / SIDE;

/** One step of a walk to and fro between 0 and 1. */
export function step(t, heading, amount) {
  const next = t + heading * amount;
  return next >= 1 ? [1, -1] : next <= 0 ? [0, 1] : [next, heading];
}

// --- a state as a link, and as Python

/** What stands behind the # of a link. */
export function linkOf(state, key) {
  const { model, seed_a, seed_b, seed_c, t, down, path, truncation, shifts } = state;
  const words = { model, seeds: [seed_a, seed_b, seed_c].join("-"), t, down, path, truncation: truncation ?? "none" };
  const moved = Object.fromEntries(Object.entries(shifts).filter(([, k]) => k));
  return `#${key}?${new URLSearchParams({ ...words, ...moved })}`;
}

/** The state that a link asks for, as far as it is one; null if the link is not this widget's. */
export function stateFrom(hash, key, models) {
  if (!hash.startsWith(`#${key}?`)) return null;
  const state = { shifts: {} };
  const number = (text, low, high) => (text.trim() !== "" && Number(text) >= low && Number(text) <= high ? kept(Number(text)) : null);
  for (const [name, text] of new URLSearchParams(hash.slice(key.length + 2))) {
    if (name === "model") {
      if (models.includes(text)) state.model = text;
    } else if (name === "path") {
      if (["lerp", "slerp"].includes(text)) state.path = text;
    } else if (name === "seeds") {
      const seeds = text.split("-").map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : null));
      if (seeds.length === 3 && !seeds.includes(null)) [state.seed_a, state.seed_b, state.seed_c] = seeds;
    } else if (name === "truncation") {
      const bound = number(text, 0.1, 10);
      if (text === "none" || bound !== null) state.truncation = bound;
    } else if (name === "t" || name === "down") {
      const place = number(text, 0, 1);
      if (place !== null) state[name] = place;
    } else if (/^[a-z][a-z0-9_]*$/.test(name)) {
      const k = number(text, -10, 10);
      if (k) state.shifts[name] = k;
    }
  }
  return state;
}

/** Python that makes the same z and the same image. */
export function codeOf(state, manifest) {
  const { model, seed_a, seed_b, seed_c, t, down, path, truncation, shifts, given } = state;
  const moved = (manifest.directions ?? []).filter(({ name }) => shifts[name]);
  const bound = manifest.latent === "gaussian" && truncation !== null ? `, truncation=${truncation}` : "";
  const lines = given.length ? ["import torch", ""] : [];
  lines.push(`from dcgan_lib import ${given.length ? "pretrained" : "latent, pretrained"}`);
  if (moved.length) lines.push("from dcgan_lib.directions import load_directions");
  lines.push("", `model = pretrained.load("${model}")`);
  if (given.length) {
    lines.push(`z = torch.tensor([[${given.map((v) => Number(v.toPrecision(9))).join(", ")}]])`);
  } else if (down === 0) {
    lines.push(`a, b = (latent.sample_z(1, model.cfg, seed${bound}) for seed in (${seed_a}, ${seed_b}))`);
    lines.push(`z = latent.${path}(a, b, ${t})`);
  } else {
    lines.push(`a, b, c = (latent.sample_z(1, model.cfg, seed${bound}) for seed in (${seed_a}, ${seed_b}, ${seed_c}))`);
    lines.push(`z = latent.sheet(a, b, c, ${t}, ${down}, path="${path}")`);
  }
  if (moved.length) {
    lines.push("", `d = load_directions("${model}")`);
    const terms = moved.map(({ name }) => `${shifts[name] < 0 ? "-" : "+"} ${Math.abs(shifts[name])} * d["${name}"]`);
    lines.push(`z = z ${terms.join(" ")}`);
  }
  lines.push(`image = model.G(z).detach()  # (1, ${manifest.nc}, ${manifest.size}, ${manifest.size}), in [-1, 1]`, "");
  return lines.join("\n");
}
