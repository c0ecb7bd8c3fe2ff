"""A widget as the front end of a kernel has it: `sent` keeps what it tells Python, `live.set(...)` is Python moving it.

with live(browser, LatentExplorer()) as page: page.evaluate("sent.at(-1)")
"""

import base64
import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from dcgan_lib.widgets.serving import ServesModels, model_files

LIVE = """async ({ code, css, state, models }) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const hears = {};
  const emit = (event, ...details) => (hears[event] ?? []).forEach(hear => hear(...details));
  window.sent = [];
  window.live = {
    get: name => state[name],
    set(name, value) { state[name] = value; emit(`change:${name}`); },
    on: (event, hear) => (hears[event] ??= []).push(hear),
    off: (event, hear) => (hears[event] = (hears[event] ?? []).filter(h => h !== hear)),
    save_changes: () => window.sent.push(structuredClone(state)),
    send({ type, name }) {
      const [manifest, weights] = models[name];
      const bytes = Uint8Array.from(atob(weights), c => c.charCodeAt(0));
      setTimeout(() => emit("msg:custom", { type, name, manifest }, [new DataView(bytes.buffer)]));
    },
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const el = document.body.appendChild(document.createElement("div"));
  window.leave = widget.render({ model: window.live, el });
}"""
NOT_THE_WIDGETS = {"layout", "tabbable", "tooltip", "comm"}


@contextlib.contextmanager
def live(browser: Browser, widget: ServesModels, models: tuple[str, ...] = ("faces64",)) -> Iterator[Page]:
    """A page in which the widget runs; a kernel would answer with the weights of `models`."""
    served = {}
    for name in models:
        manifest, weights = model_files(name)
        served[name] = [manifest, base64.b64encode(weights).decode()]
    names = [name for name in widget.traits(sync=True) if not name.startswith("_") and name not in NOT_THE_WIDGETS]
    state = {name: value for name in names if not isinstance(value := getattr(widget, name), bytes)}
    page = browser.new_page()
    try:
        page.set_content("<!doctype html><title>live</title><body>")
        page.evaluate(LIVE, {"code": widget._esm, "css": widget._css, "state": state, "models": served})
        yield page
    finally:
        page.close()
