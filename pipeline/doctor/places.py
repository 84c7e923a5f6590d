"""The folders that a run reads and writes."""

import pathlib
import tempfile
import time
from collections.abc import Iterator, Sequence

from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.local.lock import locked
from pipeline.local.requesting import request_of, result_of, run_ids

_AHEAD_SECONDS = 60  # that a file may be newer than the clock


def writable(folders: Sequence[pathlib.Path]) -> Iterator[Finding]:
    """Whether folders that a run writes to can be written; those not there yet can be made."""
    for folder in folders:
        there = next(each for each in (folder, *folder.parents) if each.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            text = f"{folder}: cannot be written: {error.strerror}"
            yield problem("permissions", text, "Name another with --runs or push.to, or change it")
        else:
            yield ok("permissions", f"{folder} can be written")


def clock(runs: pathlib.Path) -> Iterator[Finding]:
    """Whether the clock is behind the newest run."""
    newest = max((entry.stat().st_mtime for entry in runs.glob("2*")), default=0.0)
    ahead = newest - time.time()
    if ahead > _AHEAD_SECONDS:
        text = f"the newest run is {ahead / 3600:.1f} hours ahead of it: it was set back"
        yield warning("clock", text, "Set it right; runs keep their order all the same")
    else:
        yield ok("clock", time.strftime("%Y-%m-%d %H:%M:%S %z"))


def going_on(runs: pathlib.Path) -> Iterator[Finding]:
    """Whether a run is under way, or one was cut short."""
    if not runs.is_dir():
        yield ok("runs", f"none yet in {runs}")
        return
    holders: list[str] = []
    try:
        with locked(runs, "headrace doctor", holders.append, patience=0):
            pass
    except TimeoutError:
        yield warning("runs", f"{holders[0]} is under way", "Another run would wait for it")
        return
    ids = run_ids(runs)
    last = runs / ids[-1] if ids else None
    request = request_of(last) if last else None
    if last and request and result_of(last) is None:
        mend = f"Go on with it: headrace run {request.spec_file} --resume"
        yield warning("runs", f"run {last.name} was cut short", mend)
    else:
        yield ok("runs", f"{len(ids)} in {runs}")
