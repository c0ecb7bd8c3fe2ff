// InsideG: the view. Three pictures, the layers side by side, the layer at hand with a switch for every map. What is
// computed is in inside-math.mjs, the sheets of maps are inside-sheet.mjs's.

import { apart, factorsOf, isOff, openUp, ranked, toggled, withOff, withStrength, zBetween } from "./inside-math.mjs";
import { largeSheet, layoutOf, smallSheet } from "./inside-sheet.mjs";
import { generatorOf, inView } from "./models.mjs";
import { button, checkbox, choice, make, perFrame, picture, range, seedField, written } from "./ui.mjs";

const TRAITS = ["model", "seed_a", "seed_b", "t", "layer", "selected", "off", "strengths", "order", "white"];
const BUDGET = 8; // milliseconds of a slice of measuring
const REST = 300; // milliseconds without a new z before measuring begins
const OVERVIEW = 10; // milliseconds of a frame after which the small sheets wait for the next one

/** Measures `measure(0)`, `measure(1)` … in slices, while the reader rests and looks. `tell()` when there is news. */
function measurer(looking, tell) {
  const job = { key: "", values: [], done: 0, measure: null, then: null };
  let timer = 0;
  const slice = () => {
    const begun = performance.now();
    while (looking() && job.done < job.values.length && performance.now() - begun < BUDGET) {
      job.values[job.done] = job.measure(job.done);
      job.done++;
    }
    if (job.done < job.values.length) {
      timer = setTimeout(slice, looking() ? 8 : REST);
    } else {
      job.then?.();
      job.then = null;
    }
    tell();
  };
  const want = (key, count, measure) => {
    if (key === job.key) return;
    clearTimeout(timer);
    Object.assign(job, { key, values: new Float64Array(count), done: 0, measure, then: null });
    timer = setTimeout(slice, REST);
  };
  const ready = () => job.key !== "" && job.done === job.values.length;
  const after = (act) => (ready() ? act() : (job.then = act));
  return { job, want, ready, after, stop: () => clearTimeout(timer) };
}

