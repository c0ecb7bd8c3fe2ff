"""TrainingScrubber: wind along recorded runs, several side by side, or guess what ails one."""

from __future__ import annotations

import functools
import io
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import traitlets
from PIL import Image

from dcgan_lib.training import history
from dcgan_lib.training.film import SHIPPED, Film
from dcgan_lib.widgets.bundle import bundle
from dcgan_lib.widgets.serving import Serves
from dcgan_lib.widgets.telltales import CASES

HERE = Path(__file__).parent
FOLDER = SHIPPED / "failures"
SHOWN = ("loss_d", "loss_g", "d_real", "d_fake")
CURVES = ("losses", "outputs", "variety")
POINTS = 100  # of each curve of a run that comes with the widget
OWN_QUALITY = 50  # of such a run's samples


def recorded() -> tuple[str, ...]:
    """Names of the runs that a page fetches."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/samples.webp")))


@functools.cache
def run_files(name: str) -> tuple[dict, bytes]:
    """What a page needs of a recorded run: the numbers, and the sheet of all samples as it was stored.

    Raises:
        FileNotFoundError: no such run.
    """
    if name not in recorded():
        raise FileNotFoundError(f"no recorded run {name!r}: there are {', '.join(recorded())}")
    return manifest_of(Film.load(FOLDER / name)), (FOLDER / name / "samples.webp").read_bytes()


def manifest_of(film: Film, every: int = 1) -> dict:
    """A film's numbers as columns: of each `every`-th step, and of those whose samples were kept (`frames`)."""
    numbers = history.columns(film.thinned(every))
    looks = [look for look in film.looks if look.variety is not None]
    return {
        "n": film.n,
        "size": next(iter(film.images.values())).shape[-1],
        "frames": film.steps,
        "numbers": {name: [_finite(value) for value in numbers[name]] for name in ("step", *SHOWN)},
        "looks": {"step": [look.step for look in looks], "variety": [round(look.variety, 3) for look in looks]},
    }


