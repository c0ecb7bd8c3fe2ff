"""`sample`, `walk`, `summary` and `data`: look at networks, at tables of layers, at images."""

from __future__ import annotations

import argparse
from pathlib import Path

from dcgan_lib.cli import flags
from dcgan_lib.cli.common import images_of, load, pil, save, save_sheet, say, trained
from dcgan_lib.cli.parser import count


def add(commands) -> None:
    """The parsers of the four."""
    sample = commands.add_parser("sample", help="draw images from trained networks")
    flags.add_networks(sample)
    sample.add_argument("--n", type=count, default=64, metavar="N", help="how many [64]")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="of z [0]")
    sample.set_defaults(run=_sample)

    walk = commands.add_parser("walk", help="walk through z: a sheet, or a moving picture where --to ends in .gif")
    flags.add_networks(walk)
    walk.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="N", help="the points to pass [1 2 3]")
    walk.add_argument("--frames", type=count, default=8, metavar="N", help="from each point to the next [8]")
    walk.add_argument("--path", choices=("slerp", "lerp"), default="slerp", help="arc or straight line [slerp]")
    walk.add_argument("--fps", type=count, default=12, metavar="N", help="frames a second of a .gif [12]")
    walk.set_defaults(run=_walk)

    layers = commands.add_parser("summary", help="print the tables of layers of a variant")
    flags.add_model_flags(layers)
    layers.set_defaults(run=_summary)

    data = commands.add_parser("data", help="list the known data sets, or look into one, or into a folder")
    what = data.add_subparsers(required=True, metavar="what", dest="what")
    what.add_parser("list", help="the data sets that have a name").set_defaults(run=_data)
    show = what.add_parser("show", help="load one, check every file, and make a sheet of its first images")
    flags.add_data_flags(show)
    show.add_argument("--image-size", type=count, default=64, metavar="N", help="side in pixels [64]")
    show.add_argument("--nc", type=count, default=3, metavar="N", help="channels [3]")
    show.add_argument("--show", type=count, default=64, metavar="N", help="images on the sheet [64]")
    flags.add_sheet_flags(show, required=False)
    show.set_defaults(run=_data)


def _sample(args: argparse.Namespace) -> None:
    from dcgan_lib.latent import sample_z

    pair = trained(args.networks)
    save_sheet(pair.G, sample_z(args.n, pair.cfg, args.seed, args.truncation), args)


def _walk(args: argparse.Namespace) -> None:
    import torch

    from dcgan_lib.latent import sample_z, walk

    pair = trained(args.networks)
    if len(args.seeds) < 2:
        raise ValueError(f"--seeds {args.seeds[0]}: a walk goes through at least two, such as --seeds 1 2")
    points = torch.cat([sample_z(1, pair.cfg, seed, args.truncation) for seed in args.seeds])
    moving = Path(args.to).suffix == ".gif"
    z = walk(points, args.frames, args.path, closed=moving)
    if not moving:
        return save_sheet(pair.G, z, args)
    frames = [pil(image, args.scale) for image in images_of(pair.G, z)]
    frames[0].save(args.to, save_all=True, append_images=frames[1:], duration=1000 // args.fps, loop=0)
    say(f"{args.to}: {len(frames)} frames")


def _summary(args: argparse.Namespace) -> None:
    from dcgan_lib.summary import summary

    cfg = flags.model_config(args)
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
    images = load(args, args.image_size, args.nc)
    say(f"{images.name}: {len(images):,} images of {images.image_size}x{images.image_size}x{images.nc}")
    if args.to:
        save(images.batch(list(range(min(args.show, len(images))))), args)
