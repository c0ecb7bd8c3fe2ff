// LatentExplorer: the view. A picture, a sheet of twenty-five to move about in, and controls. The numbers are
// explorer-math.mjs's; what draws is generator.mjs.

import { SIDE, LAST_BOUND, codeOf, cornersOf, inUnit, kept, linkOf, onSheet, placeOf, shareOf, shifted, stateFrom, step, zOf } from "./explorer-math.mjs";
import { bytesOf, inView } from "./files.mjs";
import { generatorOf } from "./models.mjs";
import { anySeed, button, choice, make, perFrame, picture, pixelsOf, range, seedField, stillPlease, written } from "./ui.mjs";

const PATH_TRAITS = ["model", "seed_a", "seed_b", "seed_c", "t", "down", "path", "truncation"];
const TRAITS = [...PATH_TRAITS, "shifts", "given"];
const SELDOM = 8; // where a frame has no room for the sheet, one in so many draws an image of it all the same
const BUDGET = 10; // milliseconds of a frame for the generator, so that what is dragged stays under the finger
const LEG = 4000; // milliseconds from A to B while it plays
const STILL_STEP = 0.1; // of t at a press, for who asked for less motion
const KEY_STEP = 0.05;
const MOST_STEPS = 4; // along a direction, either way

/** Twenty-five images and a mark that the reader moves. `move(t, down)` is called while it is moved. */
function makeSheet(move) {
  const canvas = make("canvas", "dcgan-pixelated", { width: 1, height: 1 });
  const mark = make("span", "explorer-mark");
  const corner = (name, where) => make("span", `explorer-corner explorer-${where}`, { textContent: name });
  const corners = [corner("A", "left"), corner("B", "right"), corner("C", "below")];
  const element = make("div", "explorer-sheet", { tabIndex: 0 }, canvas, ...corners, mark);
  const at = { t: 0, down: 0 };
  element.setAttribute("role", "slider");
  element.setAttribute("aria-label", "Place on the sheet; the arrow keys move it in two directions");
  element.setAttribute("aria-valuemin", 0);
  element.setAttribute("aria-valuemax", 1);

  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    move(placeOf((event.clientX - box.left) / box.width), placeOf((event.clientY - box.top) / box.height));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && follow(event));
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  element.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    move(inUnit(at.t + KEY_STEP * way[0]), inUnit(at.down + KEY_STEP * way[1]));
  });

  const showMark = (t, down) => {
    Object.assign(at, { t, down });
    mark.style.left = `${100 * shareOf(t)}%`;
    mark.style.top = `${100 * shareOf(down)}%`;
    element.setAttribute("aria-valuenow", t);
    element.setAttribute("aria-valuetext", `${written(t)} of the way to B, ${written(down)} of the way to C`);
  };

  let [drawnAs, cursor] = ["", 0];
  const states = Array(SIDE * SIDE).fill(""); // what each image was drawn for
  /** Say what the sheet is to show; `work` then draws it image by image. */
  const want = (key) => (drawnAs = key);
  const work = (G, zAt) => {
    for (let looked = 0; looked < states.length; looked++) {
      const i = (cursor + looked) % states.length;
      if (states[i] === drawnAs) continue;
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      if (canvas.width !== SIDE * G.size) canvas.width = canvas.height = SIDE * G.size;
      const image = G.forward(zAt(x / (SIDE - 1), y / (SIDE - 1)));
      canvas.getContext("2d").putImageData(pixelsOf(image, G.size, G.nc), x * G.size, y * G.size);
      states[i] = drawnAs;
      cursor = i + 1;
      return true;
    }
    return false;
  };
  const showImage = (image, size) => {
    canvas.width = canvas.height = SIDE * size;
    canvas.getContext("2d").drawImage(image, 0, 0);
  };
  return { element, showMark, showImage, want, work, stale: () => states.some((state) => state !== drawnAs) };
}

/** Sliders along the model's directions, in two groups; below them what the last one moved does. */
function directionSliders(directions, change) {
  const sliders = new Map();
  const said = make("p", "explorer-said", {
    textContent: "A step has length 1; the numbers in z have standard deviation 1. Move a slider to read what a step of it changes.",
  });
  const signed = (value, digits) => {
    const text = written(value, digits);
    return Number(text) > 0 ? `+${text}` : text === "\u22120" ? "0" : text;
  };
  const group = (kind, title) => {
    const members = directions.filter((direction) => direction.kind === kind);
    if (!members.length) return [];
    const box = make("fieldset", "explorer-group", {}, make("legend", "", { textContent: title }));
    for (const direction of members) {
      const { name, label, moves, share } = direction;
      const options = { label, min: -MOST_STEPS, max: MOST_STEPS, step: 0.1, text: (value) => signed(value, 1) };
      const slider = range(options, (value) => {
        change(name, kept(value));
        const effects = Object.entries(moves ?? {}).map(([what, by]) => `${what.replace("_", " ")} ${signed(by, 2)}`);
        said.textContent = effects.length
          ? `One step along ${kind === "principal" ? "principal direction " : ""}${label} changes, on average: ${effects.join(", ")}.`
          : `Principal direction ${label} holds ${written(100 * share, 1)} % of the variance of the first maps.`;
      });
      sliders.set(name, slider);
      box.append(slider.element);
    }
    return [box];
  };
  const groups = [...group("attribute", "Attributes"), ...group("principal", "Principal directions")];
  const show = (shifts) => sliders.forEach((slider, name) => slider.show(shifts[name] ?? 0));
  return { elements: [...groups, said], show, any: sliders.size > 0 };
}

