// A DCGAN generator in the page: the folded weights that dcgan_lib/widgets/page_model.py wrote, and their forward pass.
//
// Maps are stored pixel by pixel, all channels of one pixel together, with a border of zeros around each map. A
// transposed convolution with stride 2 is four 2x2 convolutions, one for each pair of parities of the output's row and
// column ("quarters"). Their arithmetic is kernel.wat, or `quarterInScript` where there is no WebAssembly with SIMD.

import { KERNEL } from "./kernel.mjs";

const FLOATS = 4; // bytes of one
const NO_FLOOR = -3e38;

/** Half floats, bit by bit, for browsers without Float16Array. */
function fromHalf(halves) {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i++) {
    const [sign, exponent, fraction] = [halves[i] & 0x8000, (halves[i] >> 10) & 31, halves[i] & 1023];
    bits[0] = (sign << 16) | ((exponent + 112) << 23) | (fraction << 13);
    out[i] = exponent ? float[0] : (sign ? -1 : 1) * fraction * 2 ** -24;
  }
  return out;
}

export function decodeHalf(buffer) {
  return globalThis.Float16Array ? new Float32Array(new Float16Array(buffer)) : fromHalf(new Uint16Array(buffer));
}

/** kernel.wat in JavaScript, on the same memory with the same arguments; about eight times slower. */
function quarterInScript(buffer) {
  const memory = new Float32Array(buffer);
  return (input, weights, bias, out, rows, columns, channels, tap1, tap2, tap3, inRow, outRow, outPixel, blocks, floor) => {
    const taps = [0, tap1 / FLOATS, tap2 / FLOATS, tap3 / FLOATS];
    const sums = new Float64Array(8);
    for (let block = 0; block < blocks; block++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          for (let k = 0; k < 8; k++) sums[k] = memory[bias / FLOATS + 8 * block + k];
          let w = weights / FLOATS + 32 * channels * block;
          for (const tap of taps) {
            const x = (input + i * inRow) / FLOATS + j * channels + tap;
            for (let c = 0; c < channels; c++, w += 8) {
              const v = memory[x + c];
              if (v !== 0) for (let k = 0; k < 8; k++) sums[k] += v * memory[w + k];
            }
          }
          const to = (out + i * outRow + j * outPixel) / FLOATS + 8 * block;
          for (let k = 0; k < 8; k++) memory[to + k] = Math.max(sums[k], floor);
        }
      }
    }
  };
}

async function quarterInAssembly(memory) {
  const bytes = Uint8Array.from(atob(KERNEL), (c) => c.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { page: { memory } });
  return instance.exports.quarter;
}

/** Where everything lies: addresses in bytes, sizes in pixels, and how many bytes in all. */
function plan(layers) {
  let end = 0;
  const room = (floats) => {
    const start = end;
    end += Math.ceil((floats * FLOATS) / 64) * 64;
    return start;
  };
  const wide = (channels) => Math.ceil(channels / 8) * 8;
  const first = layers[0].out;
  const maps = [{ size: 4, channels: first, stored: first, border: 1, at: room(6 * 6 * first) }];
  const steps = layers.slice(1).map((layer, i) => {
    const [from, last] = [maps[i], i === layers.length - 2];
    const [size, stored, border] = [2 * from.size, wide(layer.out), last ? 0 : 1];
    const to = { size, channels: layer.out, stored, border, at: room((size + 2 * border) ** 2 * stored) };
    maps.push(to);
    return { from, to, last, weights: room(16 * from.channels * stored), bias: room(stored) };
  });
  return { maps, steps, bytes: end };
}

/**
 * The generator of these weights: `{ nz, size, nc, maps, forward, engine }`.
 *
 * `forward(z, touch)` returns `size * size * nc` floats in [-1, 1], pixel by pixel. `touch(k, map)`, if given, is called
 * when map k is ready, k = 0 for the 4x4 ones: it may read and change it through `place` and `data`. With `z` null the
 * pass begins at map `from`, which `touch` then has to fill in.
 */
