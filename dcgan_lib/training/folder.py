"""One run's folder: what it is called where, and how it begins."""

from __future__ import annotations

from pathlib import Path

import torch

from dcgan_lib.data.images import Images
from dcgan_lib.training import checkpoint, history
from dcgan_lib.training.step import StepStats, Trainer


class RunFolder:
    """`history.jsonl`, `samples/` and `checkpoints/` of one run; a context that opens and closes it.

    Args:
        out: the folder; made where it is missing.
        tensorboard: also write scalars and sample sheets for TensorBoard.
    """

    def __init__(self, out: Path, trainer: Trainer, images: Images, *, tensorboard: bool = False) -> None:
        self.trainer, self.images = trainer, images
        self.history = out / "history.jsonl"
        self.samples, self.checkpoints = out / "samples", out / "checkpoints"

    def __enter__(self) -> RunFolder:
        self.open()
        return self

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: object) -> None:
        self.close(problem)

    def open(self) -> None:
        """Load the newest checkpoint, if any, and write the header of the history."""
        self.samples.mkdir(parents=True, exist_ok=True)
        saved = sorted(self.checkpoints.glob("step-*.ckpt"))
        if saved and saved[-1] > checkpoint.path_of(self.trainer, self.checkpoints):
            checkpoint.resume(self.trainer, self.checkpoints)
        if self.history.exists():
            history.mend(self.history)
        else:
            trainer = self.trainer
            head = history.header(trainer.model, trainer.cfg, self.images.name, len(self.images), trainer.device)
            history.append(self.history, head)

    def close(self, problem: BaseException | None = None) -> None:
        """The end of this session. `problem`: what ended it, where it did not end by itself."""

    def log(self, numbers: dict[str, float]) -> None:
        """One line of the history."""
        history.append(self.history, numbers)

    @torch.no_grad()
    def sample(self, stats: StepStats) -> None:
        """The same 64 latents, drawn with the weights of this moment, after the step that saw `stats`."""
        from torchvision.utils import save_image

        G = self.trainer.best_G
        was_training = G.training
        sheet = G.eval()(self.trainer.fixed_z).float()
        G.train(was_training)
        path = self.samples / f"step-{self.trainer.steps_done:08d}.png"
        save_image(sheet, path, nrow=8, padding=1, normalize=True, value_range=(-1, 1))
