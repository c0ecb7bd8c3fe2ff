"""Is what runs on the GPU right? Captured steps against plain ones, a GPU's steps and faces against the processor's."""

from __future__ import annotations

import torch
from torch import Tensor

from dcgan_lib.config import DCGANConfig, TrainConfig
from dcgan_lib.data.faces import attributes, draw
from dcgan_lib.fold import fold
from dcgan_lib.latent import sample_z
from dcgan_lib.training import Trainer, engine

STEPS = 8  # the first three run as usual, the others from the graph
ALLOWED = {"fp32": 2e-2, "bf16": 2e-1, "cpu": 5e-2, "faces": 2, "share": 1e-3, "fold": 1e-2}


def run(device: torch.device, quick: bool) -> dict:
    """All checks: what was found, what is allowed, and whether it holds. Deterministic kernels, for this part alone."""
    width = 4 if quick else 64
    model = DCGANConfig(image_size=16 if quick else 64, ngf=width, ndf=width)
    kept = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.deterministic = True
    found = {}
    try:
        for precision in ("fp32", "bf16"):
            found[f"captured step, {precision}"] = captured(model, precision, device)
        torch.backends.cudnn.allow_tf32 = False
        found["first step as on the processor, fp32"] = as_on_the_processor(model, device)
    finally:
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = kept
    found["faces as on the processor"] = same_faces(device, 8 if quick else 512)
    found["folded generator"] = folded(model, device)
    return found


def wrong(checks: dict | None) -> list[str]:
    """The names of the checks that do not hold."""
    return [name for name, entry in (checks or {}).items() if isinstance(entry, dict) and entry.get("holds") is False]


def captured(model: DCGANConfig, precision: str, device: torch.device) -> dict:
    """The same steps plain and in the engine's way: weights, statistics, moments, average and random state."""
    cfg = TrainConfig(batch_size=16, precision=precision, ema=0.99, flip=True)
    plain, fast = Trainer(model, cfg, device), Trainer(model, cfg, device)
    start, advance = [t.clone() for t in tensors(plain)], engine.prepare(fast)
    torch.backends.cudnn.benchmark = False  # set by `prepare`; it may choose another kernel the second time
    losses = []
    for step in range(STEPS):
        pixels = batch(model, cfg.batch_size, step, device)
        losses.append((float(plain.advance(pixels).loss_d), float(advance(pixels).loss_d)))
    off = moved_otherwise(tensors(fast), tensors(plain), start)
    same = all(torch.equal(a, b) for a, b in zip(tensors(fast), tensors(plain)))
    return verdict(off, ALLOWED[precision]) | {
        "bit_for_bit": same,
        "same_random_state": bool(torch.equal(fast.rng.get_state(), plain.rng.get_state())),
        "loss_d_plain_and_fast": losses[-1],
    }


def as_on_the_processor(model: DCGANConfig, device: torch.device) -> dict:
    """The gradients of D's first loss, which both compute from the same weights, images and z."""
    cfg, found = TrainConfig(batch_size=16), []
    z = sample_z(cfg.batch_size, model, seed=1)
    for where in (torch.device("cpu"), device):
        trainer = Trainer(model, cfg, where)
        real = batch(model, cfg.batch_size, 0, where).float() / 127.5 - 1
        loss = trainer.D(real).sigmoid().log().mean() + trainer.D(trainer.G(z.to(where))).sigmoid().mean()
        params = [*trainer.D.parameters(), *trainer.G.parameters()]
        found.append([g.double().cpu() for g in torch.autograd.grad(loss, params)])
    off = max(float((a - b).norm() / b.norm()) for a, b in zip(found[1], found[0]) if b.norm() > 0)
    return verdict(off, ALLOWED["cpu"])


def same_faces(device: torch.device, n: int) -> dict:
    """Faces drawn on the device: the largest difference of a pixel in levels, and how many pixels differ at all."""
    ours, theirs = (draw(attributes(0, range(n), device=where)).cpu().int() for where in (device, "cpu"))
    apart = (ours - theirs).abs()
    share = float((apart > 0).float().mean())
    found = verdict(int(apart.max()), ALLOWED["faces"]) | {"share_of_pixels": share, "n": n}
    return found | {"holds": found["holds"] or float((apart > ALLOWED["faces"]).float().mean()) < ALLOWED["share"]}


@torch.no_grad()
def folded(model: DCGANConfig, device: torch.device) -> dict:
    """A generator of a few steps, folded, against itself in evaluation mode."""
    trainer = Trainer(model, TrainConfig(batch_size=16), device)
    with torch.enable_grad():
        for step in range(3):
            trainer.advance(batch(model, 16, step, device))
    z = sample_z(16, model, seed=2).to(device)
    return verdict(float((fold(trainer.G)(z) - trainer.G.eval()(z)).abs().max()), ALLOWED["fold"])


def batch(model: DCGANConfig, n: int, seed: int, device: torch.device) -> Tensor:
    shape = (n, model.nc, model.image_size, model.image_size)
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed)).byte().to(device)


def tensors(trainer: Trainer) -> list[Tensor]:
    """Everything that the next step depends on, in one order."""
    states = [m.state_dict() for m in (trainer.G, trainer.D, trainer.average) if m is not None]
    moments = [m for opt in (trainer.opt_g, trainer.opt_d) for m in opt.state.values()]
    return [t.detach() for state in states + moments for t in state.values() if isinstance(t, Tensor)]


def moved_otherwise(ours: list[Tensor], theirs: list[Tensor], start: list[Tensor]) -> float:
    """The largest difference of a tensor relative to how far it moved; moments, which start at 0, to their size."""
    found = []
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        moved = (b.double() - start[i].double()).norm() if i < len(start) else b.double().norm()
        found.append(float((a.double() - b.double()).norm() / moved.clamp(min=1e-12)))
    return max(found)


def verdict(found: float, allowed: float) -> dict:
    return {"found": found, "allowed": allowed, "holds": found <= allowed}
