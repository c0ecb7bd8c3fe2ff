"""dcgan_lib: deep convolutional GANs, small enough to read and real enough to use.

Importing this package is light: each module loads torch and the rest when it is imported itself.
"""

__version__ = "0.1.0"
