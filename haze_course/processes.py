"""Processes that work for another one end when it does."""

import os
import threading
import time

_EVERY = 0.5  # seconds between two looks


def end_with_parent(parent: int) -> None:
    """End this process when its parent is gone: a killed one cannot tell its workers to stop.

    Args:
        parent: its number, from ``os.getpid()`` there: it may be gone before this one looks.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_EVERY)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
