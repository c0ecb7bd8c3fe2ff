// Moving about in z: what dcgan_lib/latent.py does, for the page. A z is a Float32Array.

import { randn, truncatedNormal, uniformZ } from "./random.mjs";

/** The z that sample_z(1, cfg, seed, truncation) gives in Python; `truncation` null for none. */
export function sampleZ({ nz, latent }, seed, truncation = null) {
  if (latent === "uniform") return uniformZ(nz, seed);
  return truncation === null ? randn(nz, seed) : truncatedNormal(nz, seed, truncation);
}

export const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
export const norm = (a) => Math.sqrt(dot(a, a));
/** a + k b */
export const add = (a, b, k = 1) => a.map((v, i) => v + k * b[i]);
export const lerp = (a, b, t) => a.map((v, i) => v + t * (b[i] - v));

/** The arc from a to b; the norm goes evenly from |a| to |b|. Parallel vectors have no arc: there the line is taken. */
export function slerp(a, b, t) {
  const [na, nb] = [Math.max(norm(a), 1e-12), Math.max(norm(b), 1e-12)];
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(a, b) / (na * nb))));
  if (Math.sin(angle) < 1e-3) return lerp(a, b, t);
  const length = (na + t * (nb - na)) / Math.sin(angle);
  const [p, q] = [(Math.sin((1 - t) * angle) * length) / na, (Math.sin(t * angle) * length) / nb];
  return a.map((v, i) => p * v + q * b[i]);
}

export const mean = (zs) => zs[0].map((_, i) => zs.reduce((sum, z) => sum + z[i], 0) / zs.length);
