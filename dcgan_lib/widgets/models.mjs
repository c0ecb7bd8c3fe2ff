// Where the weights of a generator come from: the page's own folder, or the kernel. Once for all widgets of a page.

import { createGenerator } from "./generator.mjs";

const PATIENCE = 20_000; // milliseconds for a kernel to answer
const shared = (globalThis[Symbol.for("dcgan_lib.generators")] ??= new Map()); // each widget evaluates this module anew

async function fromPage(name) {
  const root = new URL(document.documentElement.dataset.content_root ?? "./", document.baseURI); // Sphinx says where
  const address = new URL(`_static/vendor/models/${name}`, root).href;
  const [manifest, weights] = await Promise.all([fetch(`${address}.json`), fetch(`${address}.bin`)]);
  for (const answer of [manifest, weights]) {
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  }
  return [await manifest.json(), await weights.arrayBuffer()];
}

function fromKernel(model, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no kernel answered; run the cell again")), PATIENCE);
    const hear = (message, buffers) => {
      if (message?.type !== "weights" || message.name !== name) return;
      clearTimeout(timer);
      model.off("msg:custom", hear);
      const { buffer, byteOffset, byteLength } = buffers[0];
      resolve([message.manifest, buffer.slice(byteOffset, byteOffset + byteLength)]);
    };
    model.on("msg:custom", hear);
    model.send({ type: "weights", name });
  });
}

/** The generator called `name`, with its manifest as `.manifest`; `model` is the asking widget's. */
export function generatorOf(model, name) {
  if (!shared.has(name)) {
    const files = model.kernel === false ? fromPage(name) : fromKernel(model, name);
    const made = files.then(async ([manifest, weights]) => ({ ...(await createGenerator(manifest, weights)), manifest }));
    shared.set(name, made);
    made.catch(() => shared.delete(name)); // the next widget may try again
  }
  return shared.get(name);
}

/** Resolves when the element is about to come into view. */
export function inView(el) {
  return new Promise((resolve) => {
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (!entry.isIntersecting) return;
        watch.disconnect();
        resolve();
      },
      { rootMargin: "300px" },
    );
    watch.observe(el);
  });
}
