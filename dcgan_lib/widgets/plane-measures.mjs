// What can be measured because the data's density is known. Every set of shares here sums to one.

import { logitOf, lossAt, sigmoid, slopeAt } from "./losses-math.mjs";
import { backward, forward } from "./plane-net.mjs";
import { drawZ } from "./plane-game.mjs";
import { mersenneTwister } from "./random.mjs";

export const LIMIT = 3.2; // the plane is shown from -LIMIT to LIMIT
export const BINS = 32;
export const EDGES = Array.from({ length: BINS + 1 }, (_, i) => -LIMIT + (2 * LIMIT * i) / BINS);
export const MEASURED = 1000; // fakes that a measure is taken on

/** The number of the bin: a point on an edge belongs to the bin below, one beyond the edges to the outermost. */
const binOf = (v) => Math.min(BINS - 1, Math.max(0, Math.ceil(((v + LIMIT) * BINS) / (2 * LIMIT)) - 1));

/** The share of the points, 2n coordinates, in each cell, row by row. */
export function cellShares(points) {
  const shares = new Float64Array(BINS * BINS);
  for (let i = 0; i < points.length; i += 2) shares[binOf(points[i + 1]) * BINS + binOf(points[i])] += 2 / points.length;
  return shares;
}

const xlogx = (x) => (x > 0 ? x * Math.log(x) : 0);

/** The Jensen-Shannon divergence of two sets of shares: from 0 for equals to log 2 where they have nothing in common. */
export function divergence(p, q) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (xlogx(p[i]) + xlogx(q[i])) / 2 - xlogx((p[i] + q[i]) / 2);
  return sum;
}

/** What the divergence reads for a perfect generator, from as many of its points: they are finitely many. */
export function divergenceFloor(data, masses, n = MEASURED, draws = 8) {
  const next = mersenneTwister(0);
  let sum = 0;
  for (let i = 0; i < draws; i++) sum += divergence(masses, cellShares(data.sample(n, next)));
  return sum / draws;
}

/**
 * How many modes the points cover: a point belongs to its nearest mean if it lies within three standard deviations;
 * a mode needs a quarter of the points that it would be sent.
 */
export function modesCovered(points, { means, scale }) {
  const counts = means.map(() => 0);
  for (let i = 0; i < points.length; i += 2) {
    const distances = means.map(([x, y]) => Math.hypot(points[i] - x, points[i + 1] - y));
    const least = Math.min(...distances);
    if (least < 3 * scale) counts[distances.indexOf(least)]++;
  }
  return counts.filter((count) => count >= (0.25 * points.length) / 2 / means.length).length;
}

/** The fakes of the first n of a thousand fixed z: always the same z, so that what moves is G. */
export function makeFakes(latent) {
  const z = drawZ(MEASURED, latent, mersenneTwister(0));
  return (G, n = MEASURED) => forward(G, z.subarray(0, 2 * n), n).at(-1);
}

/** Shares blurred by a Gaussian of so many cells, reflected at the border: the sum stays. */
export function smoothed(shares, cells) {
  const reach = Math.ceil(3 * cells);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / cells) ** 2) / 2));
  const total = weights.reduce((a, b) => a + b);
  const reflected = (i) => {
    const at = ((i % (2 * BINS)) + 2 * BINS) % (2 * BINS);
    return at < BINS ? at : 2 * BINS - 1 - at;
  };
  const along = (from, step, stride) => {
    const to = new Float64Array(from.length);
    for (let line = 0; line < BINS; line++) {
      for (let i = 0; i < BINS; i++) {
        const share = from[line * stride + i * step] / total;
        weights.forEach((weight, k) => (to[line * stride + reflected(i + k - reach) * step] += weight * share));
      }
    }
    return to;
  };
  return along(along(shares, 1, BINS), BINS, 1);
}

export const BLUR = 0.2; // standard deviation, in units of the plane

/**
 * The best D of every cell, real_target p / (p + q), null where neither has probability. The fakes' density is
 * estimated by smoothing; the data's is smoothed as much, and both by the instance noise, so that equals stay equal.
 */
export function bestD(masses, fakes, noise = 0, realTarget = 1) {
  const cells = (Math.hypot(BLUR, noise) * BINS) / (2 * LIMIT);
  const [p, q] = [smoothed(masses, cells), smoothed(cellShares(fakes), cells)];
  return Array.from(p, (mass, i) => (mass + q[i] > 1e-5 ? (realTarget * mass) / (mass + q[i]) : null));
}

/** D's score at the middle of every cell of a lattice of side x side. */
export function scoresOn(D, side) {
  const points = new Float64Array(2 * side * side);
  const middle = (i) => LIMIT * ((2 * i + 1) / side - 1);
  for (let i = 0; i < side * side; i++) {
    points[2 * i] = middle(i % side);
    points[2 * i + 1] = middle(Math.floor(i / side));
  }
  return forward(D, points, side * side).at(-1);
}

/** Where each fake is pulled: minus the slope of G's loss at that point alone. It is not the slope of D. */
export function pull(D, points, loss) {
  const n = points.length / 2;
  const outputs = forward(D, points, n);
  const felt = outputs.at(-1).map((score) => -slopeAt(loss, "g", score));
  return backward(D, outputs, felt, n, true);
}

/** What both players pay when fakes and data are equal and D has answered fully; null where no score is the best. */
export function atRest(loss, realTarget = 1) {
  if (loss === "wasserstein") return null;
  const score = { least_squares: 0.5, hinge: 0 }[loss] ?? logitOf(realTarget / 2);
  const pays = (role) => lossAt(loss, role, score, realTarget);
  return { loss_d: pays("d_real") + pays("d_fake"), loss_g: pays("g") };
}

/**
 * Scores as verdicts from 0, fake, to 1, real, in the terms of each loss. A Wasserstein score means nothing by itself:
 * there 1/2 is `middle`, and the farthest score is 0 or 1.
 */
export function verdicts(loss, scores, middle = 0) {
  const inUnit = (v) => Math.min(1, Math.max(0, v));
  if (loss === "least_squares") return Array.from(scores, inUnit);
  if (loss === "hinge") return Array.from(scores, (score) => inUnit((score + 1) / 2));
  if (loss !== "wasserstein") return Array.from(scores, sigmoid);
  const farthest = scores.reduce((most, score) => Math.max(most, Math.abs(score - middle)), 1e-12);
  return Array.from(scores, (score) => (1 + (score - middle) / farthest) / 2);
}