class TrainingScrubber(Serves):
    """Samples of the same latents at each kept step of a run, above its losses, D's outputs and the samples' variety.

        TrainingScrubber(["healthy", "collapse"], step=300)     # side by side
        TrainingScrubber(films={"mine": film})                  # a run of your own
        quiz = TrainingScrubber(["fast", "healthy"], hidden=True)
        quiz.guess, quiz.revealed                               # what the reader has said, and has been told

    Setting `step`, `runs`, `case`, `guess` or `revealed` moves the page, and the other way round. `recorded()` are
    the names of the runs that come with the library; a page fetches them when it needs them.

    Args:
        runs: what is shown, in this order; the films by default.
        films: runs of one's own, by name. Their samples and numbers go into the state.
        choices: recorded runs among which the reader may choose what stands side by side.
    """

    _esm = bundle(HERE / "scrubber.mjs")
    _css = (HERE / "widgets.css").read_text("utf-8") + (HERE / "scrubber.css").read_text("utf-8")
    serves: ClassVar = {"run": run_files}

    runs = traitlets.List(traitlets.Unicode(), help="names of the runs that are shown").tag(sync=True)
    step = traitlets.Int(1, help="a kept step, one of `steps`").tag(sync=True)
    curves = traitlets.Enum(CURVES, "outputs", help="which curves stand below runs side by side").tag(sync=True)
    hidden = traitlets.Bool(False, help="one run at a time, its name a question").tag(sync=True)
    case = traitlets.Int(0, help="with hidden names: the place of the shown run among `runs`").tag(sync=True)
    guess = traitlets.Dict(help='by number what the reader took a run for; "" asked').tag(sync=True)
    revealed = traitlets.List(traitlets.Unicode(), help="numbers of the runs whose names are out").tag(sync=True)
    followed = traitlets.Int(0, help="the number, from 1, of the sample shown at all kept steps; 0: none").tag(
        sync=True
    )
    samples = traitlets.Int(help="how many can be followed").tag(sync=True)
    steps = traitlets.List(traitlets.Int(), help="the kept steps").tag(sync=True)
    choices = traitlets.Dict(help="recorded runs to choose from, and what the page calls them").tag(sync=True)
    cases = traitlets.Dict(help="of each recorded run its label and what tells it").tag(sync=True)
    own = traitlets.Dict(help="numbers of the runs that came with the widget").tag(sync=True)
    sheets = traitlets.Dict(help="and their samples").tag(sync=True)
    mime = traitlets.Unicode("image/webp", help="of the sheets").tag(sync=True)
    caption = traitlets.Unicode(
        "Move the slider, or drag over the curves. Choose a sample: each place is the same z throughout."
    ).tag(sync=True)

    def __init__(
        self,
        runs: Sequence[str] | None = None,
        films: Mapping[str, Film] | None = None,
        choices: Sequence[str] = (),
        **traits: Any,
    ) -> None:
        films = films or {}
        own = {name: manifest_of(film, every=math.ceil(len(film.entries) / POINTS)) for name, film in films.items()}
        sheets = {name: film.sheet(OWN_QUALITY) for name, film in films.items()}
        runs = list(films or ("healthy",)) if runs is None else list(runs)
        known = {*recorded(), *own}
        for name in (*runs, *choices):
            if name not in known:
                raise traitlets.TraitError(f"no run {name!r}: there are {', '.join(sorted(known))}")
        manifests = [own[name] if name in own else run_files(name)[0] for name in dict.fromkeys([*runs, *choices])]
        steps = sorted(set().union(*(manifest["frames"] for manifest in manifests)))
        samples = min(manifest["n"] for manifest in manifests)
        labels = {name: CASES[name]["label"] if name in CASES else name for name in dict.fromkeys([*own, *choices])}
        offered = labels if choices else {}
        traits.setdefault("cases", {name: CASES[name] for name in CASES if name in recorded()})
        traits.setdefault("step", steps[-1] if traits.get("hidden") else steps[len(steps) // 2])
        super().__init__(
            own=own, sheets=sheets, steps=steps, samples=samples, choices=offered, **{"runs": runs} | traits
        )

    def __repr__(self) -> str:
        shown = f"{len(self.runs)} hidden runs" if self.hidden else ", ".join(self.runs)
        return f"TrainingScrubber({shown}; step {self.step:,})"

    @property
    def index(self) -> int:
        """The place of the step among the kept ones."""
        return self.steps.index(self.step)

    @index.setter
    def index(self, place: int) -> None:
        self.step = self.steps[place]

    @property
    def reading(self) -> dict[str, dict[str, float | None]]:
        """By run the numbers that belong to the samples of `step`, as they were recorded; None for what was not."""
        return {name: reading(self._manifest(name), self.step) for name in self.runs}

    @property
    def numbers(self) -> dict[str, str]:
        """With hidden names: which run each number stands for."""
        return {str(i): name for i, name in enumerate(self.runs, 1)}

    @property
    def found(self) -> int:
        """How many of the revealed runs were guessed."""
        return sum(self.guess.get(number) == self.numbers[number] for number in self.revealed)

    def verdict(self, number: str) -> str:
        """What the page answers to the guess."""
        truth, guess = self.numbers[number], self.guess.get(number, "")
        label = CASES[truth]["label"]
        if not guess:
            return f"This is: {label}."
        if guess == truth:
            return f"Right. This is: {label}."
        return f"Not this time. This is: {label}. You said: {CASES[guess]['label']}."

    @property
    def said(self) -> str:
        """The state in a sentence."""
        if self.hidden:
            return (
                f"{len(self.runs)} recorded runs without their names; samples of the first after {self.step:,} steps."
            )
        numbers = [
            f"{CASES[name]['label'] if name in CASES else name}: D(x) {now['d_real']:.3f}, D(G(z)) {now['d_fake']:.3f}"
            for name, now in self.reading.items()
        ]
        return f"Samples of the same latents after {self.step:,} steps. {'; '.join(numbers)}."

    def still(self) -> Image.Image:
        """The samples of the step, a row for each run that is shown."""
        shown = [self.runs[self.case]] if self.hidden else self.runs
        rows = [row_of(self._manifest(name), self._sheet(name), self.step) for name in shown]
        picture = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)))
        top = 0
        for row in rows:
            picture.paste(row, (0, top))
            top += row.height
        return picture

    def _manifest(self, name: str) -> dict:
        return self.own[name] if name in self.own else run_files(name)[0]

    def _sheet(self, name: str) -> bytes:
        return self.sheets[name] if name in self.own else run_files(name)[1]

    @traitlets.validate("runs")
    def _check_runs(self, proposal: dict) -> list[str]:
        runs, known = proposal["value"], {*recorded(), *self.own}
        if not runs or len(set(runs)) < len(runs) or not set(runs) <= known:
            raise traitlets.TraitError(f"runs={runs}: give different ones of {', '.join(sorted(known))}")
        return runs

    @traitlets.validate("step")
    def _check_step(self, proposal: dict) -> int:
        if proposal["value"] not in self.steps:
            raise traitlets.TraitError(f"step={proposal['value']}: samples were kept at {self.steps}")
        return proposal["value"]

    @traitlets.validate("followed")
    def _check_followed(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] <= self.samples:
            raise traitlets.TraitError(
                f"followed={proposal['value']}: there are samples 1 to {self.samples}; 0 is none"
            )
        return proposal["value"]

    @traitlets.validate("case")
    def _check_case(self, proposal: dict) -> int:
        if not 0 <= proposal["value"] < len(self.runs):
            raise traitlets.TraitError(f"case={proposal['value']}: there are {len(self.runs)} runs, from 0")
        return proposal["value"]

    @traitlets.validate("guess")
    def _check_guess(self, proposal: dict) -> dict:
        for number, name in proposal["value"].items():
            if number not in self.numbers or name not in {"", *self.cases}:
                raise traitlets.TraitError(
                    f"guess[{number!r}]={name!r}: there is {', '.join(self.numbers)}; answers {', '.join(self.cases)}"
                )
        return proposal["value"]

    @traitlets.validate("revealed")
    def _check_revealed(self, proposal: dict) -> list[str]:
        if not set(proposal["value"]) <= set(self.numbers):
            raise traitlets.TraitError(f"revealed={proposal['value']}: there is {', '.join(self.numbers)}")
        return proposal["value"]


def row_of(manifest: dict, sheet: bytes, step: int) -> Image.Image:
    """The samples of the last kept step that is not after `step`."""
    size, place = manifest["size"], place_of(manifest["frames"], step)
    with Image.open(io.BytesIO(sheet)) as pixels:
        return pixels.convert("RGB").crop((0, size * place, size * manifest["n"], size * (place + 1)))


def place_of(frames: Sequence[int], step: int) -> int:
    """Where the last of these ascending steps stands that is not after `step`; the first where all are."""
    return max(0, bisect_right(frames, step) - 1)


def reading(manifest: dict, step: int) -> dict[str, float | None]:
    """The numbers of the last kept step that is not after `step`."""
    frames, numbers, looks = (manifest[key] for key in ("frames", "numbers", "looks"))
    shown = frames[place_of(frames, step)]
    place = place_of(numbers["step"], shown)
    found = {"step": shown, **{name: numbers[name][place] for name in SHOWN}}
    return found | {"variety": dict(zip(looks["step"], looks["variety"])).get(shown)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