export async function createGenerator(manifest, buffer, { assembly = true } = {}) {
  const { layers, nz, nc } = manifest;
  const { maps, steps, bytes } = plan(layers);
  const pages = Math.ceil(bytes / 65536);
  const memory = globalThis.WebAssembly ? new WebAssembly.Memory({ initial: pages }) : { buffer: new ArrayBuffer(65536 * pages) };
  let quarter;
  let engine = "assembly";
  try {
    if (!assembly) throw new Error("asked for JavaScript");
    quarter = await quarterInAssembly(memory);
  } catch {
    quarter = quarterInScript(memory.buffer);
    engine = "script";
  }
  const data = new Float32Array(memory.buffer);

  // weights and biases in the order of the file: see page_model.py
  const values = manifest.bits === 16 ? decodeHalf(buffer) : new Float32Array(buffer);
  let at = 0;
  const take = (n) => values.subarray(at, (at += n));
  const stem = { matrix: take(nz * 16 * layers[0].out), bias: take(layers[0].out) };
  for (const { from, to, weights, bias } of steps) {
    data.set(take(16 * from.channels * to.stored), weights / FLOATS);
    data.set(take(to.stored), bias / FLOATS);
  }
  if (at !== values.length) throw new Error(`the weights hold ${values.length} numbers, the manifest asks for ${at}`);

  const views = maps.map(({ size, channels, stored, border, at: start }) => {
    const place = (y, x, c) => start / FLOATS + ((y + border) * (size + 2 * border) + x + border) * stored + c;
    return { size, channels, data, place };
  });

  /** z times the stem's matrix: four of its rows at a time, so that each sum is read and written a quarter as often. */
  function project(z) {
    const n = layers[0].out;
    const { matrix, bias } = stem;
    const sums = new Float32Array(16 * n);
    for (let k = 0; k < sums.length; k++) sums[k] = bias[k % n];
    for (let i = 0; i < nz; i += 4) {
      const [v0, v1, v2, v3] = [z[i], z[i + 1] ?? 0, z[i + 2] ?? 0, z[i + 3] ?? 0];
      const [r0, r1, r2, r3] = [0, 1, 2, 3].map((j) => Math.min(i + j, nz - 1) * sums.length);
      for (let k = 0; k < sums.length; k++) {
        sums[k] += v0 * matrix[r0 + k] + v1 * matrix[r1 + k] + v2 * matrix[r2 + k] + v3 * matrix[r3 + k];
      }
    }
    for (let p = 0; p < 16; p++) {
      const to = views[0].place(p >> 2, p & 3, 0);
      for (let c = 0; c < n; c++) data[to + c] = Math.max(0, sums[p * n + c]);
    }
  }

  /** The step's four quarters. For an even output row the taps see this input row and the one above, else the one below. */
  function up({ from, to, last, weights, bias }) {
    const [inRow, outRow] = [from.size + 2 * from.border, to.size + 2 * to.border];
    const pixel = FLOATS * from.stored;
    const input = (dy, dx) => from.at + pixel * ((from.border + dy) * inRow + from.border + dx);
    for (const a of [0, 1]) {
      for (const c of [0, 1]) {
        const [dy, dx] = [a ? [0, 1] : [0, -1], c ? [0, 1] : [0, -1]];
        const start = input(dy[0], dx[0]);
        quarter(
          start,
          weights + FLOATS * (2 * a + c) * 4 * from.channels * to.stored,
          bias,
          to.at + FLOATS * to.stored * ((a + to.border) * outRow + c + to.border),
          from.size,
          from.size,
          from.channels,
          input(dy[0], dx[1]) - start,
          input(dy[1], dx[0]) - start,
          input(dy[1], dx[1]) - start,
          pixel * inRow,
          FLOATS * 2 * to.stored * outRow,
          FLOATS * 2 * to.stored,
          to.stored / 8,
          last ? NO_FLOOR : 0,
        );
      }
    }
  }

  function forward(z, touch = null, from = 0) {
    if (z) project(z);
    touch?.(from, views[from]);
    for (let k = from; k < steps.length; k++) {
      up(steps[k]);
      if (!steps[k].last) touch?.(k + 1, views[k + 1]);
    }
    const last = views.at(-1);
    const image = new Float32Array(last.size * last.size * nc);
    for (let y = 0, i = 0; y < last.size; y++) {
      for (let x = 0; x < last.size; x++) {
        for (let c = 0; c < nc; c++) image[i++] = Math.tanh(data[last.place(y, x, c)]);
      }
    }
    return image;
  }

  return { nz, nc, size: maps.at(-1).size, latent: manifest.latent, maps: views, forward, engine };
}
