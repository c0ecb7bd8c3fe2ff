"""Batch norm over the whole batch of a team, each process holding its share.

On GPUs this is torch's own `SyncBatchNorm`, which runs nowhere else. On the CPU `SharedBatchNorm` does the same.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dcgan_lib.training.team import Team


def synchronise(network: nn.Module, team: Team) -> None:
    """Put a synchronised batch norm in the place of each batch norm. Parameters, buffers and their names stay."""
    if team.device != "cpu":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(module, name, SharedBatchNorm(child, team))


class SharedBatchNorm(_BatchNorm):
    """Normalises by the mean and variance of the whole team's batch; the shares must be of one size.

    One message forward, `2 C` numbers from each process, and one back; in evaluation mode none.

    Args:
        norm: its parameters and buffers are taken over, not copied.
        team: the processes that share the batch.
    """

    def __init__(self, norm: _BatchNorm, team: Team) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters, self._buffers = norm._parameters, norm._buffers
        self.team = team

    def forward(self, x: Tensor) -> Tensor:
        """`x`: this process's share, `(n, C)` or `(n, C, h, w)`."""
        if not self.training:
            return super().forward(x)
        y, mean, var = _Normalise.apply(x, self.weight, self.bias, self.eps, self.team)
        self._follow(mean, var, self.team.size * x.numel() // self.num_features)
        return y

    @torch.no_grad()
    def _follow(self, mean: Tensor, var: Tensor, n: int) -> None:
        """Move the running statistics towards the batch's, with the variance unbiased, as torch does."""
        self.num_batches_tracked += 1
        momentum = self.momentum if self.momentum is not None else 1.0 / self.num_batches_tracked.item()
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(var * (n / max(n - 1, 1)), momentum)

    def _check_input_dim(self, x: Tensor) -> None:
        """Both shapes are welcome."""


class _Normalise(torch.autograd.Function):
    """y = weight (x - mean) / sqrt(var + eps) + bias, where mean and var depend on every process's x."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, eps: float, team: Team):
        wide = x.float() if x.dtype == torch.bfloat16 else x  # sums over a batch need more than 8 bits
        own = torch.var_mean(wide, [0, *range(2, x.ndim)], correction=0)
        var, mean = team.stack(torch.stack(own)).unbind(1)  # each (size, C)
        # the mean of the variances and the variance of the means: no small difference of large squares
        var, mean = var.mean(0) + mean.var(0, correction=0), mean.mean(0)
        ctx.save_for_backward(x, weight, mean, var)
        ctx.eps, ctx.team = eps, team
        ctx.mark_non_differentiable(mean, var)
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=eps), mean, var

    @staticmethod
    def backward(ctx, grad: Tensor, *_: Tensor):
        x, weight, mean, var = ctx.saved_tensors
        # sums over this process's share, by torch's own kernel: grad times normalised x, and grad
        _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, mean, var, None, None, False, ctx.eps, [False, True, True]
        )
        means = torch.stack([of_weight, of_bias])
        ctx.team.sum_(means)
        mean_grad_x, mean_grad = means * (x.shape[1] / (ctx.team.size * x.numel()))
        # gain (grad - mean_grad - normalised x * mean_grad_x): each x also feels the statistics that it is part of
        scale = (var + ctx.eps).rsqrt()
        gain = weight * scale
        slope = -gain * scale * mean_grad_x
        shift = -gain * mean_grad - slope * mean
        shape = (1, -1, *[1] * (x.ndim - 2))
        of_x = torch.addcmul(shift.view(shape), x.to(shift.dtype), slope.view(shape))
        of_x.addcmul_(grad.to(shift.dtype), gain.view(shape))
        return of_x.to(x.dtype), of_weight, of_bias, None, None
