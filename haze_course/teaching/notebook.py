"""The first call of every notebook: one seed, one number of threads, one look for the figures."""

import os
import sys

import torch

from haze_course import __version__
from haze_course.machine import estimate_seconds
from haze_course.plots.figures import use_style


def start(notebook: str, *, seed: int = 0) -> torch.Generator:
    """Make a notebook repeatable and say what to expect of it on this machine.

    Args:
        notebook: its number, as in "03".
        seed: of the Generator that is handed back, and of torch's global one.

    Returns:
        A Generator to pass on explicitly wherever the notebook draws random numbers.
    """
    use_style()
    torch.manual_seed(seed)
    print(
        f"Notebook {notebook}: haze_course {__version__}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, seed {seed}"
    )
    seconds = estimate_seconds(notebook)
    if seconds is not None:
        print(f"Run All computes for about {max(seconds, 1):.0f} seconds on this machine.")
    return torch.Generator().manual_seed(seed)


def is_live() -> bool:
    """Does somebody sit in front of this notebook, who can press a button?

    In a batch run, in tests and in a script there is none: widgets become figures and text there.
    ``HAZE_STATIC=1`` asks for that anywhere.
    """
    from IPython import get_ipython

    if get_ipython() is None or os.environ.get("HAZE_STATIC") == "1":
        return False
    opened = any(name == "JPY_SESSION_NAME" or name.startswith("VSCODE_") for name in os.environ)
    return opened or "google.colab" in sys.modules
