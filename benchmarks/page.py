"""How fast is the page? In headless Chromium, as it is and slowed down four times, as a phone is.

python benchmarks/page.py                            # some four minutes; fetches onnxruntime-web the first time
python benchmarks/page.py --without onnxruntime      # with nothing to fetch
python benchmarks/page.py --only drag                # one part; the others stay as they were recorded

- `image`: milliseconds an image of the shipped generators, by four engines in turn: the page's own with WebAssembly
  and without, JavaScript as one writes it first, and onnxruntime-web. How far each is from torch.
- `begin`: from a fresh page to an engine's first image, and how many bytes that took.
- `view`: the latent explorer far down a page; from scrolling it into view to its first computed image.
- `drag`: a slider of it moved in every frame: how many frames, and pictures, a second; and the processor time that
  the page's main thread takes for a frame, of which there are 16.7 ms.
- `plane`: steps a second of the GAN that is trained in the page.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import measure
import torch
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the browser tests' helpers

import rival  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402

from dcgan_lib import pretrained  # noqa: E402
from dcgan_lib.fold import folded_blocks  # noqa: E402
from dcgan_lib.latent import sample_z  # noqa: E402
from dcgan_lib.widgets import LatentExplorer  # noqa: E402
from dcgan_lib.widgets.serving import model_files  # noqa: E402
from tests.browser.harness import launched  # noqa: E402
from tests.browser.modules import Modules, modules  # noqa: E402
from tests.browser.shown import shown  # noqa: E402
from tools import house  # noqa: E402

MODELS = ("faces64", "fashion32")
ENGINES = {
    "assembly": "ours, WebAssembly with SIMD",
    "script": "ours, JavaScript alone",
    "usual": "JavaScript as one writes it first",
    "onnxruntime": f"onnxruntime-web {rival.WEB.split('@')[1]}",
}
RATES = {"as it is": 1, "slowed": 4}
BATCH_MS = 40  # of one timing: the browser's clock has steps of 0.1 ms
DRAGS = {"t": "A to B", "smile": "smile", "truncation": "Truncation"}  # what the results call each slider
FRAME = 1000 / 60

PARTS: dict[str, Callable] = {}


def part(work: Callable) -> Callable:
    """One question; its answer stands in the results under its name."""
    return PARTS.setdefault(work.__name__, work)


@contextmanager
def throttled(page: Page, rate: int) -> Iterator[None]:
    """The page's main thread gets one part in `rate` of the time."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    try:
        yield
    finally:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        session.detach()


def summary(found: Sequence[float], best: Callable = min) -> dict[str, float]:
    """`best`: where other work on the machine matters least."""
    return {"median": measure.rounded(statistics.median(found)), "best": measure.rounded(best(found)), "n": len(found)}


# --- one image


@functools.cache
def served_files(engines: tuple[str, ...]) -> dict[str, bytes]:
    """Everything that an engine may fetch, by name."""
    files = {name: (HERE / name).read_bytes() for name in ("engines.mjs", "usual.mjs")}
    if "onnxruntime" in engines:
        files |= rival.web_files()
    for name in MODELS:
        manifest, weights = model_files(name)
        manifest = {key: value for key, value in manifest.items() if key != "directions"}
        files |= {f"{name}.json": json.dumps(manifest).encode(), f"{name}.bin": weights}
        net = nn.Sequential(*folded_blocks(pretrained.load(name).G)).eval()
        layers, values = usual_layers(net)
        files |= {f"{name}.usual.json": json.dumps(layers).encode(), f"{name}.usual.bin": values}
        if "onnxruntime" in engines:
            with tempfile.TemporaryDirectory() as folder:
                files[f"{name}.onnx"] = rival.exported(net, torch.randn(2, manifest["nz"]), Path(folder) / "net.onnx")
    return files


