"""Training: the step, the loop around it, what is written down, what is saved."""

from dcgan_lib.training.loop import NonFiniteLoss, train
from dcgan_lib.training.step import StepStats, Trainer, refresh_batch_norm

__all__ = ["NonFiniteLoss", "StepStats", "Trainer", "refresh_batch_norm", "train"]
