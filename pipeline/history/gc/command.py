"""`headrace gc`: removes what no run that stays needs, or says what it would remove."""

import collections
import pathlib
import shlex

from rich.console import Console

from pipeline.console import near, say
from pipeline.failure import ExitCode
from pipeline.history.answering import answered, refuse
from pipeline.history.columns import Cell, count, print_columns, size
from pipeline.history.folder import DEFAULT, folder_of_runs
from pipeline.history.gc.collecting import Collected, collect
from pipeline.history.gc.leftovers import Kind
from pipeline.history.listing import verdict
from pipeline.local.display.wording import printable
from pipeline.local.lock import locked

BUSY = 6  # exit code: a run is going on
_PATIENCE_SECONDS = 2.0
_NAMED = 10  # unknown files
_WHAT: dict[Kind, tuple[str, str]] = {
    "artifact": ("output of a node", "outputs of nodes"),
    "half-written": ("half-written output", "half-written outputs"),
    "cache": ("entry of the cache", "entries of the cache"),
    "checkpoint": ("training's checkpoints", "trainings' checkpoints"),
    "scratch": ("scratch folder", "scratch folders"),
    "removed": ("folder of an earlier gc", "folders of an earlier gc"),
}


def gc_command(given: pathlib.Path | None, keep: int, really: bool, as_json: bool) -> int:
    """Removes what is not needed, or says what it would remove.

    Returns:
        The exit code, as `headrace gc --help` lists them.
    """

    def ask() -> Collected:
        runs = folder_of_runs(given).resolve()
        with locked(runs, "gc", lambda _: None, _PATIENCE_SECONDS):
            return collect(runs, keep, really)

    def show(console: Console, told: Collected) -> None:
        _show(console, told, _again(given, keep))

    try:
        return answered(as_json, ask, show)
    except TimeoutError as error:
        where = near((given or pathlib.Path(DEFAULT)).absolute())
        problem = f"{error} is writing to {where}; nothing was removed. Wait for its end"
        refuse(Console(highlight=False), as_json, [problem])
        return BUSY
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}. Whatever is left, the next gc removes"
        refuse(Console(highlight=False), as_json, [problem])
        return ExitCode.CRASH


def _again(given: pathlib.Path | None, keep: int) -> str:
    """The command that removes what this one would."""
    where = f" --runs {shlex.quote(str(given))}" if given else ""
    return f"headrace gc{where} --keep {keep} --yes"


def _show(console: Console, told: Collected, again: str) -> None:
    rows: list[list[Cell]] = [
        [f"run {run.run}", verdict(run.verdict), size(run.bytes)] for run in told.runs
    ]
    counts = collections.Counter(each.kind for each in told.leftovers)
    for kind, what in _WHAT.items():
        if counts[kind]:
            taken = sum(each.bytes for each in told.leftovers if each.kind == kind)
            rows.append([count(counts[kind], *what), "", size(taken)])
    if told.executions:
        rows.append([f"{count(told.executions, 'execution')} in ML Metadata", "", ""])
    if rows:
        title = "Removed from" if told.removed else "Would be removed from"
        say(console, f"{title} {near(pathlib.Path(told.folder))}: {size(told.bytes)}", "bold")
        print_columns(console, rows, right={2}, indent=2)
    else:
        say(console, "There is nothing to remove.", "bold")
    say(console, f"\nKept: {count(len(told.kept), 'run')}", "bold")
    print_columns(
        console, [[each.run, verdict(each.verdict), each.why] for each in told.kept], indent=2
    )
    _show_unknown(console, told)
    if rows and not told.removed:
        say(console, f"\nNothing was removed. To remove it: {again}")


def _show_unknown(console: Console, told: Collected) -> None:
    if told.unknown:
        named = ", ".join(printable(str(near(path))) for path in told.unknown[:_NAMED])
        more = f" and {len(told.unknown) - _NAMED:,} more" if len(told.unknown) > _NAMED else ""
        say(console, f"\nNot of a run, and left alone: {named}{more}")
    if told.others:
        runs = count(len(told.others), "run")
        say(console, f"\nLeft alone with all their outputs: {runs} of others in ML Metadata")
