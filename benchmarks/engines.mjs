// One generator by four engines, as page.py times them in a browser. Each is `await make(model)`, a function from z to
// an image, pixel by pixel; what it needs is fetched only then, so that a fresh page shows what its beginning costs.

const json = async (address) => (await fetch(address)).json();
const bytes = async (address) => (await fetch(address)).arrayBuffer();

const ours = (assembly) => async (model) => {
  const { createGenerator } = await import("./generator.mjs");
  const files = await Promise.all([json(`./${model}.json`), bytes(`./${model}.bin`)]);
  return (await createGenerator(...files, { assembly })).forward;
};

async function onnxruntime(model) {
  const ort = await import("./ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1; // more need headers that a plain host of pages does not send
  ort.env.wasm.wasmPaths = new URL("./", import.meta.url).href;
  const session = await ort.InferenceSession.create(await bytes(`./${model}.onnx`), { executionProviders: ["wasm"] });
  return async (z) => {
    const { image } = await session.run({ z: new ort.Tensor("float32", Float32Array.from(z), [1, z.length]) });
    return pixelByPixel(image.data, image.dims[1]);
  };
}

const ENGINES = {
  assembly: ours(true),
  script: ours(false),
  usual: async (model) => (await import("./usual.mjs")).usualGenerator(await json(`./${model}.usual.json`), await bytes(`./${model}.usual.bin`)),
  onnxruntime,
};

function pixelByPixel(maps, channels) {
  const [n, image] = [maps.length / channels, new Float32Array(maps.length)];
  for (let c = 0; c < channels; c++) for (let i = 0; i < n; i++) image[i * channels + c] = maps[c * n + i];
  return image;
}

const made = new Map();

/** The image of every z. */
export async function draw(engine, model, zs) {
  const key = `${engine} ${model}`;
  if (!made.has(key)) made.set(key, await ENGINES[engine](model));
  const images = [];
  for (const z of zs) images.push(await made.get(key)(z));
  return images;
}

/** Milliseconds an image; the z take turns. */
export async function time(engine, model, zs, calls) {
  const forward = made.get(`${engine} ${model}`);
  const begun = performance.now();
  for (let i = 0; i < calls; i++) await forward(zs[i % zs.length]);
  return (performance.now() - begun) / calls;
}

/** Milliseconds from nothing to the first image. */
export async function first(engine, model, z) {
  const begun = performance.now();
  await (await ENGINES[engine](model))(z);
  return performance.now() - begun;
}
