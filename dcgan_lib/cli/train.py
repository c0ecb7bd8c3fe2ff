"""`train`: run it again to go on."""

from __future__ import annotations

import argparse
import shlex
import sys
from contextlib import closing
from pathlib import Path

from dcgan_lib import threads
from dcgan_lib.cli import flags, judge
from dcgan_lib.cli.bar import Bar
from dcgan_lib.cli.common import load, say
from dcgan_lib.cli.parser import count, device
from dcgan_lib.cli.rescue import go_on_command, rescue
from dcgan_lib.config import TrainConfig


def add(commands) -> None:
    """The parser of `train`."""
    train = commands.add_parser(
        "train", help="train a pair of networks; run it again to go on",
        usage="%(prog)s DATA [--image-size N] [--steps N] [--out FOLDER] [other settings]",
        description="Train a pair of networks. "
        "Ctrl-C saves and leaves; the same command goes on from the newest checkpoint.",
    )  # fmt: skip
    flags.add_data_flags(train)
    train.add_argument("--endless", action="store_true", help="faces that never come twice, drawn as they are needed")
    written = train.add_argument_group("what is written")
    written.add_argument(
        "--out", metavar="FOLDER", help="where: history, samples, checkpoints, networks [runs/<data>-<size>]"
    )
    written.add_argument("--start", metavar="FILE", help="a checkpoint of another run to begin from: the same "
                         "networks, other settings, such as a lower learning rate")  # fmt: skip
    written.add_argument("--log-every", type=count, default=10, metavar="N", help="steps between history lines [10]")
    written.add_argument("--save-every", type=count, default=500, metavar="N", help="steps between checkpoints [500]")
    written.add_argument("--sample-every", type=count, default=500, metavar="N", help="steps between sample sheets, "
                         "each with a look at whether the samples are alike [500]")  # fmt: skip
    written.add_argument("--tensorboard", action="store_true", help="also write for TensorBoard, into OUT/tensorboard")
    written.add_argument("--best", choices=judge.CHOICES, default="sliced", help="keep the best state apart, by a "
                         "distance to real images at each sample sheet [sliced]")  # fmt: skip
    written.add_argument("--rescue", metavar="FOLDER", help="where the run is kept if --out cannot be written any more "
                         "[the system's temporary folder]")  # fmt: skip
    machine = train.add_argument_group("the machine")
    machine.add_argument("--device", type=device, metavar="NAME", help="cpu, cuda, cuda:1 [cuda where there is one]")
    machine.add_argument("--threads", type=count, metavar="N", help="processor threads [the cores available]")
    machine.add_argument("--plain", action="store_true", help="take the plain step: no measuring, no captured graph")
    flags.add_model_flags(train)
    flags.add_config_flags(train, TrainConfig, "the run")
    train.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from dcgan_lib.training.team import join

    with join(args.device) as team:  # of one, unless torchrun has started several
        return _train(args, team)


