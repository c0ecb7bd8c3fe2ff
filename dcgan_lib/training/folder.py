"""One run's folder. It says by itself what the run is, how it was made and how far it came:

    history.jsonl     first line: networks, settings, data, hardware, versions; then numbers and looks at the samples
    sessions.jsonl    for each start: when, command, machine, versions; how fast; how it ended
    samples/          step-00000500.png: the same 64 latents, drawn with the weights of that step
    checkpoints/      step-00000500.ckpt: everything that the next step depends on; best.ckpt: the best state so far
    networks/         the finished pair as safetensors, with a config; by the command line
    best/             the same of the best state; by the command line
    tensorboard/      event files, where asked for

`history` and `sessions` are JSON lines: `runs.Run` reads both, and so does any other program.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from dcgan_lib.data.images import Images, to_uint8
from dcgan_lib.training import checkpoint, history, progress
from dcgan_lib.training.film import sample
from dcgan_lib.training.sessions import Session
from dcgan_lib.training.step import StepStats, Trainer
from dcgan_lib.training.tensorboard import Board
from dcgan_lib.training.watch import CollapseWarning, Look, Watch, evenly


class RunFolder:
    """Writes one run's folder; a context that opens and closes it.

    Args:
        out: the folder; made where it is missing.
        images: the real ones: what they are is written down, and samples are compared with them.
        tensorboard: also write scalars and sample sheets for TensorBoard.
        settings: how often what is written, for the record.

    Raises:
        TensorBoardMissing: `tensorboard` without the package of that name.
    """

    def __init__(
        self, out: Path, trainer: Trainer, images: Images, *, tensorboard: bool = False, settings: dict | None = None
    ) -> None:
        self.out, self.trainer, self.images, self.settings = out, trainer, images, settings or {}
        self.history = out / "history.jsonl"
        self.samples, self.checkpoints = out / "samples", out / "checkpoints"
        self.board = Board(out / "tensorboard") if tensorboard else None

    def __enter__(self) -> RunFolder:
        self.open()
        return self

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: object) -> None:
        self.close(problem)

    def open(self) -> None:
        """Load the newest checkpoint, if any; begin the history, or go on where the checkpoint was."""
        self.samples.mkdir(parents=True, exist_ok=True)
        # a new trainer takes over even a checkpoint of step 0, for its plan
        resumed = checkpoint.resume(self.trainer, self.checkpoints, beyond=self.trainer.steps_done or -1)
        self.watch = Watch(self.images)
        if self.history.exists():
            history.mend(self.history)
        if self.history.exists() and history.length(self.history):  # a run killed at its very start has no header
            self._go_on(resumed.history if resumed else None)
        else:
            history.append(self.history, self._header())
        self.session = Session(self.out / "sessions.jsonl", self.trainer, self.settings)
        if self.board:
            self.board.open(self.trainer.steps_done)

    def close(self, problem: BaseException | None = None) -> None:
        """The end of this session. `problem`: what ended it, where it did not end by itself."""
        if self.board:
            self.board.close()
        try:
            self.session.end(problem)
        except history.WriteError as error:
            if problem is None:
                raise
            problem.add_note(str(error))  # the first trouble is the one to be told

    def log(self, numbers: dict[str, float]) -> None:
        """One line of the history."""
        history.append(self.history, numbers)
        self.session.beat()
        if self.board:
            self.board.scalars(numbers)

    def sample(self, stats: StepStats) -> None:
        """Draw the fixed latents after the step that saw `stats`, keep the sheet, and look whether they are alike."""
        trainer, step = self.trainer, stats.step
        images = sample(trainer.best_G, trainer.fixed_z)
        pixels = sheet(images)
        write_picture(pixels, self.samples / f"step-{step:08d}.png")
        if self.board:
            self.board.picture("samples", pixels, step)
        # an average of weights lags behind, so it is G itself that is judged
        fakes = images if trainer.average is None else sample(trainer.G, trainer.fixed_z)
        self._look(stats, fakes)

    def _look(self, stats: StepStats, fakes: Tensor) -> None:
        look = self.watch.look(stats.step, fakes, *_probabilities(self.trainer, stats))
        history.append(self.history, look.record())
        if self.board and look.variety is not None:
            self.board.scalars({"step": look.step, "variety": look.variety})
        for message in look.warnings:
            warnings.warn(message, CollapseWarning, stacklevel=2)

    def _go_on(self, lines: int | None) -> None:
        # of a step whose writing failed, everything is written again
        history.cut(self.history, self.trainer.steps_done - progress.of(self.trainer).unwritten, lines)
        then, now = history.read(self.history)[0]["data"], self._header()["data"]
        if then.get("fingerprint", now["fingerprint"]) != now["fingerprint"] or then["images"] != now["images"]:
            warnings.warn(
                f"{self.out}: these are not the images that the run began with ({then['images']:,} of {then['name']!r} "
                f"then, {now['images']:,} of {now['name']!r} now); it goes on with them",
                stacklevel=2,
            )
        self.watch.recall(Look(**look) for look in history.looks(self.history))

    def _header(self) -> dict:
        trainer, images = self.trainer, self.images
        head = history.header(trainer.model, trainer.cfg, images.name, len(images), trainer.device)
        head["data"]["fingerprint"] = fingerprint(images)
        return head


def fingerprint(images: Images, n: int = 64) -> str:
    """Whether two sets are the same, at a glance: a hash of the shape and of `n` images spread evenly over the set."""
    some = to_uint8(images.batch(evenly(len(images), min(n, len(images))))).cpu().numpy().tobytes()
    shape = (len(images), images.nc, images.image_size, images.image_size)
    return hashlib.sha256(repr(shape).encode() + some).hexdigest()[:16]


def sheet(images: Tensor, nrow: int = 8) -> Tensor:
    """Images `(n, nc, s, s)` in [-1, 1] side by side with a black pixel around each: `(3, height, width)` uint8."""
    tiles = F.pad(to_uint8(images).expand(-1, 3, -1, -1), (1, 1, 1, 1))
    missing = -len(tiles) % nrow
    tiles = torch.cat([tiles, tiles.new_zeros((missing, *tiles.shape[1:]))])
    return torch.cat([torch.cat(list(row), dim=2) for row in tiles.split(nrow)], dim=1)


def write_picture(pixels: Tensor, path: Path) -> None:
    """Write `(3, height, width)` uint8 as a PNG file; WriteError where that cannot be."""
    try:
        Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(path)
    except OSError as error:
        raise history.WriteError(
            f"{path}: could not be written ({error.strerror}); make room or mend the folder"
        ) from error


def _probabilities(trainer: Trainer, stats: StepStats) -> tuple[float, float] | tuple[None, None]:
    """D(x) and D(G(z)) of a step, for the losses in which D's score is the logit of a probability."""
    if trainer.cfg.loss not in ("non_saturating", "saturating"):
        return None, None
    return float(stats.d_real), float(stats.d_fake)