def usual_layers(net: nn.Sequential) -> tuple[list[dict], bytes]:
    """The transposed convolutions as usual.mjs reads them: their shapes, and weights and biases as single floats."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.ConvTranspose2d)]
    shapes = [
        {"n_in": n.in_channels, "n_out": n.out_channels, "stride": n.stride[0], "padding": n.padding[0]} for n in layers
    ]
    values = []
    for layer in layers:
        bias = layer.bias if layer.bias is not None else torch.zeros(layer.out_channels)
        values += [layer.weight.detach().flatten(), bias.detach()]
    return shapes, torch.cat(values).numpy().tobytes()


@part
def image(browser: Browser, args: argparse.Namespace) -> dict:
    """Rounds in which every engine, at every rate, draws in turn."""
    report = {}
    with modules(browser, served_files(args.engines)) as here:
        for name in MODELS:
            pair = pretrained.load(name)
            z = sample_z(8, pair.cfg, seed=11)
            times = {(engine, rate): [] for engine in args.engines for rate in RATES}
            off = {engine: difference(here, engine, name, z, pair) for engine in args.engines}
            calls = {engine: calls_of(here, engine, name, z) for engine in args.engines}
            for _ in range(args.rounds):
                for rate, slowing in RATES.items():
                    with throttled(here.page, slowing):
                        for engine in args.engines:
                            least = max(1, calls[engine] // slowing)
                            times[engine, rate].append(
                                here.call("engines.mjs", "time", engine, name, z.tolist(), least)
                            )
            report[name] = [
                {
                    "engine": ENGINES[engine],
                    **{f"ms, {rate}": summary(times[engine, rate]) for rate in RATES},
                    "off_torch": measure.rounded(off[engine]),
                }
                for engine in args.engines
            ]
    return report


def calls_of(here: Modules, engine: str, name: str, z: torch.Tensor) -> int:
    """How many calls one timing takes; and they warm the engine up."""
    here.call("engines.mjs", "time", engine, name, z.tolist(), 20)
    return max(1, round(BATCH_MS / here.call("engines.mjs", "time", engine, name, z.tolist(), 5)))


def difference(here: Modules, engine: str, name: str, z: torch.Tensor, pair: pretrained.Pretrained) -> float:
    """The largest between the engine's images and torch's, which lie in [-1, 1]."""
    size, nc = pair.cfg.image_size, pair.cfg.nc
    drawn = torch.tensor(here.call("engines.mjs", "draw", engine, name, z.tolist()))
    with torch.no_grad():
        return (drawn.view(-1, size, size, nc).permute(0, 3, 1, 2) - pair.G(z)).abs().max().item()


# --- beginnings


@part
def begin(browser: Browser, args: argparse.Namespace) -> list[dict]:
    """From a page that has fetched nothing to the first image."""
    files, name, rows = served_files(args.engines), "faces64", []
    z = sample_z(1, pretrained.load(name).cfg, seed=11)[0].tolist()
    with modules(browser, files) as here:
        for engine in args.engines:
            times = {rate: [] for rate in RATES}
            for _ in range(args.beginnings):
                for rate, slowing in RATES.items():
                    ms, fetched = fresh(browser, here, slowing, engine, name, z)
                    times[rate].append(ms)
            code = {path: body for path, body in fetched.items() if not path.startswith(name)}
            rows.append(
                {
                    "engine": ENGINES[engine],
                    **{f"ms, {rate}": summary(times[rate]) for rate in RATES},
                    "code_bytes": sum(map(len, code.values())),
                    "code_bytes_gzip": sum(len(gzip.compress(body)) for body in code.values()),
                    "weights_bytes": sum(len(body) for path, body in fetched.items() if path.startswith(name)),
                }
            )
    return rows


def fresh(
    browser: Browser, here: Modules, slowing: int, engine: str, name: str, z: list[float]
) -> tuple[float, dict[str, bytes]]:
    """Milliseconds, and what was fetched meanwhile, by a browser with an empty cache."""
    context, fetched = browser.new_context(), {}
    page = context.new_page()
    try:
        page.goto(here.page.url)
        other = Modules(page, here.address)
        page.evaluate("window.plain = value => value")
        page.evaluate("import('/engines.mjs')")
        page.on("requestfinished", lambda request: fetched.setdefault(urlsplit(request.url).path[1:], request))
        with throttled(page, slowing):
            ms = other.call("engines.mjs", "first", engine, name, z)
        return ms, {path: request.response().body() for path, request in fetched.items()}
    finally:
        context.close()


# --- the explorer

WATCHED = """
window.drawn = []; // of every computed image: when, and whether it is the big one
const put = CanvasRenderingContext2D.prototype.putImageData;
CanvasRenderingContext2D.prototype.putImageData = function (...given) {
  drawn.push([performance.now(), Boolean(this.canvas.closest(".explorer-main"))]);
  put.apply(this, given);
};
"""
FAR_DOWN = """
new MutationObserver(() => document.body && (document.body.style.paddingTop = "4000px"))
  .observe(document, { childList: true, subtree: true });
