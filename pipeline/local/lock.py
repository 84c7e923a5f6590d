"""One at a time: what writes to a folder of runs holds its lock."""

import contextlib
import fcntl
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterator

_POLL_SECONDS = 0.2


@contextlib.contextmanager
def locked(
    runs: pathlib.Path, what: str, waiting: Callable[[str], None], patience: float | None = None
) -> Iterator[int]:
    """Holds the lock of a folder of runs; waits while another process holds it.

    The kernel gives the lock back when its holder is gone, whatever ended it, so that there is no
    stale lock. Processes that inherit the descriptor hold it too, until the last of them has ended.

    Args:
        runs: the folder.
        what: the holder, for those who wait: `run 20261122-000618-008154`.
        waiting: told once who holds the lock, if somebody does.
        patience: seconds to wait; None: as long as it takes.

    Yields:
        The descriptor that holds the lock.

    Raises:
        TimeoutError: if the lock is still held when the patience is over.
    """
    descriptor = os.open(runs / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(descriptor, waiting, patience)
        sign(descriptor, what)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(runs: pathlib.Path) -> str | None:
    """Who holds the lock of a folder of runs, as far as it says; None if nobody does.

    A free lock is taken for a moment, shared, so that two who look at once see no holder.
    """
    try:
        descriptor = os.open(runs / ".lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)


def sign(descriptor: int, what: str) -> None:
    """Says who holds a lock, for those who wait."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"what": what, "process": os.getpid()}).encode(), 0)


def _take(descriptor: int, waiting: Callable[[str], None], patience: float | None) -> None:
    since, told = time.monotonic(), False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                waiting(_holder(descriptor))
                told = True
            if patience is not None and time.monotonic() - since >= patience:
                raise TimeoutError(_holder(descriptor)) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _holder(descriptor: int) -> str:
    """Who holds the lock, as far as it says."""
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
        return f"{found['what']} (process {found['process']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
