"""The runs so far: whether one is under way or wants to be gone on with, and the clock."""

import pathlib
import shlex
import time
from collections.abc import Iterator

from pipeline.console import near
from pipeline.doctor.finding import Finding, ok, warning

_AHEAD_SECONDS = 60  # that a file may be newer than the clock: other machines' clocks differ
_REASON = 120  # characters


def clock(runs: pathlib.Path) -> Iterator[Finding]:
    """Whether the clock has been set back since the newest file was written."""
    entries = sorted(runs.glob("*"))
    entries += [file for run in entries[-10:] for file in run.glob("*")]  # all runs would take long
    newest = max((entry.lstat().st_mtime for entry in entries), default=0.0)
    ahead = newest - time.time()
    if ahead > _AHEAD_SECONDS:
        text = f"{ahead / 3600:.1f} hours behind the newest file in {near(runs)}: it was set back"
        yield warning("clock", text, "Set it, or have the system do so: timedatectl set-ntp true")
    else:
        yield ok("clock", time.strftime("%Y-%m-%d %H:%M:%S %z"))


def going_on(runs: pathlib.Path) -> Iterator[Finding]:
    """Whether a run is under way, or the latest one wants to be gone on with."""
    from pipeline.history import past
    from pipeline.history.folder import ids
    from pipeline.local.display.wording import one_line
    from pipeline.local.lock import holder

    if not runs.is_dir():
        yield ok("runs", f"none yet in {near(runs)}")
        return
    known, holding = ids(runs), holder(runs)
    if holding:
        text = f"{holding} holds the lock of {near(runs)}"
        yield warning("runs", text, "The next run waits for its end; Ctrl-C there ends it")
        return
    last = past.read(runs / known[0], holding) if known else None
    if last is None or last.request is None or not last.is_unfinished:
        yield ok("runs", f"{len(known)} in {near(runs)}")
        return
    text = f"the latest, {last.id}, did not come to its end: {one_line(last.reason, _REASON)}"
    yield warning("runs", text, _resume(pathlib.Path(last.request.spec_file), runs))


def _resume(spec_file: pathlib.Path, runs: pathlib.Path) -> str:
    """The command that goes on with a run."""
    words = ["headrace", "run", str(near(spec_file)), "--resume"]
    beside = spec_file.parent / "runs"
    return shlex.join(words if runs == beside else [*words, "--runs", str(near(runs))])
