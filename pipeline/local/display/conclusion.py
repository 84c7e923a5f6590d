"""How a run ended, for people: the verdict, why, and what to do next."""

import pathlib
import sys

from rich.console import Console
from rich.text import Text

from pipeline.console import complain, near, say
from pipeline.failure import ExitCode
from pipeline.history.folder import REPORT
from pipeline.local.display.logs import last_lines, within
from pipeline.local.display.wording import printable
from pipeline.local.following import Ended, Failure
from pipeline.local.requesting import request_of

QUERY = "query.py"  # in the folder of a run that pushed a model
_LAST_LINES = 15  # of the log of what crashed
_VERDICTS = {
    "blessed": ("Blessed", "bold green"),
    "not_blessed": ("Not blessed", "bold red"),
    "partial": ("In part", "bold cyan"),
}


def conclude(console: Console, ended: Ended, briefly: bool = False) -> None:
    """Prints how a run ended; briefly: what went wrong, or the verdict and the pushed version."""
    result = ended.result
    if not briefly:
        console.print()
    for failure in ended.failures:
        complain(console, [printable(sentence) for sentence in failure.sentences])
        if failure.exit_code == ExitCode.CRASH and not briefly:
            _show_log(console, failure, ended.folder)
    if result.verdict in _VERDICTS:
        # A further format that is not as good holds no push back.
        is_pushed = result.pushed and result.verdict == "not_blessed"
        title = ("Blessed, except", "bold yellow") if is_pushed else _VERDICTS[result.verdict]
        console.print(
            Text.assemble(title, f": {printable(result.reason)}"),
            soft_wrap=True,
        )
    if result.pushed:
        say(console, f"Pushed to {printable(str(near(pathlib.Path(result.pushed))))}")
    if not briefly:
        _tell_more(console, ended)


def _show_log(console: Console, failure: Failure, folder: pathlib.Path) -> None:
    """The last lines of what a node that crashed has printed."""
    path = within(folder, failure.log)
    lines = last_lines(path, _LAST_LINES) if path else []
    if path and lines:
        say(console, f"The last lines of {near(path)}:", "dim")
        say(console, "\n".join(f"  {line}".rstrip() for line in lines))


def _tell_more(console: Console, ended: Ended) -> None:
    result = ended.result
    if result.pushed:
        python = near(pathlib.Path(sys.executable))
        say(console, f"Query it: {python} {near(ended.folder / QUERY)}")
    elif result.verdict in ("blessed", "not_blessed"):
        say(console, "Nothing was pushed; what was served before still is.")
    skipped = [node.name for node in result.nodes if node.state == "skipped"]
    if skipped:
        say(console, f"Did not run: {', '.join(skipped)}", "dim")
    request = request_of(ended.folder)
    if request and ended.exit_code in (ExitCode.CRASH, ExitCode.INTERRUPTED):
        spec_file = near(pathlib.Path(request.spec_file))
        say(console, f"Go on with it: headrace run {printable(str(spec_file))} --resume")
    report = ended.folder / REPORT
    if report.is_file():
        say(console, f"Report: {near(report)}")
    cached = sum(node.cached for node in result.nodes)
    served = f", {cached} of {len(result.nodes)} nodes from the cache" if cached else ""
    say(console, f"{result.seconds:.0f} s in all{served}. Log: {near(ended.log)}", "dim")
