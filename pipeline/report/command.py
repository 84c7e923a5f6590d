"""`headrace report`: writes the page of a run, or of two."""

import pathlib
import webbrowser

import pydantic
from rich.console import Console

from modules.errors import SpecError
from pipeline.console import near, say
from pipeline.failure import ExitCode
from pipeline.history.answering import answered
from pipeline.history.folder import COMPARISON, REPORT, folder_of_runs
from pipeline.history.past import past
from pipeline.report.writing import write_comparison, write_report


class Written(pydantic.BaseModel):
    """Where the page is."""

    file: str


def report_command(
    runs: tuple[str, ...],
    given: pathlib.Path | None,
    output: pathlib.Path | None,
    is_opened: bool,
) -> ExitCode:
    """Writes the report of a run, or the comparison of two, and prints where it is.

    Args:
        runs: one run, or the older and the newer one.
        given: the folder of the runs.
        output: the file; None: in the folder of the run, the newer one of two.
        is_opened: shows it in a browser.
    """

    def ask() -> Written:
        folder = folder_of_runs(given)
        named = [past(folder, name) for name in runs]
        file = (output or named[-1].folder / (REPORT if len(named) == 1 else COMPARISON)).absolute()
        if file.is_dir():
            raise SpecError([f"--output: {near(file)} is a folder. Name a file"])
        try:
            if len(named) == 1:
                write_report(named[0], file)
            else:
                write_comparison(named[0], named[1], file)
        except OSError as error:
            raise SpecError([f"{near(file)}: cannot be written: {error.strerror}"]) from None
        return Written(file=str(file))

    def show(console: Console, told: Written) -> None:
        file = pathlib.Path(told.file)
        say(console, f"Report: {near(file)}")
        if is_opened and not webbrowser.open(file.as_uri()):
            say(console, "There is no browser to open it in", "yellow")

    return answered(False, ask, show)