const ordinal = (n) => `${n}${["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;

/** "Map 57 of 16 × 16: …", for the map under the pointer or at hand. */
function aboutMap(inside, k, map, factors, effects) {
  const { side, maps } = inside.layers[k];
  const factor = factors.get(map);
  const state = factor === 0 ? ", off" : factor === undefined ? "" : `, at ${written(factor)} of its strength`;
  const out = `Map ${map} of ${side} × ${side}: mean ${written(inside.meanOf(k, map), 3)}${state}. `;
  if (!effects) return `${out}How much the image depends on it is being measured.`;
  const rank = ranked(effects).indexOf(map) + 1;
  const place = rank === 1 ? `more than any other of the ${maps}` : `the ${ordinal(rank)} of ${maps}`;
  return `${out}Dropped alone, it changes the image by ${written(effects[map], 4)}, ${place}.`;
}

function aboutImage(inside, { off, strengths }) {
  const factors = inside.layers.flatMap((layer) => [...factorsOf({ off, strengths }, layer).values()]);
  if (!factors.length) return "Every map is on.";
  const zero = factors.filter((factor) => factor === 0).length;
  const parts = [];
  if (zero) parts.push(zero === 1 ? "1 map is off" : `${zero} maps are off`);
  if (factors.length > zero) parts.push(`${factors.length - zero} ${zero ? "scaled" : factors.length === 1 ? "map is scaled" : "maps are scaled"}`);
  const by = written(apart(inside.image, inside.before), 3);
  return `${parts.join(", ")}: the image has changed by ${by}, the mean absolute difference on the scale from \u22121 to 1.`;
}

function render({ model, el }) {
  const names = { ...model.get("models") };
  names[model.get("model")] ??= model.get("model").split(/[\\/]/).at(-1);
  const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  let [inside, G, loaded] = [null, null, ""];
  let [seenZ, hovered, watched] = ["", -1, false];
  const orders = new Map(); // layer -> its maps by effect, as last measured

  function change(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  }
  const layerAt = (side) => inside.layers.findIndex((layer) => layer.side === side);
  const mapsOf = (side) => inside.layers[layerAt(side)].maps;
  const allMaps = (side) => Array.from({ length: mapsOf(side) }, (_, map) => map);
  const setOff = (maps) => inside && change({ off: withOff(model.get("off"), model.get("layer"), maps) });

  // --- what is drawn

  const titled = (view, title) => make("div", "inside-picture", {}, view.element, make("span", "", { textContent: title }));
  const pictures = {
    before: picture({ width: 200, alt: "What the generator draws with every map" }),
    image: picture({ width: 200, alt: "What it draws with the maps off or scaled" }),
    change: picture({ width: 200, alt: "The difference of the two; grey where nothing has changed" }),
  };
  const note = make("p", "inside-note", { textContent: "The generator is on its way …" });
  note.setAttribute("role", "status");
  const changed = make("p", "inside-said");
  const about = make("p", "inside-said inside-about");
  const toggle = (map) => change({ off: toggled(model.get("off"), model.get("layer"), map), selected: map });
  const hover = (map) => {
    if (map === hovered) return;
    hovered = map;
    draw();
  };
  const sheet = largeSheet({ press: toggle, select: (map) => change({ selected: map }), hover });
  const final = make("canvas", "dcgan-pixelated");
  let small = [];
  let overviewStale = false;

  const measure = measurer(
    () => watched && !document.hidden,
    () => draw(),
  );

  const draw = perFrame(() => {
    if (!inside || loaded !== model.get("model")) return;
    const begun = performance.now();
    const now = state();
    const k = layerAt(now.layer);
    if (k < 0) return; // the layer that another model had
    const z = [now.model, now.seed_a, now.seed_b, now.t].join();
    if (z !== seenZ) inside.look(zBetween(G.manifest, now));
    seenZ = z;
    inside.change(now);
    measure.want(`${z},${k}`, inside.layers[k].maps, (map) => inside.effect(k, map));
    const effects = measure.ready() ? measure.job.values : null;

    pictures.before.show(inside.before, G.size, G.nc);
    pictures.image.show(inside.image, G.size, G.nc);
    pictures.change.show(inside.image.map((v, i) => v - inside.before[i]), G.size, G.nc);
    changed.textContent = aboutImage(inside, now);

    if (effects) orders.set(now.layer, ranked(effects));
    const order = (now.order === "effect" && orders.get(now.layer)) || allMaps(now.layer);
    const layout = layoutOf(sheet.element.clientWidth, now.layer, order.length);
    const page = Math.floor(order.indexOf(Math.min(now.selected, order.length - 1)) / layout.perPage);
    const factors = factorsOf(now, inside.layers[k]);
    about.textContent = aboutMap(inside, k, hovered >= 0 ? hovered : now.selected, factors, effects);
    const text = aboutMap(inside, k, now.selected, factors, effects);
    sheet.show(inside, k, { order, page, layout, factors, white: now.white, selected: now.selected, text });
    pager.show(order, page, layout);

    overviewStale = performance.now() - begun > OVERVIEW && !overviewStale;
    if (overviewStale) return draw();
    small.forEach((view, i) => view.draw(inside, i, now.white, new Set(now.off[inside.layers[i].side])));
    final.getContext("2d").drawImage(pictures.image.element, 0, 0);
  });

  // --- controls

  const models = choice({ label: "Model", options: names }, (value) => {
    change({ model: value, off: {}, strengths: {}, selected: 0 });
  });
  const seeds = ["a", "b"].map((letter) => seedField(letter.toUpperCase(), (seed) => change({ [`seed_${letter}`]: seed })));
  const along = range({ label: "A to B", min: 0, max: 1, step: 0.01 }, (t) => change({ t }));
  const orderChoice = choice({ label: "Order", options: { number: "number", effect: "effect" } }, (order) => change({ order }));
  const white = choice({ label: "Brightness per", options: { layer: "layer", map: "map" } }, (value) => {
    change({ white: value });
  });

  const number = make("input", "", { type: "number", min: 0, step: 1, inputMode: "numeric" });
  number.addEventListener("change", () => {
    if (inside && number.value !== "" && number.checkValidity()) change({ selected: Number(number.value) });
  });
  const numberField = make("label", "dcgan-seed", {}, make("span", "dcgan-name", { textContent: "Map" }), number);
  const on = checkbox({ label: "on" }, () => inside && toggle(model.get("selected")));
  const strength = range({ label: "strength", min: 0, max: 2, step: 0.05 }, (factor) => {
    const { layer, selected, strengths, off } = state();
    const back = isOff(off, layer, selected) ? { off: toggled(off, layer, selected) } : {}; // who turns it up wants it on
    change({ strengths: withStrength(strengths, layer, selected, factor), ...back });
  });

  const many = make("input", "", { type: "number", min: 1, step: 1, value: 4, inputMode: "numeric" });
  many.setAttribute("aria-label", "How many of the strongest");
  const strongest = button("Drop the strongest", () => {
    const k = Number(many.value);
    if (k >= 1) measure.after(() => setOff(ranked(measure.job.values).slice(0, k)));
  });
  const only = button("Only this one", () => setOff(allMaps(model.get("layer")).filter((map) => map !== model.get("selected"))));
  const allOff = button("All off", () => setOff(allMaps(model.get("layer"))));
  const layerBack = button("Restore layer", () => {
    const { [model.get("layer")]: _, ...strengths } = model.get("strengths");
    change({ off: withOff(model.get("off"), model.get("layer"), []), strengths });
  });
  const reset = button("Restore all", () => change({ off: {}, strengths: {} }));

  const pager = (() => {
    const said = make("span", "dcgan-value");
    const [back, on] = [button("Earlier maps", () => go(-1)), button("Later maps", () => go(1))];
    const element = make("div", "dcgan-controls inside-switches", {}, back, said, on);
    let now;
    const go = (way) => change({ selected: now.order[(now.page + way) * now.layout.perPage] });
    const show = (order, page, layout) => {
      now = { order, page, layout };
      element.hidden = layout.pages === 1;
      [back.disabled, on.disabled] = [page === 0, page === layout.pages - 1];
      said.textContent = `page ${page + 1} of ${layout.pages}`;
    };
    return { element, show };
  })();

  const row = (...children) => make("div", "dcgan-controls", {}, ...children);
  const overview = make("fieldset", "inside-layers", {}, make("legend", "dcgan-name", { textContent: "Layers, from first to last" }));
  function showLayers() {
    const group = `inside-${Math.random().toString(36).slice(2)}`;
    small = inside.layers.map((layer) => smallSheet(group, layer, (side) => change({ layer: side, selected: (model.get("off")[side] ?? [0])[0] })));
    Object.assign(final, { width: G.size, height: G.size });
    const last = make("div", "inside-layer", {}, final, make("span", "inside-side", { textContent: `${G.size} × ${G.size}` }), make("span", "inside-count", { textContent: "image" }));
    overview.replaceChildren(overview.firstChild, ...small.map((view) => view.element), last);
  }

  function show() {
    const now = state();
    models.show(now.model);
    ["a", "b"].forEach((letter, i) => seeds[i].show(now[`seed_${letter}`]));
    along.show(now.t);
    orderChoice.show(now.order);
    white.show(now.white);
    if (document.activeElement !== number) number.value = now.selected;
    on.show(!isOff(now.off, now.layer, now.selected));
    strength.show(now.strengths[now.layer]?.[now.selected] ?? 1);
    small.forEach((view, i) => view.show(now.layer, now.off[inside.layers[i].side]?.length ?? 0));
    if (inside && layerAt(now.layer) >= 0) number.max = many.max = mapsOf(now.layer) - 1;
    draw();
  }

  // --- the weights

  async function load() {
    const name = model.get("model");
    await inView(figure);
    note.hidden = false;
    try {
      const made = await generatorOf(model, name);
      if (name !== model.get("model")) return;
      [G, loaded, inside, seenZ] = [made, name, openUp(made), ""];
      orders.clear();
      note.hidden = true;
      showLayers();
      if (layerAt(model.get("layer")) < 0) change({ layer: inside.layers[inside.layers.length >> 1].side, selected: 0 });
      show();
    } catch (error) {
      note.textContent = `The generator did not come: ${error.message}`;
    }
  }

  // --- the figure

  const figure = make("figure", "dcgan-widget dcgan-inside");
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  figure.append(
    row(models.element, ...seeds.map((seed) => seed.element), along.element),
    make("div", "inside-pictures", {}, titled(pictures.before, "every map on"), titled(pictures.image, "with changes"), titled(pictures.change, "difference")),
    changed,
    note,
    overview,
    sheet.element,
    pager.element,
    about,
    row(numberField, on.element, strength.element),
    make("div", "dcgan-controls inside-switches", {}, only, allOff, make("span", "inside-strongest", {}, strongest, many), make("span", "inside-restore", {}, layerBack, reset)),
    row(orderChoice.element, white.element),
  );
  if (model.get("caption")) figure.append(make("figcaption", "", { textContent: model.get("caption") }));
  el.append(figure);

  const events = TRAITS.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, show));
  model.on("change:model", load);
  const resized = new ResizeObserver(() => draw());
  resized.observe(figure);
  const looked = new IntersectionObserver(([entry]) => (watched = entry.isIntersecting));
  looked.observe(figure);
  show();
  load();
  return () => {
    events.forEach((event) => model.off(event, show));
    model.off("change:model", load);
    resized.disconnect();
    looked.disconnect();
    measure.stop();
    draw.cancel();
  };
}

export default { render };
