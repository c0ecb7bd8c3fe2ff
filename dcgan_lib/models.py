"""The generator and the discriminator of a DCGAN (Radford, Metz and Chintala, arXiv:1511.06434v2, section 3).

Both are a chain of blocks; between 4x4 and the image each block doubles (G) or halves (D) the side.
`DCGANConfig` says which variant; the defaults are the usual PyTorch recipe.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from dcgan_lib.config import DCGANConfig

START = 4  # side of the smallest maps: G's first and D's last


class Generator(nn.Module):
    """Turns z into an image: project to 4x4, then double the side until it is `image_size`.

    Args:
        cfg: the variant; its `image_size` decides the depth.
    """

    def __init__(self, cfg: DCGANConfig) -> None:
        super().__init__()
        self.cfg = cfg
        widths = (*cfg.g_widths, cfg.nc)
        norm, everywhere = cfg.batch_norm != "none", cfg.batch_norm == "everywhere"
        blocks = [_stem(cfg, widths[0], norm)]
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            last = i == cfg.depth - 1
            has_norm = everywhere if last else norm
            blocks.append(
                nn.Sequential(
                    *_up(cfg, n_in, n_out, bias=not norm),
                    *([nn.BatchNorm2d(n_out)] if has_norm else []),
                    nn.Tanh() if last else _activation(cfg.activation_g, cfg.leak),
                )
            )
        self.blocks = nn.ModuleList(blocks)
        self.apply(init_weights)

    def forward(self, z: Tensor) -> Tensor:
        """`z`: `(n, nz)`, or `(n, nz, 1, 1)` as some code has it. Returns images `(n, nc, s, s)` in [-1, 1]."""
        x = z.flatten(1)
        if x.shape[1] != self.cfg.nz:
            raise ValueError(f"z has shape {tuple(z.shape)}: this generator wants (n, {self.cfg.nz})")
        for block in self.blocks:
            x = block(x)
        return x

    def features(self, z: Tensor) -> list[Tensor]:
        """The output of every block, from `(n, ngf * 2**(depth-1), 4, 4)` to the images."""
        maps = [z]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[1:]

    @torch.no_grad()
    def sample(self, n: int = 1, seed: int = 0) -> Tensor:
        """`n` images `(n, nc, s, s)` in [-1, 1], in evaluation mode: no image depends on the others drawn with it."""
        z = draw_z(n, self.cfg, torch.Generator().manual_seed(seed)).to(next(self.parameters()).device)
        was_training = self.training
        try:
            return self.eval()(z)
        finally:
            self.train(was_training)


class Discriminator(nn.Module):
    """Scores images: halve the side down to 4x4, then one number each.

    Args:
        cfg: the variant; its `image_size` decides the depth.
    """

    def __init__(self, cfg: DCGANConfig) -> None:
        super().__init__()
        self.cfg = cfg
        widths = (cfg.nc, *cfg.d_widths)
        norm, everywhere = cfg.batch_norm != "none", cfg.batch_norm == "everywhere"
        blocks = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            has_norm = everywhere if i == 0 else norm
            blocks.append(
                nn.Sequential(
                    *_down(cfg, n_in, n_out, bias=not norm),
                    *([nn.BatchNorm2d(n_out)] if has_norm else []),
                    _activation(cfg.activation_d, cfg.leak),
                )
            )
        blocks.append(_head(cfg, widths[-1]))
        self.blocks = nn.ModuleList(blocks)
        self.apply(init_weights)

    def forward(self, x: Tensor) -> Tensor:
        """`x`: `(n, nc, s, s)` in [-1, 1]. Returns logits `(n,)`; their sigmoid is D(x)."""
        return self.features(x)[-1].flatten()

    def features(self, x: Tensor) -> list[Tensor]:
        """The output of every block, from `(n, ndf, s/2, s/2)` to the logits `(n, 1)` or `(n, 1, 1, 1)`."""
        cfg = self.cfg
        if tuple(x.shape[1:]) != (cfg.nc, cfg.image_size, cfg.image_size):
            want = f"(n, {cfg.nc}, {cfg.image_size}, {cfg.image_size})"
            raise ValueError(f"images have shape {tuple(x.shape)}: this discriminator wants {want}")
        maps = [x]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[1:]


def init_weights(module: nn.Module) -> None:
    """Weights N(0, 0.02) (paper, section 4); batch-norm gains N(1, 0.02), biases 0 (released code)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if getattr(module, "bias", None) is not None:
        nn.init.zeros_(module.bias)


