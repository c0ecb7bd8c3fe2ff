// The data sets on the plane: mixtures of round Gaussians, all of one width and one weight, as dcgan_lib.toy has them.
// Because their density is known, what training does to the fakes can be measured.

import { erf, normals, uniform64 } from "./random.mjs";

/** The means of each data set, [[x, y], …], the standard deviation around them, and whether each mean is a mode. */
const SHAPES = {
  ring: () => ({ scale: 0.1, modes: true, means: count(8).map((i) => polar(2, (i * Math.PI) / 4)) }),
  grid: () => ({ scale: 0.08, modes: true, means: count(25).map((i) => [Math.floor(i / 5) - 2, (i % 5) - 2]) }),
  spiral: () => ({ scale: 0.1, modes: false, means: evenly(count(4000).map(spiralAt), 160) }),
  moons: () => ({ scale: 0.12, modes: false, means: [...count(80).map(upperMoon), ...count(80).map(lowerMoon)] }),
  line: () => ({ scale: 0.1, modes: false, means: count(60).map((i) => [2, 1].map((v) => (v * (4 * (i / 59) - 2)) / Math.sqrt(5))) }),
  blob: () => ({ scale: 0.5, modes: true, means: [[0.8, 0.6]] }),
};
export const DATA_NAMES = [...Object.keys(SHAPES), "drawn"];

const count = (n) => Array.from({ length: n }, (_, i) => i);
const polar = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
const spiralAt = (i) => {
  const t = 0.15 + (0.85 * i) / 3999;
  return polar(2.6 * t, 2 * Math.PI * 1.1 * t);
};
const moonAt = (i) => polar(1.5, (Math.PI * i) / 79);
const upperMoon = (i) => [moonAt(i)[0] - 0.75, moonAt(i)[1] - 0.375];
const lowerMoon = (i) => [0.75 - moonAt(i)[0], 0.375 - moonAt(i)[1]];

/** `points` places at even distances along a finely drawn curve. */
function evenly(curve, points) {
  const length = [0];
  for (let i = 1; i < curve.length; i++) {
    length.push(length[i - 1] + Math.hypot(curve[i][0] - curve[i - 1][0], curve[i][1] - curve[i - 1][1]));
  }
  return count(points).map((i) => {
    const wanted = (length.at(-1) * i) / (points - 1);
    const at = length.findIndex((covered) => covered >= wanted - 1e-12);
    return curve[at];
  });
}

/** One of DATA_NAMES. `drawn` are the means of what was drawn by hand. */
export function makeData(name, drawn = []) {
  const { scale, modes, means } = name === "drawn" ? { scale: 0.1, modes: false, means: drawn } : SHAPES[name]();

  /** 2n coordinates; the same as `Mixture.sample(n, rng)` in Python when `next` has torch's state. */
  function sample(n, next) {
    const which = count(n).map(() => Math.min(means.length - 1, Math.floor(uniform64(next) * means.length)));
    const noise = normals(2 * n, next);
    return Float64Array.from(noise, (v, i) => means[which[i >> 1]][i % 2] + scale * v);
  }

  /** The probability of every cell of a lattice, row by row; beyond the outer edges: to the outermost cells. */
  function cellMasses(edges) {
    const bins = edges.length - 1;
    const below = (edge, mean) => (1 + erf((edge - mean) / (scale * Math.SQRT2))) / 2;
    const shares = (mean) => {
      const cumulated = [0, ...edges.slice(1, -1).map((edge) => below(edge, mean)), 1];
      return count(bins).map((i) => cumulated[i + 1] - cumulated[i]);
    };
    const masses = new Float64Array(bins * bins);
    for (const [x, y] of means) {
      const [columns, rows] = [shares(x), shares(y)];
      rows.forEach((row, r) => {
        if (row > 1e-15) columns.forEach((column, c) => (masses[r * bins + c] += (row * column) / means.length));
      });
    }
    return masses;
  }

  return { name, means, scale, modes, sample, cellMasses };
}
