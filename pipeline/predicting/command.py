"""`headrace predict` as people see it: what is printed before, while and after it scores."""

import contextlib
import pathlib
import signal
import types
from collections.abc import Iterator

from rich.console import Console

from modules.errors import InputProblem
from pipeline.console import libraries_quiet, near, say
from pipeline.failure import ExitCode, exit_code, explained
from pipeline.history.answering import refuse
from pipeline.local.display.wording import duration, printable
from pipeline.predicting.predict import Order, Result, predict
from pipeline.predicting.watching import watched

_LISTED = 5  # problems that are printed; the file of rejects has all


def predict_command(order: Order, as_json: bool) -> ExitCode:
    """Scores files and prints how it went.

    Returns:
        The exit code, as `headrace predict --help` lists them.
    """
    console = Console(highlight=False)

    def warn(text: str) -> None:
        if not as_json:
            say(console, printable(text), "yellow")

    try:
        with _terminable(), watched(console, as_json), libraries_quiet():
            result = predict(order, warn)
    except InputProblem as problem:
        refuse(console, as_json, list(problem.problems))
        return exit_code(problem)
    except KeyboardInterrupt:
        refuse(console, as_json, ["interrupted; nothing was written"])
        return ExitCode.INTERRUPTED
    except OSError as error:  # a full disk, most likely
        code, problems = explained(error)
        refuse(console, as_json, problems)
        return code
    if as_json:
        print(result.model_dump_json(indent=1))
    else:
        _conclude(console, result)
    return ExitCode.BLESSED


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Makes SIGTERM an interrupt as well: what was begun is removed then, too."""

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _conclude(console: Console, result: Result) -> None:
    here = f"{pathlib.Path.cwd()}/"
    for problem in result.problems[:_LISTED]:
        say(console, printable(problem.replace(here, "")), "yellow")
    if len(result.problems) > _LISTED:
        say(console, f"... and {len(result.problems) - _LISTED} more", "yellow")
    not_read = [f"{result.rejected:,} rejected"] if result.rejected else []
    if result.unread:
        files = "file" if len(result.unread) == 1 else "files"
        not_read.append(f"{len(result.unread):,} {files} not read to the end")
    where = f", {' and '.join(not_read)}: see {result.rejects}" if not_read else ""
    rows = "row" if result.rows == 1 else "rows"
    took = duration(result.seconds)
    say(console, printable(f"{result.rows:,} {rows} scored in {took}{where}"), "bold")
    model = near(pathlib.Path(result.model))
    columns = ", ".join(result.columns)
    say(console, printable(f"Wrote {result.output} with {model}: {columns}"))
