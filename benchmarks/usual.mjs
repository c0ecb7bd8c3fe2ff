// A generator as one writes it first in JavaScript: torch's own weights and layout, and each layer a sum over maps,
// kernel and pixels. What the page's own generator is compared with.

/** `layers` are { n_in, n_out, stride, padding }; the numbers are each layer's weights (in, out, 4, 4), then its biases. */
export function usualGenerator(layers, buffer) {
  const values = new Float32Array(buffer);
  let at = 0;
  const take = (n) => values.subarray(at, (at += n));
  const steps = layers.map((layer) => ({ ...layer, weights: take(16 * layer.n_in * layer.n_out), biases: take(layer.n_out) }));
  return (z) => {
    let [maps, size] = [Float32Array.from(z), 1];
    steps.forEach((step, k) => {
      [maps, size] = transposed(step, maps, size);
      maps = maps.map(k === steps.length - 1 ? Math.tanh : (v) => Math.max(0, v));
    });
    const [nc, pixels] = [layers.at(-1).n_out, size * size];
    return Float32Array.from(maps, (_, i) => maps[(i % nc) * pixels + Math.floor(i / nc)]);
  };
}

function transposed({ n_in, n_out, stride, padding, weights, biases }, maps, size) {
  const wide = (size - 1) * stride - 2 * padding + 4;
  const out = new Float32Array(n_out * wide * wide);
  for (let o = 0; o < n_out; o++) {
    out.fill(biases[o], o * wide * wide, (o + 1) * wide * wide);
    for (let i = 0; i < n_in; i++) {
      for (let tap = 0; tap < 16; tap++) {
        const w = weights[16 * (n_out * i + o) + tap];
        const [down, right] = [(tap >> 2) - padding, (tap & 3) - padding];
        for (let y = 0; y < size; y++) {
          const row = stride * y + down;
          if (row < 0 || row >= wide) continue;
          for (let x = 0; x < size; x++) {
            const column = stride * x + right;
            if (column >= 0 && column < wide) out[(o * wide + row) * wide + column] += w * maps[(i * size + y) * size + x];
          }
        }
      }
    }
  }
  return [out, wide];
}
