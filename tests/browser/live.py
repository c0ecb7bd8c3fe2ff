"""A widget as the front end of a kernel has it: `sent` keeps what it tells Python, `live.set(...)` is Python moving it.

with live(browser, LatentExplorer()) as page: page.evaluate("sent.at(-1)")
"""

import base64
import contextlib
from collections.abc import Iterator

import anywidget
from playwright.sync_api import Browser, Page

LIVE = """async ({ code, css, state, files }) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const hears = {};
  const emit = (event, ...details) => (hears[event] ?? []).forEach(hear => hear(...details));
  const revived = value =>
    value?.base64 !== undefined ? new DataView(Uint8Array.from(atob(value.base64), c => c.charCodeAt(0)).buffer)
    : value?.constructor === Object ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, revived(v)]))
    : value;
  state = revived(state);
  window.sent = [];
  window.live = {
    get: name => state[name],
    set(name, value) { state[name] = value; emit(`change:${name}`); },
    on: (event, hear) => (hears[event] ??= []).push(hear),
    off: (event, hear) => (hears[event] = (hears[event] ?? []).filter(h => h !== hear)),
    save_changes: () => window.sent.push(structuredClone(state)),
    send({ type, name }) {
      const [manifest, bytes] = files[name];
      setTimeout(() => emit("msg:custom", { type, name, manifest }, [revived(bytes)]));
    },
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const el = document.body.appendChild(document.createElement("div"));
  window.leave = widget.render({ model: window.live, el });
}"""
NOT_THE_WIDGETS = {"layout", "tabbable", "tooltip", "comm"}


def packed(value: object) -> object:
    """A trait's value for the way into the page: bytes become text, and in the page what a front end is handed."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return {name: packed(inner) for name, inner in value.items()} if isinstance(value, dict) else value


@contextlib.contextmanager
def live(browser: Browser, widget: anywidget.AnyWidget, names: tuple[str, ...] = ("faces64",)) -> Iterator[Page]:
    """A page in which the widget runs; a kernel would answer with the files of `names`."""
    serves = getattr(widget, "serves", {})
    files = {name: [packed(part) for part in give(name)] for give in serves.values() for name in names}
    traits = [name for name in widget.traits(sync=True) if not name.startswith("_") and name not in NOT_THE_WIDGETS]
    state = {name: packed(getattr(widget, name)) for name in traits}
    page = browser.new_page()
    try:
        page.set_content("<!doctype html><title>live</title><body>")
        page.evaluate(LIVE, {"code": widget._esm, "css": widget._css, "state": state, "files": files})
        yield page
    finally:
        page.close()
