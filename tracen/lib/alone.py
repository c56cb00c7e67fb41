"""One process at a time: the callers are what prepares a data folder, and the tests that install what they need."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock that the system gives back however the process ends; Windows has no such file locks here."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
