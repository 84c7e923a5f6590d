"""`headrace run` as people see it: what is printed before, during and after a run."""

import pathlib
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from modules.errors import InputProblem
from pipeline import spec as spec_of
from pipeline.console import complain, near, say
from pipeline.failure import ExitCode, exit_code
from pipeline.local.display import Lines, Lively, Silent
from pipeline.local.following import Ended
from pipeline.local.preflight import check_before
from pipeline.local.query import first_row, query_script
from pipeline.local.result import Result
from pipeline.local.run import run
from pipeline.spec import Spec


def run_command(
    spec_file: pathlib.Path, overrides: Sequence[str], runs: pathlib.Path | None, as_json: bool
) -> ExitCode:
    """Runs a spec and prints how it goes.

    Returns:
        The exit code, as `headrace run --help` lists them.
    """
    console = Console(quiet=as_json, highlight=False)
    folder = spec_file.absolute().parent
    runs = (runs or folder / "runs").absolute()
    name = None
    try:
        spec = spec_of.load(spec_file, overrides)
        name = spec.name
        unused = check_before(spec, folder, [runs])
        if unused:
            say(console, f"Not used and not ignored: {', '.join(unused)}", "yellow")
        say(console, f"Running {spec.name}; everything goes to {near(runs)}", "dim")
        if as_json:
            display: Silent = Silent()
        elif console.is_terminal:
            display = Lively(console)
        else:
            display = Lines(console)
        ended = run(spec, folder, runs, display)
        if ended.result.pushed:
            _write_query(spec, folder, ended)
    except InputProblem as problem:
        code = exit_code(problem)
        if as_json:
            print(_refused(name, problem).model_dump_json(indent=1))
        else:
            complain(console, problem.problems)
        return code
    if as_json:
        print(ended.result.model_dump_json(indent=1))
    else:
        _conclude(console, ended)
    return ended.exit_code


def _query_path(ended: Ended) -> pathlib.Path:
    return ended.folder / "query.py"


def _write_query(spec: Spec, folder: pathlib.Path, ended: Ended) -> None:
    result = ended.result
    text = query_script(pathlib.Path(str(result.pushed)), str(result.run), first_row(spec, folder))
    _query_path(ended).write_text(text, encoding="utf-8")


def _refused(name: str | None, problem: InputProblem) -> Result:
    reason = "; ".join(problem.problems)
    return Result(run=None, pipeline=name, verdict="failed", reason=reason, seconds=0, nodes=[])


def _conclude(console: Console, ended: Ended) -> None:
    """The verdict, why, and what to do next."""
    result, log = ended.result, near(ended.log)
    console.print()
    if result.verdict == "failed":
        complain(console, ended.problems)
        say(console, f"Log: {log}", "dim")
        return
    color = "green" if result.verdict == "blessed" else "red"
    word = "Blessed" if result.verdict == "blessed" else "Not blessed"
    console.print(Text.assemble((word, f"bold {color}"), f": {result.reason}"), soft_wrap=True)
    if result.pushed:
        pushed = pathlib.Path(result.pushed)
        say(console, f"Pushed to {near(pushed)}")
        python = near(pathlib.Path(sys.executable))
        say(console, f"Query it: {python} {near(_query_path(ended))}")
    else:
        say(console, "Nothing was pushed; what was served before still is.")
    say(console, f"{result.seconds:.0f} s in all. Log: {log}", "dim")
