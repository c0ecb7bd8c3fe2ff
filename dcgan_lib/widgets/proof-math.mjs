// dcgan_lib.theory.pair in the page: two densities on a line, the best discriminator between them, what follows.
//
// A shape is { kind, mean, width, gap, bars }; all is computed from logarithms of densities (pair.py says why), as sums
// over 2,400 cells. Middles of bells and blocks are edges of cells, so all distances to cells' midpoints are odd multiples
// of half a cell: each bell or block is computed once, as a table over that distance, and looked up from there.

import { sigmoid, slopeAt, softplus } from "./losses-math.mjs";

export const STEP = 0.025;
export const CELLS = 2400;
export const BARS = 24;
const BAR = 0.5;
const LOW = -30;
const REACH = 1900; // cells that a part may be away
const LOG_ROOT = Math.log(2 * Math.PI) / 2;
export const LOG4 = Math.log(4);
export const LOG2 = Math.log(2);

export const xOf = (cell) => LOW + STEP * (cell + 0.5);
export const cellOf = (x) => Math.min(CELLS - 1, Math.max(0, Math.floor((x - LOW) / STEP)));

const logNormal = (z) => (-z * z) / 2 - LOG_ROOT;

/** log Φ(z): a series near 0, a continued fraction in the left tail, where 1 - erf would have no digits left. */
export function logNdtr(z) {
  if (z > 0) return Math.log1p(-Math.exp(logNdtr(-z)));
  if (z > -3) {
    let [term, sum] = [z, z];
    for (let k = 3; Math.abs(term) > 1e-17; k += 2) sum += term *= (z * z) / k;
    return Math.log(0.5 + Math.exp(logNormal(z)) * sum);
  }
  let below = -z;
  for (let k = 60; k > 0; k--) below = -z + k / below;
  return logNormal(z) - Math.log(below);
}

/** Of one bell or block: log density and score at a distance to the right of its middle. */
function partAt(kind, width, noise, distance) {
  if (kind === "bells") {
    const std = Math.hypot(width, noise);
    return [logNormal(distance / std) - Math.log(std), -distance / std ** 2];
  }
  if (noise === 0) return [distance < width / 2 ? -Math.log(width) : -Infinity, 0];
  const [near, far] = [width / 2 - distance, -width / 2 - distance].map((z) => z / noise);
  const [logNear, logFar] = [logNdtr(near), logNdtr(far)];
  const log = logNear + Math.log1p(-Math.exp(logFar - logNear));
  return [log - Math.log(width), (Math.exp(logNormal(far) - log) - Math.exp(logNormal(near) - log)) / noise];
}

const tables = new Map();
function tableOf(kind, width, noise) {
  const key = `${kind} ${width} ${noise}`;
  if (!tables.has(key)) {
    if (tables.size > 7) tables.delete(tables.keys().next().value); // the oldest
    const [log, score] = [new Float64Array(REACH), new Float64Array(REACH)];
    for (let k = 0; k < REACH; k++) [log[k], score[k]] = partAt(kind, width, noise, STEP * (k + 0.5));
    tables.set(key, { log, score });
  }
  return tables.get(key);
}

/** Shares and middles of the bells or blocks that a shape is made of. */
function mixture({ kind, mean, width, gap, bars }) {
  if (kind !== "drawn") return gap === 0 ? [[1, mean]] : [[0.5, mean - gap / 2], [0.5, mean + gap / 2]];
  const sum = bars.reduce((a, b) => a + b);
  return bars.map((bar, k) => [bar / sum, middleOf(k, { mean, width })]).filter(([share]) => share > 0);
}

/** Where the k-th bar of a drawn density stands, and which one stands at x. */
export const middleOf = (k, { mean, width }) => mean + width * BAR * (k - (BARS - 1) / 2);
export const barAt = (x, { mean, width }) => Math.floor((x - mean) / (width * BAR) + BARS / 2);
export const barWidth = ({ width }) => width * BAR;

/** log density and score in every cell. */
export function logDensity(shape, noise) {
  const table = shape.kind === "drawn" ? tableOf("blocks", barWidth(shape), noise) : tableOf(shape.kind, shape.width, noise);
  const parts = mixture(shape);
  const shares = Float64Array.from(parts, ([share]) => Math.log(share));
  const edges = Int32Array.from(parts, ([, middle]) => Math.round((middle - LOW) / STEP));
  const [log, score, ones] = [new Float64Array(CELLS), new Float64Array(CELLS), new Float64Array(parts.length)];
  for (let i = 0; i < CELLS; i++) {
    let highest = -Infinity;
    for (let j = 0; j < ones.length; j++) {
      const away = i - edges[j];
      ones[j] = shares[j] + table.log[away < 0 ? ~away : away]; // ~away: as far to the left as away is to the right
      if (ones[j] > highest) highest = ones[j];
    }
    let [sum, pull] = [0, 0];
    for (let j = 0; j < ones.length; j++) {
      if (!(ones[j] > highest - 40)) continue; // what is 1e17 times smaller, or nothing
      const away = i - edges[j];
      const part = ones[j] === highest ? 1 : Math.exp(ones[j] - highest);
      sum += part;
      pull += part * (away < 0 ? -table.score[~away] : table.score[away]);
    }
    log[i] = highest + (sum > 1 ? Math.log(sum) : 0);
    score[i] = sum && pull / sum;
  }
  return { log, score };
}

