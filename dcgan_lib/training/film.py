"""What a run looked like: every step's numbers, and the same latents drawn at chosen steps."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dcgan_lib.data.images import to_uint8, to_unit
from dcgan_lib.training import history
from dcgan_lib.training.step import StepStats, Trainer
from dcgan_lib.training.watch import Look, Watch

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "runs"


class Film:
    """A run as it went.

        film = Film(trainer, at=[1, 100, 1000])
        for stats in train(trainer, images):
            film.look(stats)

    `entries` are the numbers of every step, `images` the samples `(n, nc, s, s)` in [-1, 1] by step, in
    evaluation mode and from the averaged generator where the run keeps one. `looks` say how different they were,
    where a watch saw them.

    Args:
        trainer: whose run it is.
        at: steps at which samples are kept.
        n: how many, at most 64: the first of the trainer's fixed latents.
        watch: looks at the 64 samples of those steps, so that the film knows how different they were.
    """

    def __init__(self, trainer: Trainer, at: Iterable[int], n: int = 32, watch: Watch | None = None) -> None:
        self.trainer, self.at, self.n, self.watch = trainer, frozenset(at), n, watch
        self.entries: list[dict] = []
        self.images: dict[int, Tensor] = {}
        self.looks: list[Look] = []
        self.header: dict = {}

    def look(self, stats: StepStats) -> bool:
        """Keep this step. True when its samples were drawn."""
        self.entries.append(stats.numbers())
        if stats.step in self.at:
            images = sample(self.trainer.best_G, self.trainer.fixed_z)
            self.images[stats.step] = images[: self.n].clone()
            if self.watch is not None:
                last = self.entries[-1]
                self.looks.append(self.watch.look(stats.step, images, last["d_real"], last["d_fake"]))
        return stats.step in self.at

    @property
    def steps(self) -> list[int]:
        """The steps whose samples were kept."""
        return list(self.images)

    @property
    def columns(self) -> dict[str, list]:
        """The numbers as columns, ready to plot."""
        return history.columns(self.entries)

    def save(self, folder: str | Path, header: dict, every: int = 10) -> Path:
        """Write `history.jsonl`, with the numbers of `thinned(every)`, and `samples.webp`, which is `sheet()`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [header | {"samples": {"steps": self.steps, "n": self.n}}]
        lines += self.thinned(every) + [look.record() for look in self.looks]
        (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        (folder / "samples.webp").write_bytes(self.sheet())
        return folder

    def thinned(self, every: int) -> list[dict]:
        """The numbers, rounded, of each `every`-th step, the first, the last, and those whose samples were kept."""
        kept = {1, self.entries[-1]["step"], *self.images}
        return [_short(entry) for entry in self.entries if entry["step"] % every == 0 or entry["step"] in kept]

    def sheet(self, quality: int = 65) -> bytes:
        """All samples as one WebP: a row for each kept step, `n` samples in it."""
        rows = [torch.cat(list(to_uint8(images)), dim=2) for images in self.images.values()]  # (nc, s, n s) each
        pixels = torch.cat(rows, dim=1).expand(3, -1, -1).permute(1, 2, 0)
        file = io.BytesIO()
        Image.fromarray(pixels.numpy()).save(file, "webp", quality=quality, method=6)
        return file.getvalue()

    @classmethod
    def load(cls, name: str | Path) -> Film:
        """A recorded film by its folder, or by its name among the shipped ones, such as "failures/healthy".

        Raises:
            FileNotFoundError: no such film.
        """
        folder = Path(name) if Path(name).is_dir() else SHIPPED / str(name)
        if not (folder / "history.jsonl").is_file():
            known = sorted(str(p.parent.relative_to(SHIPPED)) for p in SHIPPED.glob("**/samples.webp"))
            raise FileNotFoundError(f"no recorded run {str(name)!r}: give a folder, or one of {known}")
        film = cls.__new__(cls)
        film.trainer, film.at, film.watch = None, frozenset(), None
        film.header, film.entries = history.read(folder / "history.jsonl")
        looks = history.looks(folder / "history.jsonl")
        film.looks = [Look(**look | {"begun": tuple(look["begun"])}) for look in looks]
        film.n, size = film.header["samples"]["n"], film.header["model"]["image_size"]
        with Image.open(folder / "samples.webp") as sheet:
            pixels = torch.from_numpy(np.array(sheet.convert("RGB"))).permute(2, 0, 1)  # (3, rows s, n s)
        rows = [to_unit(torch.stack(row.split(size, dim=2))) for row in pixels.split(size, dim=1)]
        film.images = dict(zip(film.header["samples"]["steps"], rows, strict=True))
        return film


@torch.no_grad()
def sample(G: torch.nn.Module, z: Tensor) -> Tensor:
    """G's images of `z` in evaluation mode, on the CPU; G is left in the mode it was in."""
    was_training = G.training
    try:
        return G.eval()(z).float().cpu()
    finally:
        G.train(was_training)


def _short(entry: dict) -> dict:
    return {key: value if key == "step" else round(value, 3) for key, value in entry.items()}