def _train(args: argparse.Namespace, team) -> int:
    from dcgan_lib.peaks import bf16_instructions
    from dcgan_lib.training import Trainer, checkpoint, progress, tensorboard, train

    if args.tensorboard:
        tensorboard.require()  # before minutes of reading images
    # torchrun allows each process one thread; here they share the machine's cores
    threads.settle(args.threads or (max(1, threads.cores() // team.local_size) if team.size > 1 else None))
    model, cfg = flags.model_config(args), flags.from_flags(TrainConfig, args)
    say(f"networks: {model.image_size}x{model.image_size}x{model.nc}, nz {model.nz}, ngf {model.ngf}, ndf {model.ndf}")
    with team.one_at_first():
        images = load(args, model.image_size, model.nc)
    say(f"data: {'no end of' if args.endless else f'{len(images):,}'} images of {images.name}")
    trainer = Trainer(model, cfg, team.device or args.device, team)
    if trainer.device.type == "cpu" and cfg.precision == "fp32" and bf16_instructions() != "none":
        say("hint: this processor computes in bfloat16 itself: --precision bf16 is faster, and rounds more coarsely")
    if args.start:
        checkpoint.restore(trainer, checkpoint.load(args.start, trainer.device), args.start, other_settings=True)
        say(f"begins from {args.start}: step {trainer.steps_done:,}")
    out = Path(args.out or f"runs/{images.name}-{model.image_size}")
    steps = train(
        trainer,
        images,
        out,
        log_every=args.log_every,
        save_every=args.save_every,
        sample_every=args.sample_every,
        best=judge.measure(args.best, images),
        tensorboard=args.tensorboard,
        fast=not args.plain,
    )
    try:
        _follow(steps, args, trainer, out)
    except checkpoint.CannotWrite as error:
        saved = checkpoint.newest(out / "checkpoints")
        if trainer.steps_done == 0 or saved == checkpoint.path_of(trainer, out / "checkpoints"):
            raise  # there is nothing in memory that is not on the disk
        say(f"error: {error.what}")
        say(f"go on with: {go_on_command(rescue(trainer, out, args.rescue))}")
        return 2
    except KeyboardInterrupt as error:
        say(f"{error or 'interrupted'}. The same command goes on from the newest checkpoint")
        return 130
    if trainer.steps_done < cfg.steps:
        saved = checkpoint.path_of(trainer, out / "checkpoints")
        say(f"stopped after step {trainer.steps_done:,}; saved {saved}. The same command goes on from there")
        return 1
    if not team.leads:
        return 0
    if team.size > 1:  # what remains to be done is done alone
        alone = Trainer(model, cfg, trainer.device)
        checkpoint.restore(alone, checkpoint.state(trainer))
        trainer = alone
    folder = _export(trainer, images, out / "networks")
    say(f"done: {trainer.steps_done:,} steps. Networks in {folder}, samples in {out / 'samples'}")
    if best := progress.of(trainer).best:
        kept = Trainer(model, cfg, trainer.device)
        checkpoint.restore(kept, checkpoint.load(out / "checkpoints" / "best.ckpt", kept.device), other_settings=True)
        best_folder = _export(kept, images, out / "best")
        say(f"best: step {best.step:,}, {args.best} distance {best.value:.4f}. Networks in {best_folder}")
    say(f"next: python -m dcgan_lib sample {out} --to samples.png")
    return 0


def _follow(steps, args: argparse.Namespace, trainer, out: Path) -> None:
    """Show the run until its end, or until it is asked to stop: left early, `steps` saves."""
    from dcgan_lib.training import checkpoint
    from dcgan_lib.training.stopping import Stop
    from dcgan_lib.training.team import LostProcess

    cfg, team = trainer.cfg, trainer.team
    with Stop(patient=team.size > 1) as stop, closing(steps), Bar(cfg.steps, cfg.batch_size) as bar:
        try:
            for stats in steps:
                bar.step(stats, read=stats.step % args.log_every == 0)
                if stats.step % team.agree_every == 0 and team.any(stop.asked):
                    break
        except LostProcess as lost:  # said here, where torchrun's SIGTERM, which comes at once, cannot cut it off
            kept = checkpoint.newest(out / "checkpoints") or "the start"
            print(f"error: {lost}. The same command goes on from {kept}", file=sys.stderr, flush=True)
            raise SystemExit(2) from lost


def _export(trainer, images, folder: Path) -> Path:
    from dcgan_lib import pretrained
    from dcgan_lib.training import history, refresh_batch_norm

    refresh_batch_norm(trainer.best_G)
    record = history.header(trainer.model, trainer.cfg, images.name, len(images), trainer.device)
    record |= {
        "command": shlex.join(["python", "-m", "dcgan_lib", *sys.argv[1:]]),
        "steps_done": trainer.steps_done,
    }
    return pretrained.save(folder, trainer.best_G, trainer.D, record)
