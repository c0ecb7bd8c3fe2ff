"""The command line: train on a folder, go on where it stopped, look at runs, sample, walk.

python -m dcgan_lib train faces --image-size 32 --steps 2000 --out runs/faces
python -m dcgan_lib train ~/photos --out runs/photos
python -m dcgan_lib runs
python -m dcgan_lib sample runs/faces --n 64 --to samples.png
python -m dcgan_lib walk runs/faces --seeds 1 5 9 --to walk.gif
python -m dcgan_lib data list
python -m dcgan_lib reproduce arithmetic
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import warnings
from collections.abc import Sequence

from dcgan_lib.cli import reproduce, runs, show, train
from dcgan_lib.cli.parser import Parser
from dcgan_lib.threads import wait_politely


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 stopped early and saved, 2 an error that was explained."""
    wait_politely()  # here, because no command has imported torch yet
    args = _parser().parse_args(argv)
    warn, warnings.showwarning = warnings.showwarning, _warn
    try:
        return args.run(args) or 0
    except _explained() as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        warnings.showwarning = warn


def _warn(message: Warning | str, *_: object) -> None:
    """A warning as one line, above the bar where there is one, without the line of code that gave it."""
    from tqdm import tqdm

    tqdm.write(f"warning: {message}", file=sys.stderr)


def _explained() -> tuple[type[Exception], ...]:
    """The errors whose message says what to do; any other is a fault of ours and shows its trace."""
    from dcgan_lib.data.errors import DataError
    from dcgan_lib.pretrained import PretrainedError
    from dcgan_lib.training import NonFiniteLoss
    from dcgan_lib.training.checkpoint import CheckpointError
    from dcgan_lib.training.history import WriteError
    from dcgan_lib.training.team import LostProcess
    from dcgan_lib.training.tensorboard import TensorBoardMissing

    of_training = (NonFiniteLoss, CheckpointError, WriteError, TensorBoardMissing, LostProcess)
    return (ValueError, DataError, PretrainedError, *of_training)


def _parser() -> argparse.ArgumentParser:
    about, examples = __doc__.split("\n\n", 1)
    parser = Parser(
        prog="python -m dcgan_lib",
        description=about,
        epilog=f"examples:\n{textwrap.indent(examples, '  ')}\nEach command explains itself: %(prog)s train --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, title="commands", metavar="command")
    for command in (train, runs, show, reproduce):
        command.add(commands)
    return parser
