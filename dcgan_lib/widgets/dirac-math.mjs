// The Dirac-GAN of dcgan_lib.theory.dirac: G owns theta, the place of its fakes; D owns psi, the slope of its logit.
//
// A `play` is { game, method, h, momentum, noise, gamma, clip }, as the traits of DiracCockpit; a position is
// [theta, psi]; a complex number is [real, imaginary].

const FAR = 1e6; // a path ends with the first position beyond it
const TINY = 1e-5; // how near to rest growth is measured
const NODES = 41; // of the quadrature over the noise
const logistic = (x) => 1 / (1 + Math.exp(-x));
const times = (n, f) => Array.from({ length: n }, (_, i) => f(i));

// --- means over a standard normal number, by Gauss and Hermite

/** The first n Hermite polynomials at x, scaled so that each has a mean square of 1. */
function hermite(n, x) {
  const p = [1, x];
  for (let k = 1; k < n; k++) p.push((x * p[k] - Math.sqrt(k) * p[k - 1]) / Math.sqrt(k + 1));
  return p.slice(0, n + 1);
}

function zeroBetween(f, low, high, halvings) {
  const sign = Math.sign(f(low));
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    Math.sign(f(middle)) === sign ? (low = middle) : (high = middle);
  }
  return (low + high) / 2;
}

let quadrature = null;

/** Nodes and weights. Between two zeros of one polynomial lies exactly one of the next, so each is found by halving. */
export function gauss() {
  if (quadrature) return quadrature;
  let nodes = [];
  for (let k = 1; k <= NODES; k++) {
    const edges = [-2 * Math.sqrt(k) - 1, ...nodes, 2 * Math.sqrt(k) + 1];
    const halvings = k < NODES ? 20 : 60; // those before the last only have to keep the next ones apart
    nodes = times(k, (i) => zeroBetween((x) => hermite(k, x)[k], edges[i], edges[i + 1], halvings));
  }
  const weights = nodes.map((x) => 1 / hermite(NODES - 1, x).reduce((sum, p) => sum + p * p, 0));
  return (quadrature = { nodes, weights });
}

function meanOver(noise, f) {
  if (!noise) return f(0);
  const { nodes, weights } = gauss();
  return nodes.reduce((sum, node, i) => sum + weights[i] * f(noise * node), 0);
}

// --- the two players

/** Minus the slope of G's loss: where its gradient step goes. */
export function pushG({ game, noise }, theta, psi) {
  if (game === "wasserstein") return psi;
  const sign = game === "saturating" ? 1 : -1;
  return psi * meanOver(noise, (e) => logistic(sign * psi * (theta + e)));
}

/** Minus the slope of D's loss, with its R1 penalty gamma / 2 psi². */
export function pushD({ game, noise, gamma }, theta, psi) {
  if (game === "wasserstein") return -theta - gamma * psi;
  const onData = meanOver(noise, (e) => e * logistic(-psi * e));
  const onFakes = meanOver(noise, (e) => (theta + e) * logistic(psi * (theta + e)));
  return onData - onFakes - gamma * psi;
}

/** Clipping belongs to the Wasserstein game; 0 is none. */
export const boundOf = ({ game, clip }) => (game === "wasserstein" && clip > 0 ? clip : Infinity);

/** One step of both: theta, psi and the last move of each become the next ones. */
export function take(play, [theta, psi, moveG, moveD]) {
  const { h, momentum } = play;
  moveD = momentum * moveD + h * pushD(play, theta, psi);
  const bound = boundOf(play);
  const moved = Math.min(bound, Math.max(-bound, psi + moveD));
  moveG = momentum * moveG + h * pushG(play, theta, play.method === "alternating" ? moved : psi);
  return [theta + moveG, moved, moveG, moveD];
}

/** Positions, the start included; fewer than asked for if the players leave for good. */
export function trajectory(play, start, steps) {
  let state = [...start, 0, 0];
  const path = [start];
  while (path.length <= steps && Math.hypot(...path.at(-1)) <= FAR) {
    state = take(play, state);
    path.push(state.slice(0, 2));
  }
  return path;
}

// --- near rest, where straight lines are enough

/** The field's derivative at rest is [[0, slope], [-slope, -damping]]; noise damps like R1, except in a linear game. */
export function linear({ game, noise, gamma }) {
  if (game === "wasserstein") return { slope: 1, damping: gamma };
  return { slope: 0.5, damping: gamma + noise ** 2 / 2 };
}

/** One step as a matrix: 2 by 2, with momentum 4 by 4 since each player's last move then counts. */
export function updateMatrix(play) {
  const { slope, damping } = linear(play);
  const push = [[0, slope], [-slope, -damping]].map((row) => row.map((value) => play.h * value));
  const moves = (...players) => {
    const matrix = times(4, (i) => times(4, (j) => Number(i === j)));
    for (const player of players) {
      const move = [...push[player], 0, 0];
      move[2 + player] = play.momentum;
      matrix[2 + player] = move;
      matrix[player] = matrix[player].map((value, j) => value + move[j]);
    }
    return matrix;
  };
  const matrix = play.method === "alternating" ? product(moves(0), moves(1)) : moves(0, 1);
  return play.momentum ? matrix : matrix.slice(0, 2).map((row) => row.slice(0, 2));
}

