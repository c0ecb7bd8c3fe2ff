// What InsideG computes: the maps of a generator for one z, the image with some of them off or scaled, and how much
// each map matters. What dcgan_lib/inspect.py does, for the page. A layer is named by the side of its maps.

import { sampleZ, slerp } from "./latent.mjs";

/** The layers of maps, the image not among them: `[{ side, maps }]`. */
export const layersOf = ({ layers }) => layers.slice(0, -1).map(({ out }, k) => ({ side: 4 * 2 ** k, maps: out }));

/** The place on the arc between the seeds. */
export function zBetween(manifest, { seed_a, seed_b, t }) {
  return slerp(sampleZ(manifest, seed_a), sampleZ(manifest, seed_b), t);
}

/** What a layer's maps are multiplied by: `Map(number -> factor)` of those whose factor is not 1. */
export function factorsOf({ off, strengths }, { side, maps }) {
  const factors = new Map(Object.entries(strengths[side] ?? {}).map(([map, factor]) => [Number(map), factor]));
  for (const map of off[side] ?? []) factors.set(map, 0);
  for (const map of factors.keys()) if (map >= maps) factors.delete(map); // another model's, about to be forgotten
  return factors;
}

/** Mean absolute difference. */
export function apart(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/** The numbers of the maps, those with the largest effect first. */
export const ranked = (effects) => Array.from(effects, (_, map) => map).sort((a, b) => effects[b] - effects[a] || a - b);

/**
 * The generator opened: `look(z)` computes everything for a z, `change(state)` the image with the state's maps off or
 * scaled, from the first changed layer on. `before` and `image` are the two images, `stages[k]` the maps of layer k as
 * they come out of it, with the changes of the layers before it.
 */
export function openUp(G) {
  const layers = layersOf(G.manifest);
  const first = []; // the maps without any change
  const inside = { layers, before: null, image: null, stages: [] };

  // A copy of a layer's maps keeps the generator's order: pixel by pixel, with the border between the rows.
  const copyOf = ({ data, place, size, channels }) => data.slice(place(0, 0, 0), place(size - 1, size - 1, channels));
  const scale = ({ data, place, size }, factors) => {
    for (const [map, factor] of factors) {
      for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) data[place(y, x, map)] *= factor;
    }
  };
  /** The image if the maps of layer `from` on are multiplied; `see(k, maps)` hears of those after it. */
  const goOn = (from, factorsAt, see = null) =>
    G.forward(
      null,
      (k, maps) => {
        if (k === from) maps.data.set(first[k], maps.place(0, 0, 0));
        else see?.(k, maps);
        scale(maps, factorsAt(k));
      },
      from,
    );
  const none = new Map();

  inside.look = (z) => {
    inside.before = G.forward(z, (k, maps) => (first[k] = copyOf(maps)));
  };
  inside.change = (state) => {
    const factors = layers.map((layer) => factorsOf(state, layer));
    const from = factors.findIndex((chosen) => chosen.size > 0);
    inside.stages = [...first];
    inside.image =
      from < 0
        ? inside.before
        : goOn(
            from,
            (k) => factors[k],
            (k, maps) => (inside.stages[k] = copyOf(maps)),
          );
  };
  /** How much the image of z changes when this map alone is dropped. */
  inside.effect = (k, map) => {
    const dropped = new Map([[map, 0]]);
    return apart(goOn(k, (at) => (at === k ? dropped : none)), inside.before);
  };
  /** The value of map `map` of layer k at a pixel is `stages[k][offset(k, y, x) + map]`. */
  inside.offset = (k, y, x) => (y * (layers[k].side + 2) + x) * layers[k].maps;
  inside.meanOf = (k, map) => {
    const { side } = layers[k];
    let sum = 0;
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) sum += inside.stages[k][inside.offset(k, y, x) + map];
    return sum / side ** 2;
  };
  return inside;
}

// --- the state's changes; each gives a new object and leaves the old one alone

const sorted = (maps) => [...new Set(maps)].sort((a, b) => a - b);

/** `off` with exactly these maps of a layer. */
export function withOff(off, side, maps) {
  const { [side]: _, ...others } = off;
  return maps.length ? { ...others, [side]: sorted(maps) } : others;
}

export const isOff = (off, side, map) => (off[side] ?? []).includes(map);

export function toggled(off, side, map) {
  const now = off[side] ?? [];
  return withOff(off, side, isOff(off, side, map) ? now.filter((other) => other !== map) : [...now, map]);
}

/** `strengths` with this factor for a map; 1 is no entry. */
export function withStrength(strengths, side, map, factor) {
  const { [map]: _, ...others } = strengths[side] ?? {};
  const chosen = factor === 1 ? others : { ...others, [map]: factor };
  const { [side]: __, ...rest } = strengths;
  return Object.keys(chosen).length ? { ...rest, [side]: chosen } : rest;
}
