"""`headrace runs`: the runs in a folder, a line each."""

import collections
import pathlib
import time

import pydantic
from rich.console import Console

from pipeline.console import near, say
from pipeline.failure import ExitCode
from pipeline.history.answering import answered
from pipeline.history.columns import Cell, count, figures, print_columns
from pipeline.history.folder import folder_of_runs, ids
from pipeline.history.past import Past, Standing, read
from pipeline.local.display.wording import duration
from pipeline.local.lock import holder
from pipeline.metrics import HEADLINE

_STYLES = {
    "blessed": "green",
    "partial": "cyan",
    "running": "cyan",
    "not_blessed": "yellow",
    "failed": "red",
    "died": "red",
}
_TITLES = ("RUN", "WHEN", "PIPELINE", "VERDICT", "TOOK", "RAN", "CACHED", "METRIC", "REASON")
_RIGHT = {"TOOK", "RAN", "CACHED"}


class Row(pydantic.BaseModel):
    """A run in short."""

    run: str
    when: str  # local time
    pipeline: str | None
    verdict: Standing
    reason: str
    seconds: float | None  # None: it died, and nobody knows when
    ran: int  # nodes
    cached: int  # nodes
    headline: dict[str, float]  # the metric by which models of its task are told apart
    metrics: dict[str, float]


class Listing(pydantic.BaseModel):
    """The one JSON object of `headrace runs --json`."""

    folder: str
    runs: list[Row]
    older: int  # runs that the limit leaves out


def runs_command(given: pathlib.Path | None, limit: int, as_json: bool) -> ExitCode:
    """Prints the newest runs of a folder."""
    return answered(as_json, lambda: listing(folder_of_runs(given), limit), show)


def listing(runs: pathlib.Path, limit: int) -> Listing:
    """The newest runs, the newest first."""
    known, holding = ids(runs), holder(runs)
    rows = [_row(read(runs / run, holding)) for run in known[:limit]]
    return Listing(folder=str(runs), runs=rows, older=len(known) - len(rows))


def headline(run: Past) -> dict[str, float]:
    """The metric by which its model is told from others of its task; without it, the first."""
    metrics = run.result.metrics if run.result else {}
    label = run.spec.get("label")
    name = HEADLINE.get(str(label.get("task"))) if isinstance(label, dict) else None
    name = name if name in metrics else next(iter(metrics), None)
    return {name: metrics[name]} if name else {}


def seconds_of(run: Past) -> float | None:
    """How long it took, or has taken so far; None if it died."""
    if run.result:
        return run.result.seconds
    if run.standing == "running" and run.begun is not None:
        return round(max(0.0, time.time() - run.begun), 3)
    return None


def verdict(standing: Standing) -> tuple[str, str]:
    """As people say it, and its style."""
    return standing.replace("_", " "), _STYLES[standing]


def _row(run: Past) -> Row:
    served = collections.Counter(node.cached for node in run.nodes if node.state != "skipped")
    return Row(
        run=run.id,
        when=run.when,
        pipeline=run.pipeline,
        verdict=run.standing,
        reason=run.reason,
        seconds=seconds_of(run),
        ran=served[False],
        cached=served[True],
        headline=headline(run),
        metrics=run.result.metrics if run.result else {},
    )


def show(console: Console, told: Listing) -> None:
    """Prints the runs, a line each."""
    if not told.runs:
        say(console, f"No runs yet in {near(pathlib.Path(told.folder))}")
        return
    titles: list[Cell] = [(title, "dim") for title in _TITLES]
    rows = [titles, *(_cells(row) for row in told.runs)]
    shown = [at for at, title in enumerate(_TITLES) if title not in _left_out(console)]
    print_columns(
        console,
        [[row[at] for at in shown] for row in rows],
        right={index for index, at in enumerate(shown) if _TITLES[at] in _RIGHT},
    )
    if told.older:
        everything = len(told.runs) + told.older
        say(console, f"{count(told.older, 'older run')}: --limit {everything} lists all", "dim")


def _left_out(console: Console) -> set[str]:
    """Columns that make room for the others: the id tells when, and most folders have one spec."""
    if not console.is_terminal or console.width >= 120:
        return set()
    return {"WHEN"} if console.width >= 100 else {"WHEN", "PIPELINE"}


def _cells(row: Row) -> list[Cell]:
    return [
        row.run,
        row.when.replace("T", " ")[:-3],
        row.pipeline or "-",
        verdict(row.verdict),
        "-" if row.seconds is None else duration(row.seconds),
        str(row.ran),
        str(row.cached),
        figures(row.headline) or "-",
        row.reason,
    ]
