"""The processes of a launcher, as the kernel sees them, and how to end them."""

import contextlib
import json
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

from modules.training.checkpoint import CHECKPOINT, load

_PROGRAM = "modules.training.worker"
Condition = Callable[[], bool]


def alive(run: pathlib.Path) -> dict[str, int]:
    """The processes whose training writes into a run folder, by kind and place: `worker 0`."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, KeyError):  # it may end while we look
            arguments = (process / "cmdline").read_bytes().decode().split("\0")
            if _PROGRAM in arguments and str(run / "job.json") in arguments:
                pairs = (process / "environ").read_bytes().decode().split("\0")
                config = dict(pair.split("=", 1) for pair in pairs if "=" in pair)["TF_CONFIG"]
                task = json.loads(config)["task"]
                found[f"{task['type']} {task['index']}"] = int(process.name)
    return found


def step(run: pathlib.Path) -> int:
    """The step of the last checkpoint."""
    found = load(str(run / CHECKPOINT))
    return int(found.notes["recorder"]["step"]) if found else 0


def wait_for(condition: Condition, seconds: float = 200) -> None:
    """Returns once the condition holds.

    Raises:
        TimeoutError: if it does not, for so long that something must be wrong.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.02)


@contextlib.contextmanager
def killing(run: pathlib.Path, *victims: tuple[str, int]) -> Iterator[list[int]]:
    """Kills processes in turn, each at a step: pairs of name and step, 0 being at the start.

    Yields:
        The processes that were killed, in order, complete when the block has ended.
    """
    killed: list[int] = []
    over = threading.Event()

    def kill_one(name: str, at: int) -> None:
        wait_for(lambda: over.is_set() or (at <= step(run) and name in alive(run)))
        if not over.is_set():
            killed.append(alive(run)[name])
            os.kill(killed[-1], signal.SIGKILL)
            wait_for(lambda: killed[-1] not in alive(run).values())

    def kill() -> None:
        for victim in victims:
            kill_one(*victim)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
