// The random numbers of PyTorch's CPU generator, so that a seed means the same z in the page and in Python.

/** Mersenne Twister (Matsumoto and Nishimura 1998), seeded as torch.Generator().manual_seed(seed) seeds it. */
export function mersenneTwister(seed) {
  const state = new Uint32Array(624);
  state[0] = seed >>> 0;
  for (let i = 1; i < 624; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let at = 624;
  const refill = () => {
    for (let i = 0; i < 624; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    at = 0;
  };
  const next = () => {
    if (at === 624) refill();
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0; // 32 bits
  };
  next.save = () => ({ words: state.slice(), at });
  next.load = (saved) => {
    state.set(saved.words);
    at = saved.at;
  };
  return next;
}

/** torch.rand(n), float32: the lowest 24 bits of each number. */
export const uniform = (next) => (next() & 0xffffff) / 2 ** 24;

/** torch.rand(n, dtype=torch.float64): of 64 bits the lowest 53. */
export function uniform64(next) {
  const high = next();
  return ((high & 0x1fffff) * 2 ** 32 + next()) / 2 ** 53;
}

/** torch.randn(n, generator=torch.Generator().manual_seed(seed)), n of at least 16. */
export const randn = (n, seed) => normals(n, mersenneTwister(seed));

/** The same from a generator that is already running: Box-Muller on sixteen numbers at a time, eight pairs. */
export function normals(n, next) {
  const z = Float32Array.from({ length: n }, () => uniform(next));
  const pairs = (start) => {
    for (let i = start; i < start + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - z[i]));
      const angle = 2 * Math.PI * z[i + 8];
      z[i] = radius * Math.cos(angle);
      z[i + 8] = radius * Math.sin(angle);
    }
  };
  for (let start = 0; start + 16 <= n; start += 16) pairs(start);
  if (n % 16) {
    // the last sixteen are drawn again, over what stood there
    for (let i = n - 16; i < n; i++) z[i] = uniform(next);
    pairs(n - 16);
  }
  return z;
}

/** The normal distribution cut off at ±bound, as dcgan_lib.latent.sample_z(1, cfg, seed, truncation=bound) draws it. */
export function truncatedNormal(n, seed, bound) {
  const next = mersenneTwister(seed);
  const inside = erf(bound / Math.SQRT2);
  return Float32Array.from({ length: n }, () => Math.SQRT2 * inverseErf((uniform64(next) * 2 - 1) * inside));
}

/** uniform in [-1, 1): torch.rand(1, n) * 2 - 1. */
export function uniformZ(n, seed) {
  const next = mersenneTwister(seed);
  return Float32Array.from({ length: n }, () => uniform(next) * 2 - 1);
}

/** The error function, to 1e-15: its series where that converges fast, else its continued fraction. */
export function erf(x) {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  if (t < 2.5) {
    let [term, sum] = [t, t];
    for (let k = 1; Math.abs(term) > 1e-17 * sum; k++) {
      term *= (-t * t) / k;
      sum += term / (2 * k + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / (Math.sqrt(Math.PI) * (t + fraction)));
}

/** The inverse of erf on (-1, 1): Winitzki's approximation, made exact by Newton's steps. */
export function inverseErf(y) {
  if (y === 0) return 0;
  const a = 0.147;
  const l = Math.log(1 - y * y);
  const b = 2 / (Math.PI * a) + l / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(b * b - l / a) - b);
  for (let i = 0; i < 4; i++) x -= ((erf(x) - y) * Math.sqrt(Math.PI)) / 2 / Math.exp(-x * x);
  return x;
}
