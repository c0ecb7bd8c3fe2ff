// Vector arithmetic on trays of seeds: what latent.arithmetic and latent.neighbourhood do, for the page. The trays are an
// object `{ plus_a, minus, plus_c }` of lists of seeds, named as the widget's traits are.

import { add, mean } from "./latent.mjs";
import { uniformZ } from "./random.mjs";

export const SIGNS = { plus_a: 1, minus: -1, plus_c: 1 };
export const TRAYS = Object.keys(SIGNS);
export const NAMES = { plus_a: "+ A", minus: "\u2212 B", plus_c: "+ C" };
export const ROOM = 3; // samples in a tray, as in the paper
export const NOISE = 0.25; // of the panel, either way, as in the paper

/**
 * Mean of A less mean of B plus mean of C. `of(seed)` is what is added: a sample's z, or the numbers of its image.
 * An empty tray adds nothing: three empty ones give `length` zeros.
 */
export function combined(trays, of, length) {
  return TRAYS.filter((name) => trays[name].length).reduce(
    (sum, name) => add(sum, mean(trays[name].map(of)), SIGNS[name]),
    new Float32Array(length),
  );
}

/** The same sum on images, clipped to what can be shown: the paper's control. */
export function combinedPixels(trays, imageOf, length) {
  return combined(trays, imageOf, length).map((v) => Math.min(1, Math.max(-1, v)));
}

/** The trays with their first sample alone. */
export const firstsOf = (trays) => Object.fromEntries(TRAYS.map((name) => [name, trays[name].slice(0, 1)]));

/** The nine z of the paper's panel, row by row: z in the middle, around it z plus noise. */
export function neighboursOf(z, seed) {
  const noise = uniformZ(9 * z.length, seed);
  return Array.from({ length: 9 }, (_, k) => (k === 4 ? z : z.map((v, i) => v + NOISE * noise[k * z.length + i])));
}

/** How long a sample's z is, about: the root of the sum of its numbers' variances. */
export const usualLength = ({ nz, latent }) => Math.sqrt(latent === "uniform" ? nz / 3 : nz);

/** A tray with `seed` in it: at `place` if a sample lies there, else behind the others, or for the last if it is full. */
export function withSeed(tray, seed, place = ROOM) {
  const at = Math.min(place, tray.length, ROOM - 1);
  return [...tray.slice(0, at), seed, ...tray.slice(at + 1)];
}

export const without = (tray, place) => tray.filter((_, i) => i !== place);

export function moved(tray, from, to) {
  const rest = without(tray, from);
  return [...rest.slice(0, to), tray[from], ...rest.slice(to)];
}

/** The sum as one writes it: what lies in an empty tray is not in it. */
export function sumText(trays) {
  const filled = TRAYS.filter((name) => trays[name].length);
  return filled.map((name) => NAMES[name]).join(" ").replace(/^\+ /, "") || "nothing: z = 0";
}
