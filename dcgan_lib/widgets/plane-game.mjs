// The game of a G and a D on the plane, played in the page: dcgan_lib.toy.ToyGame, step for step.
//
// From a seed the page draws the numbers that torch would draw, so both begin with the same weights and see the same
// points. They compute in 53 bits here and in 24 there, so after some hundred steps rounding has parted them.

import { lossAt, sigmoid, slopeAt } from "./losses-math.mjs";
import { makeData } from "./plane-data.mjs";
import { backward, forward, initialise, makeNet, makeOptimiser } from "./plane-net.mjs";
import { mersenneTwister, normals, uniform } from "./random.mjs";

export const NZ = 2;

/** `n` z of this latent distribution, drawn from a running generator. */
export function drawZ(n, latent, next) {
  if (latent === "uniform") return Float64Array.from({ length: NZ * n }, () => 2 * uniform(next) - 1);
  return Float64Array.from(normals(NZ * n, next));
}

/** What the reader set, under the names of dcgan_lib.toy.ToyConfig. Those marked may change while the game runs. */
export const DEFAULTS = {
  seed: 0,
  width: 32,
  latent: "gaussian",
  loss: "non_saturating", // from here on
  optimiser: "adam",
  lr_g: 5e-3,
  lr_d: 1e-2,
  beta1: 0.0,
  d_steps: 1,
  batch_size: 64,
  noise: 0,
  real_target: 1,
  weight_clip: 0,
};

export function makeGame(data, config) {
  const game = { data, config: { ...DEFAULTS, ...config }, steps: 0 };
  const { seed, width } = game.config;
  const [G, D] = [makeNet([NZ, width, width, 2], 0), makeNet([2, width, width, 1], 0.2)];
  const first = mersenneTwister(seed);
  initialise(G, first);
  initialise(D, first);
  const [optG, optD] = [makeOptimiser(G), makeOptimiser(D)];
  const next = mersenneTwister(seed);
  Object.assign(game, { G, D });

  /** Where a step gets its points from. A test hands over its own. */
  game.source = {
    real: (n) => data.sample(n, next),
    z: (n) => drawZ(n, game.config.latent, next),
    noise: (n) => normals(2 * n, next),
  };

  /** D's answers to points as it gets to see them. */
  function judge(points, n) {
    const { noise } = game.config;
    if (!noise) return forward(D, points, n);
    const added = game.source.noise(n);
    return forward(D, points.map((v, i) => v + noise * added[i]), n);
  }

  /** The slope of the mean loss by each score, and that mean itself. */
  function graded(scores, role) {
    const { loss, real_target } = game.config;
    const slope = scores.map((score) => slopeAt(loss, role, score, real_target) / scores.length);
    return [slope, average(scores, (score) => lossAt(loss, role, score, real_target))];
  }

  /** Moves D `d_steps` times, then G once. Returns what toy.ToyStats holds. */
  game.step = () => {
    const { batch_size: n, d_steps, optimiser, beta1, lr_g, lr_d, weight_clip } = game.config;
    const stats = {};
    let fakes;
    for (let k = 0; k < d_steps; k++) {
      const real = game.source.real(n);
      fakes = forward(G, game.source.z(n), n);

      // D: raise the score of real points, lower the score of fakes
      const [onReal, onFake] = [judge(real, n), judge(fakes.at(-1), n)];
      const [slopeReal, lossReal] = graded(onReal.at(-1), "d_real");
      const [slopeFake, lossFake] = graded(onFake.at(-1), "d_fake");
      backward(D, onReal, slopeReal, n);
      backward(D, onFake, slopeFake, n);
      optD.step({ optimiser, beta1, lr: lr_d });
      if (weight_clip) clamp(D.theta, weight_clip);
      stats.loss_d = lossReal + lossFake;
      stats.d_real = average(onReal.at(-1), sigmoid);
      stats.d_fake = average(onFake.at(-1), sigmoid);
    }

    // G: raise the score of its fakes, as the D that has just moved sees them
    const seen = judge(fakes.at(-1), n);
    const [slope, loss] = graded(seen.at(-1), "g");
    const felt = backward(D, seen, slope, n, true);
    backward(G, fakes, felt, n);
    optG.step({ optimiser, beta1, lr: lr_g });
    stats.loss_g = loss;
    stats.step = ++game.steps;
    return stats;
  };

  /** Other settings from now on. A new optimiser remembers nothing. */
  game.change = (settings) => {
    if (["optimiser", "beta1"].some((name) => name in settings && settings[name] !== game.config[name])) {
      optG.forget();
      optD.forget();
    }
    Object.assign(game.config, settings);
  };

  /** All that decides the rest of the game; `load` goes back there. */
  game.save = () => ({
    steps: game.steps,
    G: G.theta.slice(),
    D: D.theta.slice(),
    optG: optG.save(),
    optD: optD.save(),
    random: next.save(),
  });
  game.load = (saved) => {
    game.steps = saved.steps;
    G.theta.set(saved.G);
    D.theta.set(saved.D);
    optG.load(saved.optG);
    optD.load(saved.optD);
    next.load(saved.random);
  };
  game.bytes = 8 * 3 * (G.theta.length + D.theta.length) + 2500; // of what is saved

  return game;
}

const average = (values, of) => values.reduce((sum, value) => sum + of(value), 0) / values.length;

function clamp(weights, bound) {
  for (let i = 0; i < weights.length; i++) weights[i] = Math.min(bound, Math.max(-bound, weights[i]));
}

/** How fast the game runs here, with nothing drawn. For benchmarks. */
export function stepsPerSecond(seconds, config = {}, dataName = "ring") {
  const game = makeGame(makeData(dataName), config);
  for (let i = 0; i < 100; i++) game.step(); // the browser compiles what it sees often
  const [begun, before] = [performance.now(), game.steps];
  while (performance.now() - begun < 1000 * seconds) game.step();
  return (game.steps - before) / ((performance.now() - begun) / 1000);
}