const NONE = -45; // log of a density, 3e-20, that adds nothing to any number
const divergenceIn = (density, log, other) => (density > 0 ? density * (log - other) : 0);
const logMean = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))) - LOG2;

/** What one cell adds to V: p log D + q log(1 - D) for the best D; nothing where D is sure. */
function valueIn(p, q, logit) {
  if (!Number.isFinite(logit)) return 0;
  const cost = softplus(logit);
  return p * (logit - cost) - q * cost;
}

/** Everything about a pair: the numbers that the widget shows, and what it draws, cell by cell. */
export function analyse({ data, fakes, noise }) {
  const [{ log: logP, score: scoreP }, { log: logQ, score: scoreQ }] = [logDensity(data, noise), logDensity(fakes, noise)];
  const [p, q] = [logP.map(Math.exp), logQ.map(Math.exp)];
  const logit = logP.map((log, i) => log - logQ[i]);
  const slopes = { saturating: new Float64Array(CELLS), non_saturating: new Float64Array(CELLS) };
  const sums = { value: 0, jsd: 0, kl_data_fakes: 0, kl_fakes_data: 0, saturating: 0, non_saturating: 0 };
  for (let i = 0; i < CELLS; i++) {
    const [a, b, l] = [logP[i], logQ[i], logit[i]];
    if (a < NONE && b < NONE) continue;
    const average = logMean(a, b);
    sums.value += valueIn(p[i], q[i], l);
    sums.jsd += (divergenceIn(p[i], a, average) + divergenceIn(q[i], b, average)) / 2;
    sums.kl_data_fakes += divergenceIn(p[i], a, b);
    sums.kl_fakes_data += divergenceIn(q[i], b, a);
    if (b < NONE) continue;
    const byX = Number.isFinite(l) ? scoreP[i] - scoreQ[i] : 0;
    for (const name in slopes) {
      slopes[name][i] = name === "non_saturating" && l === -Infinity ? NaN : slopeAt(name, "g", l) * byX;
      sums[name] += q[i] * slopes[name][i];
    }
  }
  for (const name in sums) sums[name] *= STEP;
  return { numbers: sums, data: p, fakes: q, logP, logQ, logit, slopes };
}

export const dAt = ({ logit }, cell) => sigmoid(logit[cell]); // NaN where there is neither

/** V(D*, G) with the fakes moved to each of these means, D at its best for each. */
export function landscape({ logP, logQ, data: p, fakes: q }, mean, means) {
  const filled = (density) => [density.findIndex((v) => v > 1e-13), density.findLastIndex((v) => v > 1e-13)];
  const [[firstP, lastP], [firstQ, lastQ]] = [filled(p), filled(q)];
  return means.map((there) => {
    const shift = Math.round((there - mean) / STEP);
    let sum = 0;
    for (let i = Math.max(firstP, firstQ + shift); i <= Math.min(lastP, lastQ + shift); i++) {
      sum += valueIn(p[i], q[i - shift], logP[i] - logQ[i - shift]);
    }
    return sum * STEP;
  });
}

/** The cells of n fakes that stand for all: the (i + 1/2) / n quantiles. */
export function samplesOf({ fakes }, n = 9) {
  const found = [];
  let below = 1e-9; // as in pair.py
  for (let i = 0; i < CELLS && found.length < n; i++) {
    below += fakes[i] * STEP;
    while (found.length < n && below >= (found.length + 0.5) / n) found.push(i);
  }
  return found;
}

/** The bars when the one at k is drawn up to this density: the others share what is left, in their proportions. */
export function struck(bars, k, density, width) {
  const mass = Math.min(0.95, Math.max(0, density * width));
  const others = bars.reduce((sum, bar, j) => (j === k ? sum : sum + bar), 0);
  if (others === 0) return bars;
  return bars.map((bar, j) => Math.round(1e5 * (j === k ? mass : ((1 - mass) * bar) / others)) / 1e5);
}

/** A shape as bars that can be drawn on: each takes the mass that it finds, and nothing moves. */
export function asDrawn(shape) {
  const { log } = logDensity(shape, 0);
  const drawn = { ...shape, kind: "drawn", width: 1 };
  const inside = Math.round(BAR / STEP);
  drawn.bars = Array.from({ length: BARS }, (_, k) => {
    const first = Math.round((middleOf(k, drawn) - BAR / 2 - LOW) / STEP);
    return log.subarray(first, first + inside).reduce((sum, one) => sum + Math.exp(one), 0) * STEP;
  }).map((mass) => Math.round(1e5 * mass) / 1e5);
  return drawn;
}
