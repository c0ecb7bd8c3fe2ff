// The page's own host for anywidget modules: it gives each widget what a live kernel's front end would give it.
//
// The build stores the state of every widget in the page as JSON, and a marker wherever a widget was displayed. This
// module makes one model for each state (views of the same widget share it), imports the widget's ES module and calls
// its initialize and render. There is no kernel: save_changes and send do nothing, and model.kernel === false says so.
// A stock ipywidget would look alive and be dead, so a note stands in its place.

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
const NOTE = "This control needs a running kernel: open the chapter in Colab or JupyterLab.";

const states = {};
for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);

function bytes(base64) {
  const binary = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new DataView(binary.buffer); // what a kernel's binary traits arrive as
}

function makeModel({ state, buffers = [] }) {
  for (const { path, data } of buffers) {
    const parent = path.slice(0, -1).reduce((value, key) => value[key], state);
    parent[path.at(-1)] = bytes(data);
  }
  const listeners = new Map(); // event name -> Set of callbacks
  const emit = (event, ...details) => [...(listeners.get(event) ?? [])].forEach((callback) => callback(...details));
  const model = {
    kernel: false,
    get: (name) => state[name],
    set(name, value) {
      if (Object.is(state[name], value)) return;
      state[name] = value;
      emit(`change:${name}`, model, value);
      emit("change", model);
    },
    on(events, callback) {
      for (const event of events.split(" ")) {
        if (!listeners.has(event)) listeners.set(event, new Set());
        listeners.get(event).add(callback);
      }
    },
    off(events, callback) {
      for (const event of events?.split(" ") ?? listeners.keys()) {
        callback ? listeners.get(event)?.delete(callback) : listeners.delete(event);
      }
    },
    save_changes() {},
    send() {}, // a widget that asks its kernel hears no msg:custom back
    widget_manager: { get_model: async (id) => modelOf(id) },
  };
  return model;
}

const models = new Map();
function modelOf(id) {
  if (!models.has(id)) models.set(id, makeModel(states[id]));
  return models.get(id);
}

const modules = new Map(); // source text -> promise of what the module exports: ten widgets of a kind are one import
function load(source) {
  if (!modules.has(source)) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const widget = import(url).then(({ default: made }) => (typeof made === "function" ? made() : made));
    modules.set(source, widget.finally(() => URL.revokeObjectURL(url)));
  }
  return modules.get(source);
}

const sheets = new Set();
function style(css) {
  if (!css || sheets.has(css)) return;
  sheets.add(css);
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
}

const experimental = { invoke: () => Promise.reject(new Error("no kernel answers in this page")) };

const initialized = new Map();
async function initialize(id, widget, model) {
  if (!initialized.has(id)) {
    const signal = new AbortController().signal; // never aborted: a model lives as long as its page
    initialized.set(id, widget.initialize?.({ model, signal, experimental }));
  }
  await initialized.get(id);
}

const mounted = new Map(); // element -> what to do when it has left the page
new MutationObserver(() => {
  for (const [el, leave] of mounted) {
    if (el.isConnected) continue;
    mounted.delete(el);
    leave();
  }
}).observe(document.body, { childList: true, subtree: true });

async function mount(el, id) {
  const model = modelOf(id);
  style(model.get("_css"));
  const widget = await load(model.get("_esm"));
  await initialize(id, widget, model);
  const controller = new AbortController();
  const cleanup = await widget.render?.({ model, el, signal: controller.signal, experimental });
  mounted.set(el, () => {
    controller.abort();
    cleanup?.();
  });
}

/** What a stock widget showed when the page was built (interact draws into an Output), with the note below it. */
function standIn(el, id) {
  const pictures = [];
  const visit = (ref) => {
    const { model_name, state } = states[ref.replace("IPY_MODEL_", "")] ?? { state: {} };
    if (model_name === "OutputModel") pictures.push(...(state.outputs ?? []).filter((o) => o.data?.["image/png"]));
    state.children?.forEach(visit);
  };
  visit(id);
  for (const { data } of pictures) {
    const alt = "What the control shows before it is moved";
    el.append(Object.assign(new Image(), { src: `data:image/png;base64,${data["image/png"]}`, alt }));
  }
  el.append(Object.assign(document.createElement("p"), { className: "needs-kernel", textContent: NOTE }));
}

for (const script of document.querySelectorAll(VIEW)) {
  const id = JSON.parse(script.textContent).model_id;
  const el = document.createElement("div");
  script.after(el);
  if (states[id]?.model_module !== "anywidget") {
    standIn(el, id);
    continue;
  }
  mount(el, id).catch((error) => {
    el.textContent = `This widget could not start: ${error.message}`;
    console.error(error);
  });
}