const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

/** The eigenvalues of a real matrix, by rising imaginary part. */
export function eigenvalues(matrix) {
  const values = matrix.length === 2 ? ofPair(matrix) : roots(characteristic(matrix));
  return values.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
}

function ofPair([[a, b], [c, d]]) {
  const middle = (a + d) / 2;
  const under = ((a - d) / 2) ** 2 + b * c;
  const root = Math.sqrt(Math.abs(under));
  return under < 0 ? [[middle, -root], [middle, root]] : [[middle - root, 0], [middle + root, 0]];
}

/** Coefficients of det(x I - A), the highest first (Faddeev and LeVerrier). */
function characteristic(matrix) {
  const coefficients = [1];
  let power = matrix.map((row) => row.map(() => 0));
  for (let k = 1; k <= matrix.length; k++) {
    power = product(matrix, power.map((row, i) => row.map((value, j) => value + (i === j ? coefficients[k - 1] : 0))));
    coefficients.push(-power.reduce((sum, row, i) => sum + row[i], 0) / k);
  }
  return coefficients;
}

/** All roots of a polynomial at once (Durand and Kerner): Newton's step, with the other roots divided out. */
function roots(coefficients) {
  const mul = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c];
  const over = ([a, b], [c, d]) => [(a * c + b * d) / (c * c + d * d), (b * c - a * d) / (c * c + d * d)];
  const minus = ([a, b], [c, d]) => [a - c, b - d];
  const at = (x) => coefficients.reduce((sum, value) => minus(mul(sum, x), [-value, 0]), [0, 0]);
  const found = [[1, 0]];
  while (found.length < coefficients.length - 1) found.push(mul(found.at(-1), [0.4, 0.9])); // places of no symmetry
  for (let round = 0, moved = 1; round < 400 && moved > 1e-15; round++) {
    moved = 0;
    found.forEach((x, i) => {
      const others = found.reduce((all, other, j) => (i === j ? all : mul(all, minus(x, other))), [1, 0]);
      const move = over(at(x), others);
      found[i] = minus(x, move);
      moved = Math.max(moved, Math.hypot(...move));
    });
  }
  return found.map(([re, im]) => [re, Math.abs(im) < 1e-12 ? 0 : im]);
}

export const largest = (values) => Math.max(...values.map((value) => Math.hypot(...value)));

/** The factor of a step on the distance from rest, measured on real steps that are brought back to TINY each time. */
export function growth(play, steps = 600) {
  let state = [TINY, 0, 0, 0];
  let total = 0;
  const late = [];
  for (let i = 0; i < steps; i++) {
    state = take(play, state);
    const by = Math.hypot(...state) / TINY;
    state = state.map((value) => value / by);
    total += Math.log(by);
    if (i >= Math.floor(steps / 2)) late.push(total);
  }
  const middle = (late.length - 1) / 2;
  const [up, across] = late.reduce(([u, a], value, i) => [u + (i - middle) * value, a + (i - middle) ** 2], [0, 0]);
  return Math.exp(up / across);
}

/** The mean factor of a step along a path. */
export function meanFactor(path) {
  const [first, last] = [path[0], path.at(-1)].map((position) => Math.hypot(...position));
  return (last / first) ** (1 / (path.length - 1));
}

/** Where infinitely small steps would be at time t: the exponential of t times the field's derivative. */
export function linearFlow(play, [theta, psi], t) {
  const { slope, damping } = linear(play);
  const under = damping ** 2 / 4 - slope ** 2;
  const root = Math.sqrt(Math.abs(under));
  const even = under < 0 ? Math.cos(root * t) : Math.cosh(root * t);
  const odd = root * t < 1e-8 ? t : (under < 0 ? Math.sin(root * t) : Math.sinh(root * t)) / root;
  const fade = Math.exp((-damping * t) / 2);
  return [
    fade * (even * theta + odd * ((damping / 2) * theta + slope * psi)),
    fade * (even * psi - odd * (slope * theta + (damping / 2) * psi)),
  ];
}

/** The curve of infinitely small steps, and whether it is exact. Undamped clipped ones end on a circle that touches. */
export function flowCurve(play, start) {
  const { slope, damping } = linear(play);
  const bound = boundOf(play);
  const turn = (2 * Math.PI) / slope;
  const along = (from, time) => times(361, (i) => linearFlow(play, from, (i / 360) * time));
  if (Math.hypot(...start) > bound) return damping ? null : { exact: true, end: true, points: along([bound, 0], turn) };
  const exact = play.game === "wasserstein" || (play.game === "saturating" && !damping);
  return { exact, points: along(start, damping ? 5 * turn : turn) };
}
