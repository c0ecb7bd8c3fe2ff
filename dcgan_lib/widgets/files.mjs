// Files that are too heavy for a widget's state: a JSON and some bytes, from the page's own folder or from the kernel.

const PATIENCE = 20_000; // milliseconds for a kernel to answer

async function fromPage({ folder, suffix }, name) {
  const root = new URL(document.documentElement.dataset.content_root ?? "./", document.baseURI); // Sphinx says where
  const address = new URL(`_static/vendor/${folder}/${name}`, root).href;
  const answers = await Promise.all([fetch(`${address}.json`), fetch(`${address}.${suffix}`)]);
  for (const answer of answers) {
    if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  }
  return [await answers[0].json(), await answers[1].arrayBuffer()];
}

function fromKernel(model, { type }, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no kernel answered; run the cell again")), PATIENCE);
    const hear = (message, buffers) => {
      if (message?.type !== type || message.name !== name) return;
      clearTimeout(timer);
      model.off("msg:custom", hear);
      const { buffer, byteOffset, byteLength } = buffers[0];
      resolve([message.manifest, buffer.slice(byteOffset, byteOffset + byteLength)]);
    };
    model.on("msg:custom", hear);
    model.send({ type, name });
  });
}

/** `[manifest, bytes]` of what is called `name`. `kind` is `{ type, folder, suffix }`: the kernel's word, the page's place. */
export function filesOf(model, kind, name) {
  return model.kernel === false ? fromPage(kind, name) : fromKernel(model, kind, name);
}

/** The bytes of a trait: with a kernel they are there, in a page they lie in a file, and the trait is its address. */
export async function bytesOf(trait) {
  return typeof trait === "string" ? (await fetch(trait)).arrayBuffer() : trait;
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