"""
SCROLL = """async () => {
  const begun = performance.now();
  document.querySelector(".dcgan-explorer").scrollIntoView();
  while (!drawn.length) await new Promise(requestAnimationFrame);
  return drawn[0][0] - begun;
}"""
WARM = 60  # frames before those that are counted
DRAG = """async ([input, seconds, warm]) => {
  const frame = () => new Promise(requestAnimationFrame);
  const [low, high] = [Number(input.min), Number(input.max)];
  const move = (share) => {
    input.value = low + share * (high - low);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  for (let i = 0; i < warm; i++) { move(i / warm); await frame(); }
  drawn.length = 0;
  const intervals = [];
  const begun = await frame();
  for (let now = begun; intervals.length < 10 || now - begun < 1000 * seconds; ) {
    const phase = ((now - begun) / 1500) % 2; // to and fro, each way in a second and a half
    move(phase < 1 ? phase : 2 - phase);
    const next = await frame();
    intervals.push(next - now);
    now = next;
  }
  return { intervals, pictures: drawn.filter(([, big]) => big).length, sheet: drawn.filter(([, big]) => !big).length };
}"""


@part
def view(browser: Browser, args: argparse.Namespace) -> dict:
    """A new visitor each time; the server is on this machine."""
    house.copy_models()
    explorer, times = LatentExplorer(), {rate: [] for rate in RATES}
    for _ in range(args.beginnings):
        for rate, slowing in RATES.items():
            with shown(browser, explorer, init=WATCHED + FAR_DOWN) as (page, _), throttled(page, slowing):
                assert page.evaluate("drawn.length") == 0, "the explorer has not waited to be seen"
                times[rate].append(page.evaluate(SCROLL))
    return {f"ms, {rate}": summary(found) for rate, found in times.items()}


@part
def drag(browser: Browser, args: argparse.Namespace) -> list[dict]:
    """Frames while a slider moves in every one of them."""
    house.copy_models()
    rows = []
    with shown(browser, LatentExplorer(), init=WATCHED) as (page, _):
        page.wait_for_function("drawn.length > 25")
        for name, label in DRAGS.items():
            control = page.locator(f".dcgan-range:has(.dcgan-name:text-is('{label}')) input").element_handle()
            for rate, slowing in RATES.items():
                with throttled(page, slowing), worked(page) as ms:
                    found = page.evaluate(DRAG, [control, args.seconds, WARM])
                work = measure.rounded(sum(ms) / (len(found["intervals"]) + WARM))
                rows.append({"slider": name, "rate": rate} | frames(**found) | {"work_ms": work})
    return rows


@contextmanager
def worked(page: Page) -> Iterator[list[float]]:
    """Milliseconds of processor time that the page's main thread takes meanwhile, appended at the end.

    What else the machine does is not in them; slowed down, the slowing is.
    """

    def ticks() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    session, ms = page.context.new_cdp_session(page), []
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    begun = ticks()
    yield ms
    ms.append(1000 * (ticks() - begun))
    session.detach()


def frames(intervals: list[float], pictures: int, sheet: int) -> dict:
    """What a drag's frames were like."""
    seconds = sum(intervals) / 1000
    return {
        "frames_a_second": measure.rounded(len(intervals) / seconds),
        "pictures_a_second": measure.rounded(pictures / seconds),
        "sheet_images_a_second": measure.rounded(sheet / seconds),
        "median_ms": measure.rounded(statistics.median(intervals)),
        "ms_of_95_in_100": measure.rounded(statistics.quantiles(intervals, n=20)[-1]),
        "late": measure.rounded(sum(ms > 1.5 * FRAME for ms in intervals) / len(intervals)),
    }


# --- the GAN that is trained in the page


@part
def plane(browser: Browser, args: argparse.Namespace) -> list[dict]:
    """Training steps of the GAN on the plane, as it opens: both players' updates, nothing drawn."""
    rates = {rate: [] for rate in RATES}
    with modules(browser) as here:
        here.call("plane-game.mjs", "stepsPerSecond", 0.3)  # warm
        for _ in range(args.beginnings):
            for rate, slowing in RATES.items():
                with throttled(here.page, slowing):
                    rates[rate].append(here.call("plane-game.mjs", "stepsPerSecond", args.seconds / 4))
    return [{"rate": rate, "steps_a_second": summary(found, best=max)} for rate, found in rates.items()]


# --- all of it


def face(found: dict, rate: str) -> float:
    return found["faces64"][0][f"ms, {rate}"]["median"]


def in_view(found: dict, rate: str) -> float:
    return found[f"ms, {rate}"]["median"]


def slowest_drag(found: list[dict], rate: str) -> float:
    return min(row["frames_a_second"] for row in found if row["rate"] == rate)


def steps(found: list[dict], rate: str) -> float:
    return next(row["steps_a_second"]["median"] for row in found if row["rate"] == rate)


GOALS = (  # part, what, at which rate, the bound, and what reads it from the part's answer
    ("image", "one face of 64x64, ms", "as it is", "<=", 4, face),
    ("image", "one face of 64x64, ms", "slowed", "<=", 20, face),
    ("view", "in view to the first image, ms", "as it is", "<=", 1000, in_view),
    ("drag", "frames a second, slowest drag", "as it is", ">=", 59, slowest_drag),  # a screen's 60, counted
    ("drag", "frames a second, slowest drag", "slowed", ">=", 30, slowest_drag),
    ("plane", "steps a second", "as it is", ">=", 200, steps),
)


def goals(report: dict) -> list[dict]:
    """What the page is to reach, beside what it has reached; parts that were never measured are left out."""
    rows = []
    for name, what, rate, sign, limit, read in GOALS:
        if name in report:
            found = read(report[name], rate)
            reached = found <= limit if sign == "<=" else found >= limit
            rows.append({"goal": what, "rate": rate, "limit": f"{sign} {limit}", "found": found, "reached": reached})
    return rows


def main(given: Sequence[str] | None = None) -> dict:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--without", nargs="+", choices=list(ENGINES), default=[])
    parser.add_argument("--quick", action="store_true", help="a few rounds: does it run?")
    parser.add_argument("--out", type=Path, default=measure.RESULTS)
    args = parser.parse_args(given)
    args.engines = tuple(engine for engine in ENGINES if engine not in args.without)
    args.rounds, args.beginnings, args.seconds = (2, 1, 0.5) if args.quick else (15, 5, 4.0)
    path = args.out / "page.json"
    report = json.loads(path.read_text()) if path.exists() else {}
    with launched() as browser:
        report |= {"question": "how fast is the page?", "machine": measure.machine() | {"browser": browser.version}}
        for name in args.only:
            print(f"== {name}", flush=True)
            report[name] = PARTS[name](browser, args)
            print(show(report[name]), flush=True)
            report["goals"] = goals(report)
            measure.write("page", report, args.out)
    print("== goals", measure.table(report["goals"]), sep="\n")
    return report


def show(found: dict | list) -> str:
    """An answer as a table; of times the medians."""
    if isinstance(found, dict) and all(isinstance(rows, list) for rows in found.values()):
        return "\n\n".join(f"{name}\n{show(rows)}" for name, rows in found.items())
    rows = found if isinstance(found, list) else [found]
    return measure.table([{name: v["median"] if isinstance(v, dict) else v for name, v in row.items()} for row in rows])


if __name__ == "__main__":
    main()
