// VectorArithmetic: the view. A shelf of samples, three trays, and what their sum draws. The sums are arithmetic-math.mjs's.

import { NAMES, ROOM, TRAYS, combined, combinedPixels, firstsOf, moved, neighboursOf, sumText, usualLength, withSeed, without } from "./arithmetic-math.mjs";
import { ghostOf, isInside, makeFrame, makeSample } from "./arithmetic-parts.mjs";
import { inView } from "./files.mjs";
import { mean, norm, sampleZ } from "./latent.mjs";
import { generatorOf } from "./models.mjs";
import { button, choice, make, perFrame, written } from "./ui.mjs";

const ON_SHELF = 12;
const LAST_SEED = 99_999; // from there the shelf begins again
const KEPT = 100; // images of samples, 49 kB each
const BUDGET = 8; // milliseconds of a frame for the generator
const HINT = "Drag a sample into a tray, or press it and then a place.";

function render({ model, el }) {
  const labels = { ...model.get("models") };
  labels[model.get("model")] ??= model.get("model").split(/[\\/]/).at(-1);
  const opening = (name) => model.get("openings")[name];
  let G = null; // the generator of the model `loaded`
  let loaded = "";
  let picked = null; // the seed of the sample that was pressed and waits for a place

  function change(values, say = HINT) {
    picked = null;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
    said.textContent = say;
    show();
  }

  // --- what the reader does with samples

  /** Puts a seed into a tray; `from`, if given, is the tray and the place that it leaves. */
  function put(seed, name, place, from) {
    const left = from && model.get(from.name);
    const stays = from?.name === name;
    const filled = stays ? moved(left, from.place, place) : withSeed(model.get(name), seed, place);
    const trays = from && !stays ? { [from.name]: without(left, from.place) } : {};
    change({ ...trays, [name]: filled }, `Sample ${seed} lies in ${NAMES[name]}.`);
  }

  function takeOut(name, place) {
    const tray = model.get(name);
    change({ [name]: without(tray, place) }, `Sample ${tray[place]} was taken out of ${NAMES[name]}.`);
  }

  function pick(seed) {
    picked = picked === seed ? null : seed;
    said.textContent = picked === null ? HINT : `Sample ${seed} is picked up: press a place in a tray.`;
    show();
  }

  function press(name, place) {
    if (picked !== null) put(picked, name, place);
    else if (place < model.get(name).length) takeOut(name, place);
    else said.textContent = "First press a sample on the shelf, then a place for it.";
  }

  function lift(seed, canvas, from) {
    if (!G || seed === undefined) return null;
    const under = (point) => point && trays.find((tray) => isInside(tray.element, point));
    return {
      ghost: figure.appendChild(ghostOf(canvas)),
      over: (point) => trays.forEach((tray) => tray.element.classList.toggle("arithmetic-over", tray === under(point))),
      drop(point) {
        const tray = under(point);
        if (!tray) return from && takeOut(from.name, from.place);
        const place = tray.places.findIndex(({ element }) => isInside(element, point));
        put(seed, tray.name, place < 0 ? ROOM : place, from);
      },
    };
  }

  // --- shelf, trays, results

  const shelf = Array.from({ length: ON_SHELF }, (_, i) => {
    const seed = () => model.get("shelf") + i;
    return makeSample(
      () => pick(seed()),
      (canvas) => lift(seed(), canvas),
    );
  });

  const trays = TRAYS.map((name) => {
    const places = Array.from({ length: ROOM }, (_, place) =>
      makeSample(
        () => press(name, place),
        (canvas) => lift(model.get(name)[place], canvas, { name, place }),
      ),
    );
    const average = makeFrame("arithmetic-average", `What the generator draws from the mean of ${NAMES[name]}`);
    const holds = make("span", "arithmetic-words");
    const title = make("span", "arithmetic-title", {}, make("b", "", { textContent: NAMES[name] }), holds);
    const element = box("arithmetic-tray", title, box("arithmetic-places", ...elementsOf(places)), average.element);
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `Tray ${NAMES[name]}`);
    return { name, element, places, average, holds };
  });

  const result = makeFrame("arithmetic-result", "What the generator draws from the sum of the trays");
  const panel = makeFrame("arithmetic-panel", "Nine images: the result in the middle of eight neighbours", 3);
  const single = makeFrame("arithmetic-control", "What the generator draws from the same sum of the first samples alone");
  const pixels = makeFrame("arithmetic-control", "The same sum of the images, pixel by pixel");
  panel.words.textContent = "the result amid eight neighbours: noise of \u00b10.25";
  single.words.textContent = "of the first in each tray alone";
  pixels.words.textContent = "the same sum of pixels";

  // --- drawing

  const images = new Map(); // of samples by their seeds
  const zOf = (seed) => sampleZ(G, seed);
  function imageOf(seed) {
    if (images.size > KEPT) images.clear();
    if (!images.has(seed)) images.set(seed, G.forward(zOf(seed)));
    return images.get(seed);
  }

  const places = trays.flatMap((tray) => tray.places);
  const averages = trays.map((tray) => tray.average);
  const inOrder = [result, ...averages, single, pixels, ...places, ...panel.panes, ...shelf];
  const draw = perFrame(() => {
    if (!G || loaded !== model.get("model")) return;
    const begun = performance.now();
    for (const { work } of inOrder) {
      if (work(G) && performance.now() - begun > BUDGET) return draw(); // the rest in the next frame
    }
  });

  function show() {
    const now = Object.fromEntries(TRAYS.map((name) => [name, model.get(name)]));
    const [name, noiseSeed] = [model.get("model"), model.get("panel_seed")];
    const key = (...parts) => JSON.stringify([name, ...parts]);
    models.show(name);
    shelf.forEach((sample, i) => {
      const seed = model.get("shelf") + i;
      sample.show(seed, `Sample ${seed}`, key(seed), () => imageOf(seed));
      sample.element.setAttribute("aria-pressed", picked === seed);
    });
    figure.classList.toggle("arithmetic-picking", picked !== null);
    trays.forEach((tray) => showTray(tray, now[tray.name], key));

    const firsts = firstsOf(now);
    const sum = (chosen) => combined(chosen, zOf, G.nz);
    let around = null;
    const neighbour = (i) => (around ??= neighboursOf(sum(now), noiseSeed))[i];
    result.want(key(now), () => G.forward(sum(now)));
    single.want(key(firsts), () => G.forward(sum(firsts)));
    pixels.want(key(now), () => combinedPixels(now, imageOf, G.size ** 2 * G.nc));
    panel.panes.forEach(({ want }, i) => want(key(now, i === 4 || noiseSeed), () => G.forward(neighbour(i))));
    result.words.textContent = sumText(now);
    if (G && loaded === name) {
      const [long, alone] = [now, firsts].map((chosen) => written(norm(sum(chosen)), 1));
      lengths.textContent = `Length of z: ${long} for the result, ${alone} for the first in each tray alone; a sample\u2019s is about ${written(usualLength(G), 1)}.`;
    }
    draw();
  }

  function showTray({ name, places, average, holds }, seeds, key) {
    places.forEach((place, i) => {
      const seed = seeds[i];
      const label = seed === undefined ? `Empty place in ${NAMES[name]}` : `Take sample ${seed} out of ${NAMES[name]}`;
      const put = `Put sample ${picked} ${seed === undefined ? "into" : `in the place of ${seed} in`} ${NAMES[name]}`;
      place.show(seed, picked === null ? label : put, seed === undefined ? "" : key(seed), () => imageOf(seed));
    });
    average.want(seeds.length ? key(seeds) : "", () => G.forward(mean(seeds.map(zOf))));
    average.words.textContent = seeds.length ? "mean" : "";
    const first = opening(model.get("model"));
    const known = first && String(seeds) === String(first[name]) ? first.holds[name] : "";
    holds.textContent = seeds.length ? known : "counts as nothing";
  }

  // --- controls

  const emptied = Object.fromEntries(TRAYS.map((name) => [name, []]));
  const asAtFirst = (name) => {
    const first = opening(name);
    return { shelf: 0, panel_seed: 0, ...(first && Object.fromEntries(TRAYS.map((tray) => [tray, first[tray]]))) };
  };
  const models = choice({ label: "Model", options: labels }, (name) => change({ model: name, ...asAtFirst(name) }));
  const more = button("More samples", () => change({ shelf: (model.get("shelf") + ON_SHELF) % LAST_SEED }));
  const empty = button("Empty the trays", () => change(emptied));
  const reset = button("As at first", () => change(asAtFirst(model.get("model"))));
  const noise = button("Other noise", () => change({ panel_seed: (model.get("panel_seed") + 1) % LAST_SEED }));
  const said = make("p", "arithmetic-said", { textContent: HINT });
  const lengths = make("p", "arithmetic-said");
  said.setAttribute("role", "status");

  async function load() {
    const name = model.get("model");
    await inView(figure);
    try {
      const made = await generatorOf(model, name);
      if (name !== model.get("model")) return;
      if (name !== loaded) images.clear();
      [G, loaded] = [made, name];
      show();
    } catch (error) {
      said.textContent = `The generator did not come: ${error.message}`;
    }
  }

  // --- the figure

  const shelfBox = box("arithmetic-shelf", ...elementsOf(shelf));
  shelfBox.setAttribute("role", "group");
  shelfBox.setAttribute("aria-label", "Shelf of samples");
  const figure = make("figure", "dcgan-widget dcgan-arithmetic");
  figure.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab would take some keys
    if (event.key === "Escape" && picked !== null) pick(picked);
  });
  figure.append(
    box("dcgan-controls", models.element, more, empty, reset),
    shelfBox,
    said,
    box("arithmetic-trays", ...elementsOf(trays)),
    box("arithmetic-results", ...elementsOf([result, panel, single, pixels])),
    box("dcgan-controls", noise, lengths),
  );
  if (model.get("caption")) figure.append(make("figcaption", "", { textContent: model.get("caption") }));
  el.append(figure);

  const events = ["model", ...TRAYS, "panel_seed", "shelf"].map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, show));
  model.on("change:model", load);
  show();
  load();
  return () => {
    events.forEach((event) => model.off(event, show));
    model.off("change:model", load);
    draw.cancel();
  };
}

const box = (className, ...children) => make("div", className, {}, ...children);
const elementsOf = (parts) => parts.map((part) => part.element);

export default { render };
