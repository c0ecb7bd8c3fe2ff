// Small multilayer perceptrons: forward, backward, and the two ways to step. All numbers of a network lie in one array,
// layer after layer, first the weights (outputs x inputs), then the biases: torch's parameters_to_vector.

import { uniform } from "./random.mjs";

/** `sizes` such as [2, 32, 32, 1]. Hidden units below zero pass on `leak` of what they get: 0 is ReLU. */
export function makeNet(sizes, leak) {
  const layers = [];
  let length = 0;
  for (let i = 0; i + 1 < sizes.length; i++) {
    const [ins, outs] = [sizes[i], sizes[i + 1]];
    layers.push({ ins, outs, weights: length, biases: length + ins * outs });
    length += (ins + 1) * outs;
  }
  return { layers, leak, theta: new Float64Array(length), slopes: new Float64Array(length) };
}

/** As torch.nn.Linear begins: uniform within ±1/√inputs. */
export function initialise(net, next) {
  for (const { ins, outs, weights } of net.layers) {
    const bound = 1 / Math.sqrt(ins);
    for (let i = 0; i < (ins + 1) * outs; i++) net.theta[weights + i] = Math.fround((2 * uniform(next) - 1) * bound);
  }
}

/**
 * out (rows x columns) += a (rows x inner) times b (inner x columns), four terms at a time, because each number of `out`
 * is then fetched and stored a quarter as often. `a` is read with strides, so that it may be taken transposed.
 */
function addProduct(out, a, down, along, b, rows, inner, columns) {
  for (let r = 0; r < rows; r++) {
    const to = r * columns;
    let k = 0;
    for (; k + 4 <= inner; k += 4) {
      const at = r * down + k * along;
      const p = a[at];
      const q = a[at + along];
      const s = a[at + 2 * along];
      const t = a[at + 3 * along];
      const i = k * columns;
      const j = i + columns;
      const l = j + columns;
      const m = l + columns;
      for (let c = 0; c < columns; c++) out[to + c] += p * b[i + c] + q * b[j + c] + s * b[l + c] + t * b[m + c];
    }
    for (; k < inner; k++) {
      const p = a[r * down + k * along];
      for (let c = 0; c < columns; c++) out[to + c] += p * b[k * columns + c];
    }
  }
}

function transposed(matrix, rows, columns) {
  const turned = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = matrix[r * columns + c];
  return turned;
}

/** Every layer's output for n inputs, the first being the input itself; the last is what the network answers. */
export function forward({ layers, leak, theta }, x, n) {
  const outputs = [x];
  layers.forEach(({ ins, outs, weights, biases }, l) => {
    const to = new Float64Array(n * outs);
    for (let i = 0; i < n; i++) for (let o = 0; o < outs; o++) to[i * outs + o] = theta[biases + o];
    const turned = transposed(theta.subarray(weights, biases), outs, ins);
    addProduct(to, outputs[l], ins, 1, turned, n, ins, outs);
    if (l + 1 < layers.length) for (let i = 0; i < to.length; i++) if (to[i] < 0) to[i] *= leak;
    outputs.push(to);
  });
  return outputs;
}

/**
 * From the slope of a loss by the network's answers, its slope by the input: returned. The slopes by the weights are
 * added to net.slopes, unless `frozen`.
 */
export function backward({ layers, leak, theta, slopes }, outputs, slope, n, frozen = false) {
  let above = slope;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { ins, outs, weights, biases } = layers[l];
    const to = outputs[l + 1];
    if (l + 1 < layers.length) for (let i = 0; i < to.length; i++) if (to[i] <= 0) above[i] *= leak;
    if (!frozen) {
      addProduct(slopes.subarray(weights, biases), above, 1, outs, outputs[l], outs, n, ins);
      for (let i = 0; i < n; i++) for (let o = 0; o < outs; o++) slopes[biases + o] += above[i * outs + o];
    }
    const below = new Float64Array(n * ins);
    addProduct(below, above, outs, 1, theta.subarray(weights, biases), n, outs, ins);
    above = below;
  }
  return above;
}

const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Moves one network down net.slopes, and clears them. `settings` are asked at every step, so they may change. */
export function makeOptimiser({ theta, slopes }) {
  const [mean, square] = [new Float64Array(theta.length), new Float64Array(theta.length)];
  let steps = 0;

  function step({ optimiser, lr, beta1 }) {
    steps++;
    if (optimiser === "sgd") {
      for (let i = 0; i < theta.length; i++) theta[i] -= lr * slopes[i];
    } else {
      const [rate, root] = [lr / (1 - beta1 ** steps), Math.sqrt(1 - BETA2 ** steps)];
      for (let i = 0; i < theta.length; i++) {
        mean[i] = beta1 * mean[i] + (1 - beta1) * slopes[i];
        square[i] = BETA2 * square[i] + (1 - BETA2) * slopes[i] * slopes[i];
        theta[i] -= (rate * mean[i]) / (Math.sqrt(square[i]) / root + EPSILON);
      }
    }
    slopes.fill(0);
  }

  const forget = () => {
    steps = 0;
    mean.fill(0);
    square.fill(0);
  };
  const save = () => ({ mean: mean.slice(), square: square.slice(), steps });
  const load = (saved) => {
    mean.set(saved.mean);
    square.set(saved.square);
    steps = saved.steps;
  };
  return { step, forget, save, load };
}
