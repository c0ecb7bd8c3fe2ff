"""The command line: train on a folder, go on where it stopped, sample, walk.

python -m dcgan_lib train faces --image-size 32 --steps 2000 --out runs/faces
python -m dcgan_lib train ~/photos --out runs/photos
python -m dcgan_lib sample runs/faces --n 64 --to samples.png
python -m dcgan_lib walk runs/faces --seeds 1 5 9 --to walk.gif
python -m dcgan_lib data list
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dcgan_lib.config import CHOICES, DCGANConfig, TrainConfig


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 stopped early and saved, 2 an error that was explained."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except _explained() as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


# --- train -------------------------------------------------------------------------------------------------------


def _train(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from dcgan_lib.training import Trainer, checkpoint, train

    model, cfg = _model_config(args), _from_flags(TrainConfig, args)
    _say(f"networks: {model.image_size}x{model.image_size}x{model.nc}, nz {model.nz}, ngf {model.ngf}, ndf {model.ndf}")
    images = _load(args, model.image_size, model.nc)
    _say(f"data: {len(images):,} images of {images.name}")
    trainer = Trainer(model, cfg, args.device)
    out = Path(args.out or f"runs/{images.name}-{model.image_size}")
    steps = train(
        trainer,
        images,
        out,
        log_every=args.log_every,
        save_every=args.save_every,
        sample_every=args.sample_every,
    )
    bar = None
    with _Stop() as stop:
        for stats in steps:
            if bar is None:  # made here, because a resumed run's first step is not 1
                bar = tqdm(total=cfg.steps, initial=stats.step - 1, unit="step", dynamic_ncols=True, mininterval=0.5)
            bar.update()
            if stats.step % args.log_every == 0:
                n = stats.numbers()
                losses, scores = (
                    f"D {n['loss_d']:.2f}  G {n['loss_g']:.2f}",
                    f"D(x) {n['d_real']:.2f}  D(G(z)) {n['d_fake']:.2f}",
                )
                bar.set_postfix_str(f"{losses}  {scores}")
            if stop.asked:
                break
    if bar is not None:
        bar.close()
    if trainer.steps_done < cfg.steps:
        saved = checkpoint.save(trainer, out / "checkpoints")
        _say(f"stopped after step {trainer.steps_done:,}; saved {saved}. The same command goes on from there")
        return 1
    folder = _export(trainer, images, out)
    _say(f"done: {trainer.steps_done:,} steps. Networks in {folder}, samples in {out / 'samples'}")
    _say(f"next: python -m dcgan_lib sample {out} --to samples.png")
    return 0


def _export(trainer, images, out: Path) -> Path:
    from dcgan_lib import pretrained
    from dcgan_lib.training import history, refresh_batch_norm

    refresh_batch_norm(trainer.best_G)
    record = history.header(trainer.model, trainer.cfg, images.name, len(images), trainer.device)
    record |= {
        "command": shlex.join(["python", "-m", "dcgan_lib", *sys.argv[1:]]),
        "steps_done": trainer.steps_done,
    }
    return pretrained.save(out / "networks", trainer.best_G, trainer.D, record)


class _Stop:
    """Ctrl-C or a polite kill: finish the step, then leave. A second one leaves at once."""

    def __enter__(self) -> _Stop:
        self.asked = False
        self.before = {s: signal.signal(s, self._ask) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(self, *problem: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)


# --- sample, walk, summary, data ---------------------------------------------------------------------------------


def _sample(args: argparse.Namespace) -> None:
    from dcgan_lib.latent import sample_z

    pair = _pair(args.networks)
    _save_sheet(pair.G, sample_z(args.n, pair.cfg, args.seed, args.truncation), args)


def _walk(args: argparse.Namespace) -> None:
    import torch

    from dcgan_lib.latent import sample_z, walk

    pair = _pair(args.networks)
    if len(args.seeds) < 2:
        raise ValueError(f"--seeds {args.seeds[0]}: a walk goes through at least two, such as --seeds 1 2")
    points = torch.cat([sample_z(1, pair.cfg, seed, args.truncation) for seed in args.seeds])
    moving = Path(args.to).suffix == ".gif"
    z = walk(points, args.frames, args.path, closed=moving)
    if not moving:
        return _save_sheet(pair.G, z, args)
    frames = [_pil(image, args.scale) for image in _images(pair.G, z)]
    frames[0].save(args.to, save_all=True, append_images=frames[1:], duration=1000 // args.fps, loop=0)
    _say(f"{args.to}: {len(frames)} frames")


def _summary(args: argparse.Namespace) -> None:
    from dcgan_lib.summary import summary

    cfg = _model_config(args)
    from dcgan_lib.models import Discriminator, Generator

    for network in (Generator(cfg), Discriminator(cfg)):
        print(summary(network), end="\n\n")


def _data(args: argparse.Namespace) -> None:
    if args.what == "list":
        from dcgan_lib.data import CATALOGUE

        for known in CATALOGUE.values():
            fetch = f"{known.download_mb:,} MB to fetch" if known.download_mb else "nothing to fetch"
            print(f"{known.key:14} {known.about}. {known.size} pixels, {known.licence}; {fetch}")
        print("or any folder of images, nested and mixed")
        return
    images = _load(args, args.image_size, args.nc)
    _say(f"{images.name}: {len(images):,} images of {images.image_size}x{images.image_size}x{images.nc}")
    if args.to:
        _save(images.batch(list(range(min(args.show, len(images))))), args)


# --- parts -------------------------------------------------------------------------------------------------------


def _load(args: argparse.Namespace, image_size: int, nc: int):
    from dcgan_lib.data import load

    return load(
        args.data, image_size=image_size, nc=nc, root=args.root, split=args.split, n=args.n_images,
        on_bad=args.on_bad, progress=True,
    )  # fmt: skip


def _pair(where: str):
    from dcgan_lib import pretrained

    inside = Path(where) / "networks"  # a run's folder
    return pretrained.load(inside if inside.is_dir() else where)


def _images(G, z):
    import torch

    with torch.no_grad():
        return torch.cat([G(part) for part in z.split(256)])


def _pil(image, scale: int):
    from PIL import Image

    from dcgan_lib.data.images import to_uint8

    pixels = to_uint8(image).permute(1, 2, 0).squeeze(-1).numpy()
    return Image.fromarray(pixels).resize([side * scale for side in pixels.shape[1::-1]], Image.Resampling.NEAREST)


def _save_sheet(G, z, args: argparse.Namespace) -> None:
    _save(_images(G, z), args)


def _save(images, args: argparse.Namespace) -> None:
    import torch

    from dcgan_lib.plotting import grid

    sheet = torch.from_numpy(grid(images, args.nrow)).permute(2, 0, 1) * 2 - 1
    _pil(sheet, args.scale).save(args.to)
    _say(f"{args.to}: {len(images)} images")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _explained() -> tuple[type[Exception], ...]:
    """The errors whose message says what to do; any other is a fault of ours and shows its trace."""
    from dcgan_lib.data.errors import DataError
    from dcgan_lib.pretrained import PretrainedError
    from dcgan_lib.training import NonFiniteLoss
    from dcgan_lib.training.checkpoint import CheckpointError

    return (ValueError, DataError, PretrainedError, NonFiniteLoss, CheckpointError)


# --- the flags: one for each field of the two configs, explained by the field's own comment -------------------------


def field_comments(cls: type) -> dict[str, str]:
    """The trailing comment of each field of a dataclass, so that `--help` and the code say the same."""
    found = re.findall(r"^    (\w+): [\w ]+ = [^#\n]+(?:# (.*))?$", inspect.getsource(cls), re.MULTILINE)
    return dict(found)


def _add_config_flags(parser: argparse.ArgumentParser, cls: type, title: str) -> None:
    group = parser.add_argument_group(title)
    comments = field_comments(cls)
    for field in dataclasses.fields(cls):
        flag, text = "--" + field.name.replace("_", "-"), comments.get(field.name, "").replace("%", "%%")
        text = f"{text} [{field.default}]".strip()
        if isinstance(field.default, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind = type(field.default)
            metavar = None if field.name in CHOICES else {int: "N", float: "X", str: "NAME"}[kind]
            group.add_argument(flag, type=kind, choices=CHOICES.get(field.name), metavar=metavar, help=text)


def _from_flags(cls: type, args: argparse.Namespace):
    return cls(**_given(cls, args))


def _given(cls: type, args: argparse.Namespace) -> dict:
    names = (f.name for f in dataclasses.fields(cls))
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _model_config(args: argparse.Namespace) -> DCGANConfig:
    given = _given(DCGANConfig, args)
    return DCGANConfig.paper(**given) if args.paper else DCGANConfig.torch(**given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dcgan_lib", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    train = commands.add_parser(
        "train", help="train a pair of networks; run it again to go on", description="Train a pair of networks. "
        "Ctrl-C saves and leaves; the same command goes on from the newest checkpoint.",
    )  # fmt: skip
    _add_data_flags(train)
    train.add_argument("--out", metavar="FOLDER", help="history, samples, checkpoints, networks [runs/<data>-<size>]")
    train.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1 [cuda where there is one]")
    train.add_argument("--log-every", type=int, default=10, metavar="N", help="steps between history lines [10]")
    train.add_argument("--save-every", type=int, default=500, metavar="N", help="steps between checkpoints [500]")
    train.add_argument("--sample-every", type=int, default=500, metavar="N", help="steps between sample sheets [500]")
    _add_model_flags(train)
    _add_config_flags(train, TrainConfig, "the run")
    train.set_defaults(run=_train)

    sample = commands.add_parser("sample", help="draw images from trained networks")
    _add_networks(sample)
    sample.add_argument("--n", type=int, default=64, metavar="N", help="how many [64]")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="of z [0]")
    sample.set_defaults(run=_sample)

    walk = commands.add_parser("walk", help="walk through z: a sheet, or a moving picture where --to ends in .gif")
    _add_networks(walk)
    walk.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N", help="the points to pass [1 2 3]")
    walk.add_argument("--frames", type=int, default=8, metavar="N", help="from each point to the next [8]")
    walk.add_argument("--path", choices=("slerp", "lerp"), default="slerp", help="arc or straight line [slerp]")
    walk.add_argument("--fps", type=int, default=12, metavar="N", help="frames a second of a .gif [12]")
    walk.set_defaults(run=_walk)

    layers = commands.add_parser("summary", help="print the tables of layers of a variant")
    _add_model_flags(layers)
    layers.set_defaults(run=_summary)

    data = commands.add_parser("data", help="list the known data sets, or look into one, or into a folder")
    what = data.add_subparsers(required=True, metavar="what", dest="what")
    what.add_parser("list", help="the data sets that have a name").set_defaults(run=_data)
    show = what.add_parser("show", help="load one, check every file, and make a sheet of its first images")
    _add_data_flags(show)
    show.add_argument("--image-size", type=int, default=64, metavar="N", help="side in pixels [64]")
    show.add_argument("--nc", type=int, default=3, metavar="N", help="channels [3]")
    show.add_argument("--show", type=int, default=64, metavar="N", help="images on the sheet [64]")
    _add_sheet_flags(show, required=False)
    show.set_defaults(run=_data)
    return parser


def _add_data_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a name (see: data list) or a folder of images")
    parser.add_argument("--root", metavar="FOLDER", help="where data sets lie [$DCGAN_DATA, else data/downloads]")
    parser.add_argument("--split", default="train", metavar="NAME", help="train or test [train]")
    parser.add_argument("--n-images", type=int, metavar="N", help="use so many [all]")
    parser.add_argument("--on-bad", choices=("refuse", "skip"), default="refuse",
                        help="unreadable files: stop and name them all, or leave them out, on record")  # fmt: skip


def _add_model_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--paper", action="store_true", help="start from the paper's networks, not the usual recipe's")
    _add_config_flags(parser, DCGANConfig, "the networks")


def _add_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("networks", metavar="NETWORKS", help="a run's folder, a folder of weights, or a shipped name")
    parser.add_argument("--truncation", type=float, metavar="X", help="keep each coordinate of z within X [off]")
    _add_sheet_flags(parser)


def _add_sheet_flags(parser: argparse.ArgumentParser, required: bool = True) -> None:
    parser.add_argument("--to", metavar="FILE", required=required, help="the picture to write (.png)")
    parser.add_argument("--nrow", type=int, default=8, metavar="N", help="images in a row [8]")
    parser.add_argument("--scale", type=int, default=2, metavar="N", help="screen pixels per image pixel [2]")