/** Runs t to and fro. For who asked for less motion: one step a press. */
function playButton(getT, change) {
  let [asked, heading, last] = [0, 1, 0];
  const go = (amount) => {
    const [t, next] = step(getT(), heading, amount);
    heading = next;
    change(kept(t));
  };
  const stop = () => {
    cancelAnimationFrame(asked);
    asked = 0;
    element.textContent = stillPlease() ? "Next step" : "Play";
  };
  const frame = (now) => {
    const box = element.closest("figure")?.getBoundingClientRect();
    if (!box || box.bottom < 0 || box.top > innerHeight) return stop(); // nobody sees it any more
    go(Math.min(now - last, 100) / LEG);
    last = now;
    asked = requestAnimationFrame(frame);
  };
  const element = button("", () => {
    if (stillPlease()) return go(STILL_STEP);
    if (asked) return stop();
    last = performance.now();
    asked = requestAnimationFrame(frame);
    element.textContent = "Pause";
  });
  stop();
  return { element, stop };
}

/** Puts text on the clipboard; where that is forbidden, shows it selected, to be copied by hand. */
async function copy(text, what, said, byHand) {
  byHand.hidden = true;
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = `${what} copied.`;
  } catch {
    byHand.value = text;
    byHand.rows = Math.min(12, text.split("\n").length);
    byHand.hidden = false;
    byHand.select();
    said.textContent = `${what}, selected: copy it with your keyboard.`;
  }
}

