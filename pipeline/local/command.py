"""`headrace run` as people see it: what is printed before, during and after a run."""

import contextlib
import functools
import pathlib
from collections.abc import Mapping
from concurrent import futures

from modules.errors import InputProblem
from pipeline.console import near
from pipeline.failure import ExitCode, exit_code, explained
from pipeline.history.folder import REPORT
from pipeline.history.past import read
from pipeline.local.display.conclusion import QUERY
from pipeline.local.display.telling import Manner, Refusal, Telling, telling
from pipeline.local.display.wording import printable
from pipeline.local.following import Ended
from pipeline.local.preflight import check_before
from pipeline.local.query import first_row, query_script
from pipeline.local.requesting import Order, requested
from pipeline.local.run import run


def run_command(spec_file: pathlib.Path, order: Order, manner: Manner) -> ExitCode:
    """Runs a spec and prints how it goes.

    Returns:
        The exit code, as `headrace run --help` lists them.
    """
    tell = telling(manner)
    folder = spec_file.absolute().parent
    runs = order.folder(spec_file)
    name = None
    try:
        spec, request = requested(spec_file, order)
        name = spec.name
        unused = check_before(spec, folder, [runs])
        if unused:
            tell.note(f"Not used and not ignored: {', '.join(unused)}", "yellow")
        what = f"Resuming run {request.resumes} of" if request.resumes else "Running"
        tell.note(f"{what} {spec.name}; everything goes to {near(runs)}", "dim")
        with futures.ThreadPoolExecutor(1) as beside:
            beside.submit(_prepare_report)
            row = beside.submit(first_row, spec, folder)
            ended = run(spec, request, tell.display, functools.partial(_wait, tell))
            if ended.result.pushed:
                _write_query(row.result(), ended)
    except InputProblem as problem:
        tell.refuse(Refusal(name, problem.problems))
        return exit_code(problem)
    except OSError as error:  # a full disk, before or after the nodes
        code, problems = explained(error)
        tell.refuse(Refusal(name, problems))
        return code
    except KeyboardInterrupt:  # while it waits for another run
        tell.refuse(Refusal(name, ["interrupted"]))
        return ExitCode.INTERRUPTED
    _write_report(tell, ended)
    tell.conclude(ended)
    return ended.exit_code


def _wait(tell: Telling, holder: str) -> None:
    tell.note(f"Waiting for {holder}, which runs in the same folder", "yellow")


def _write_query(row: Mapping[str, float | str], ended: Ended) -> None:
    result = ended.result
    text = query_script(pathlib.Path(str(result.pushed)), str(result.run), row)
    (ended.folder / QUERY).write_text(text, encoding="utf-8")


def _prepare_report() -> None:
    """Does beside the run what is the same for every report: it need not wait for the run's end."""
    with contextlib.suppress(Exception):  # who writes the report tells of it
        from pipeline.report.rendering import prepare

        prepare()


def _write_report(tell: Telling, ended: Ended) -> None:
    """Writes the report of a run; whatever is wrong with it, the run is as it is."""
    try:
        from pipeline.report.writing import write_report

        write_report(read(ended.folder, None), ended.folder / REPORT)
    except KeyboardInterrupt:
        tell.note("No report: interrupted. `headrace report` writes it", "yellow")
    except Exception as error:
        tell.note(f"No report: {type(error).__name__}: {printable(str(error))}", "yellow")
