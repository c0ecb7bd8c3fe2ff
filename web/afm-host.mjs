// The page's own host for anywidget modules: it gives each widget what a live kernel's front end would give it.
//
// The build stores the state of every widget in the page as JSON, and a marker wherever a widget was displayed. What is
// large in a state (modules, style sheets, pictures) lies in files beside the page, and the state gets their addresses:
// a trait that is bytes with a kernel is an address here. This module makes one model for each state (views of the same
// widget share it), imports the widget's ES module and calls its initialize and render. There is no kernel:
// save_changes and send do nothing, and model.kernel === false says so.
// A stock ipywidget would look alive and be dead, so a note stands in its place.

const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
const NOTE = "This control needs a running kernel: open the chapter in Colab or JupyterLab.";

const FILES = new URL("_widgets/", new URL(document.documentElement.dataset.content_root ?? "./", document.baseURI));

const states = {};
for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
for (const { state, files = [] } of Object.values(states)) {
  for (const { path, name } of files) {
    const parent = path.slice(0, -1).reduce((value, key) => value[key], state);
    parent[path.at(-1)] = new URL(name, FILES).href;
  }
}

function makeModel({ state }) {
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

const modules = new Map(); // address -> promise of what the module exports: ten widgets of a kind are one import
function load(address) {
  if (!modules.has(address)) {
    modules.set(address, import(address).then(({ default: made }) => (typeof made === "function" ? made() : made)));
  }
  return modules.get(address);
}

const sheets = new Map(); // address -> promise that it applies: a widget is not shown before its style
function style(address) {
  if (!address) return null;
  if (!sheets.has(address)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
    sheets.set(address, new Promise((done) => (link.onload = link.onerror = done)));
    document.head.append(link);
  }
  return sheets.get(address);
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
  const [widget] = await Promise.all([load(model.get("_esm")), style(model.get("_css"))]);
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
    el.append(Object.assign(new Image(), { src: data["image/png"], alt, loading: "lazy" }));
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