def draw_z(n: int, cfg: DCGANConfig, rng: torch.Generator | None = None) -> Tensor:
    """`(n, nz)` latents on `rng`'s device: N(0, 1), or uniform in [-1, 1] as in the paper."""
    device = rng.device if rng is not None else "cpu"
    if cfg.latent == "uniform":
        return torch.rand(n, cfg.nz, generator=rng, device=device) * 2 - 1
    return torch.randn(n, cfg.nz, generator=rng, device=device)


# --- the parts -------------------------------------------------------------------------------------------------


def _stem(cfg: DCGANConfig, width: int, norm: bool) -> nn.Sequential:
    """z `(n, nz)` to `(n, width, 4, 4)`. The two forms are the same linear map, stored differently."""
    n_in, hidden = cfg.nz, []
    if cfg.hidden_units:
        hidden = _hidden(cfg.nz, cfg.hidden_units, norm, _activation(cfg.activation_g, cfg.leak))
        n_in = cfg.hidden_units
    if cfg.stem == "project":
        first = [nn.Linear(n_in, width * START**2, bias=not norm), nn.Unflatten(1, (width, START, START))]
    else:
        first = [nn.Unflatten(1, (n_in, 1, 1)), nn.ConvTranspose2d(n_in, width, START, 1, 0, bias=not norm)]
    last = [nn.BatchNorm2d(width)] if norm else []
    return nn.Sequential(*hidden, *first, *last, _activation(cfg.activation_g, cfg.leak))


def _head(cfg: DCGANConfig, width: int) -> nn.Sequential:
    """`(n, width, 4, 4)` to logits. The two forms are the same linear map, stored differently."""
    if cfg.hidden_units:
        act = _activation(cfg.activation_d, cfg.leak)
        hidden = _hidden(width * START**2, cfg.hidden_units, cfg.batch_norm != "none", act)
        return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(cfg.hidden_units, 1, bias=False))
    if cfg.head == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(width * START**2, 1, bias=False))
    return nn.Sequential(nn.Conv2d(width, 1, START, 1, 0, bias=False))


def _hidden(n_in: int, n_out: int, norm: bool, act: nn.Module) -> list[nn.Module]:
    return [nn.Linear(n_in, n_out, bias=not norm), *([nn.BatchNorm1d(n_out)] if norm else []), act]


def _up(cfg: DCGANConfig, n_in: int, n_out: int, bias: bool) -> list[nn.Module]:
    if cfg.upsample == "nearest":
        return [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(n_in, n_out, 3, 1, 1, bias=bias)]
    # k=5: 2(s-1) - 2*2 + 5 + 1 = 2s;  k=4: 2(s-1) - 2*1 + 4 = 2s
    pad, extra = (2, 1) if cfg.kernel == 5 else (1, 0)
    return [nn.ConvTranspose2d(n_in, n_out, cfg.kernel, 2, pad, extra, bias=bias)]


def _down(cfg: DCGANConfig, n_in: int, n_out: int, bias: bool) -> list[nn.Module]:
    if cfg.downsample == "max_pool":
        return [nn.Conv2d(n_in, n_out, 5 if cfg.kernel == 5 else 3, 1, "same", bias=bias), nn.MaxPool2d(2)]
    return [nn.Conv2d(n_in, n_out, cfg.kernel, 2, 2 if cfg.kernel == 5 else 1, bias=bias)]


def _activation(name: str, leak: float) -> nn.Module:
    # in place: the input is a batch norm's or convolution's output, which nothing else reads
    if name == "leaky_relu":
        return nn.LeakyReLU(leak, inplace=True)
    return nn.ReLU(inplace=True) if name == "relu" else nn.Tanh()
