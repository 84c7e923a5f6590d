"""gc killed at each of its steps in turn: python -m tests.pipeline.history.gc.killing FOLDER

Prints a line a step: a JSON list of what is unsound after the kill, and after the gc that follows.
"""

import json
import os
import pathlib
import shutil
import signal
import sys

from pipeline import lineage
from pipeline.history.gc.collecting import collect
from tests.pipeline.history.gc.sound import unsound
from tests.pipeline.history.story import PIPELINE, Story

_STEPS = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "sqlite3.connect")  # audit events


def main() -> None:
    """Kills one gc after the other, each a step later, until one comes through."""
    folder = pathlib.Path(sys.argv[1])
    story = Story(folder / "runs")
    story.run(epochs=1, blessed=False)
    story.run(epochs=2)
    story.run(epochs=3, ends="killed")
    story.run(epochs=4, blessed=False)
    story.runs.rename(folder / "as-it-was")
    step = 0
    while True:
        shutil.copytree(folder / "as-it-was", story.runs, symlinks=True)
        killed = _killed_at(step, story.runs)
        killed_left, blessed = unsound(story.runs), lineage.blessed_models(story.runs, PIPELINE)
        collect(story.runs, 1, really=True)
        again = collect(story.runs, 1, really=False)
        left = [str(each.path) for each in again.leftovers] + again.executions * ["execution"]
        there = sorted(str(path.relative_to(story.runs)) for path in story.runs.rglob("*"))
        told = {
            "unsound": killed_left,
            "unsound after": unsound(story.runs),
            "blessed": blessed,
            "left": left,
            "there": there,
        }
        print(json.dumps(told), flush=True)
        if not killed:
            return
        shutil.rmtree(story.runs)
        step += 1


def _killed_at(step: int, runs: pathlib.Path) -> bool:
    """Whether gc came as far as a step, before which it is killed."""
    child = os.fork()
    if not child:
        _kill_before(step)
        collect(runs, 1, really=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def _kill_before(step: int) -> None:
    left = step

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _STEPS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hear)


if __name__ == "__main__":
    main()
