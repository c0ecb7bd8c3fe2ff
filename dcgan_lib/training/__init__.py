"""Training: the step, the loop around it, what is written down, what is saved."""

from dcgan_lib.training.loop import train
from dcgan_lib.training.record import NonFiniteLoss
from dcgan_lib.training.step import StepStats, Trainer, refresh_batch_norm

__all__ = ["NonFiniteLoss", "StepStats", "Trainer", "refresh_batch_norm", "train"]
