"""What a chapter runs on: versions, device, the minutes to expect, and how to get a GPU in Colab."""

import platform
import sys

from dcgan_lib.threads import wait_politely

wait_politely()

import torch  # noqa: E402 - only now: OpenMP reads how to wait when torch loads it


def device() -> torch.device:
    """The best device here: a CUDA GPU, Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def in_colab() -> bool:
    """Whether this Python runs inside Google Colab."""
    return "google.colab" in sys.modules


def report(cpu_minutes: float, gpu_minutes: float) -> None:
    """Print versions, the device and the minutes to expect; then give the figures their style.

    Args:
        cpu_minutes: what the whole chapter takes on two CPU cores.
        gpu_minutes: what it takes on a GPU such as Colab's T4.
    """
    here = device()
    if here.type == "cuda":
        name = torch.cuda.get_device_name(here)
    else:
        name = f"{here.type.upper()}, {torch.get_num_threads()} threads"
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {name}")

    expected = cpu_minutes if here.type == "cpu" else gpu_minutes
    print(f"Running the whole chapter takes about {_minutes(expected)} here.")
    if here.type == "cpu" and in_colab():
        print(
            "This Colab machine has no GPU. Menu: Runtime > Change runtime type > T4 GPU > Save, "
            f"then run this cell again: about {_minutes(gpu_minutes)} instead."
        )

    from dcgan_lib.plotting import use_style  # here, so that asking for a device does not load matplotlib

    use_style()


def _minutes(value: float) -> str:
    return f"{value:g} minute" + ("" if value == 1 else "s")
