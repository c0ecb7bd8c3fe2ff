// The generators of a page, once for all its widgets.

import { filesOf } from "./files.mjs";
import { createGenerator } from "./generator.mjs";

const WEIGHTS = { type: "weights", folder: "models", suffix: "bin" };
const shared = (globalThis[Symbol.for("dcgan_lib.generators")] ??= new Map()); // each widget evaluates this module anew

/** The generator called `name`, with its manifest as `.manifest`; `model` is the asking widget's. */
export function generatorOf(model, name) {
  if (!shared.has(name)) {
    const made = filesOf(model, WEIGHTS, name).then(async ([manifest, weights]) => {
      return { ...(await createGenerator(manifest, weights)), manifest };
    });
    shared.set(name, made);
    made.catch(() => shared.delete(name)); // the next widget may try again
  }
  return shared.get(name);
}
