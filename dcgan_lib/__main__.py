"""`python -m dcgan_lib`."""

import sys

from dcgan_lib.cli import main

sys.exit(main())