function render({ model, el }) {
  const compact = model.get("compact");
  const inPage = model.kernel === false;
  const key = model.get("key");
  const names = { ...model.get("models") };
  names[model.get("model")] ??= model.get("model").split(/[\\/]/).at(-1);
  const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  let G = null; // the generator of the model `loaded`
  let loaded = "";

  /** The reader has changed something. z goes with it, so that a kernel never hears of one without the other. */
  function change(values) {
    if (PATH_TRAITS.some((name) => name in values) && model.get("given").length) values.given = [];
    if ("model" in values) values.shifts ??= {};
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    if (G && loaded === model.get("model")) model.set("z", Array.from(zOf(G.manifest, state())));
    model.save_changes();
  }

  // --- what is drawn

  const main = picture({ width: 256, alt: "What the generator draws from z" });
  const sheet = makeSheet((t, down) => {
    player.stop();
    change({ t: kept(t), down: kept(down) });
  });
  const note = make("p", "explorer-note", { textContent: "The generator is on its way …" });
  note.setAttribute("role", "status");
  let [mainStale, slow, cost] = [true, 0, 0];

  const draw = perFrame(() => {
    if (!G || loaded !== model.get("model")) return;
    const begun = performance.now();
    const now = state();
    const corners = cornersOf(G.manifest, now);
    const zAt = (x, y) => shifted(onSheet(corners, x, y, now.path), G.manifest.directions, now.shifts);
    const moved = mainStale;
    if (moved) {
      main.show(G.forward(zOf(G.manifest, now)), G.size, G.nc);
      mainStale = false;
    }
    const spare = () => performance.now() - begun + cost < BUDGET; // room for one more image
    for (let more = !moved || spare() || ++slow % SELDOM === 0; more; more = spare()) {
      const started = performance.now();
      if (!sheet.work(G, zAt)) break;
      cost = performance.now() - started;
    }
    if (sheet.stale()) draw();
  });

  // --- controls

  const models = choice({ label: "Model", options: names }, (value) => change({ model: value }));
  const paths = choice({ label: "Path", options: { slerp: "arc", lerp: "line" } }, (path) => change({ path }));
  const along = range({ label: "A to B", min: 0, max: 1, step: 0.01 }, (t) => {
    player.stop();
    change({ t });
  });
  const down = range({ label: "to C", min: 0, max: 1, step: 0.01 }, (value) => change({ down: value }));
  const bound = range(
    { label: "Truncation", min: 0.1, max: LAST_BOUND, step: 0.1, text: (v) => (v >= LAST_BOUND ? "none" : written(v, 1)) },
    (value) => change({ truncation: value >= LAST_BOUND ? null : kept(value) }),
  );
  const seeds = ["a", "b", "c"].map((letter) => seedField(letter.toUpperCase(), (seed) => change({ [`seed_${letter}`]: seed })));
  const swap = button("Swap A and B", () => {
    change({ seed_a: model.get("seed_b"), seed_b: model.get("seed_a"), t: kept(1 - model.get("t")) });
  });
  const player = playButton(
    () => model.get("t"),
    (t) => change({ t }),
  );
  const said = make("span", "explorer-copied");
  said.setAttribute("role", "status");
  const byHand = make("textarea", "explorer-by-hand", { readOnly: true, hidden: true });
  byHand.setAttribute("aria-label", "Text to copy");
  const copyLink = button("Copy link", () => {
    copy(new URL(linkOf(state(), key), location.href).href, "Link", said, byHand);
  });
  const copyCode = button("Copy code", () => G && copy(codeOf(state(), G.manifest), "Python code", said, byHand));

  let directions = { show() {} };
  const box = make("details", "explorer-directions", { open: true });
  const level = button("Directions to 0", () => change({ shifts: {} }));
  function showDirections() {
    directions = directionSliders(G.manifest.directions ?? [], (name, steps) => {
      const shifts = { ...model.get("shifts"), [name]: steps };
      if (!steps) delete shifts[name];
      change({ shifts });
    });
    box.replaceChildren(make("summary", "", { textContent: "Walk along a direction" }), ...directions.elements);
    level.hidden = box.hidden = !directions.any;
  }

  function show() {
    const now = state();
    models.show(now.model);
    paths.show(now.path);
    along.show(now.t);
    down.show(now.down);
    bound.show(now.truncation ?? LAST_BOUND);
    bound.element.hidden = Boolean(G) && G.latent !== "gaussian";
    ["a", "b", "c"].forEach((letter, i) => seeds[i].show(now[`seed_${letter}`]));
    directions.show(now.shifts);
    sheet.showMark(now.t, now.down);
    sheet.element.classList.toggle("explorer-off", now.given.length > 0); // the mark says nothing about a given z
    const { seed_a, seed_b, seed_c, path, truncation, shifts } = now;
    sheet.want(JSON.stringify([now.model, seed_a, seed_b, seed_c, path, truncation, shifts]));
    mainStale = true;
    draw();
  }

  // --- the weights, and what stands there until they come

  async function showPoster() {
    const bytes = await bytesOf(model.get("poster"));
    if (!bytes?.byteLength) return;
    const drawn = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
    if (G) return;
    const size = drawn.width / (SIDE + 1); // the sheet, and right of it the picture
    sheet.showImage(drawn, size);
    main.element.width = main.element.height = size;
    main.element.getContext("2d").drawImage(drawn, -SIDE * size, 0);
  }

  async function load() {
    const name = model.get("model");
    await inView(figure);
    note.hidden = false;
    try {
      const made = await generatorOf(model, name);
      if (name !== model.get("model")) return;
      [G, loaded] = [made, name];
      if (inPage) model.set("z", Array.from(zOf(G.manifest, state())));
      note.hidden = true;
      if (!compact) showDirections();
      show();
    } catch (error) {
      note.textContent = `The generator did not come: ${error.message}`;
    }
  }

  // --- the figure

  const row = (className, ...children) => make("div", className, {}, ...children);
  const figure = make("figure", `dcgan-widget dcgan-explorer${compact ? " explorer-compact" : ""}`);
  figure.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab would take the arrow keys
  figure.append(row("explorer-images", sheet.element, row("explorer-main", main.element)), note);
  if (compact) {
    const another = button("New seeds", () => {
      change({ seed_a: anySeed(), seed_b: anySeed(), seed_c: anySeed() });
    });
    figure.append(row("dcgan-controls", along.element, player.element, another));
  } else {
    figure.append(
      row("dcgan-controls", models.element, paths.element, player.element, swap),
      row("dcgan-controls", along.element, down.element, bound.element),
      row("dcgan-controls explorer-seeds", make("span", "dcgan-name", { textContent: "Seeds" }), ...seeds.map((seed) => seed.element)),
      box,
      row("dcgan-controls", level, copyCode, ...(inPage ? [copyLink] : []), said),
      byHand,
    );
  }
  if (model.get("caption")) figure.append(make("figcaption", "", { textContent: model.get("caption") }));
  el.append(figure);
  level.hidden = box.hidden = true;

  function followLink() {
    const asked = stateFrom(location.hash, key, Object.keys(names));
    if (!asked) return;
    change(asked);
    figure.scrollIntoView({ block: "start" });
  }
  if (inPage) {
    followLink();
    addEventListener("hashchange", followLink);
  }

  const events = TRAITS.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, show));
  model.on("change:model", load);
  show();
  showPoster();
  load();
  return () => {
    events.forEach((event) => model.off(event, show));
    model.off("change:model", load);
    removeEventListener("hashchange", followLink);
    player.stop();
    draw.cancel();
  };
}

export default { render };
