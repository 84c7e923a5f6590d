"""`headrace doctor` as people see it."""

import functools
import pathlib
from collections.abc import Iterator, Sequence

import pydantic
from rich.console import Console
from rich.text import Text

from pipeline.doctor import environment, libraries, machine, places
from pipeline.doctor import spec as spec_checks
from pipeline.doctor.finding import Check, Finding, found_by
from pipeline.failure import ExitCode

_MARKS = {
    "ok": Text("✓", style="green"),
    "warning": Text("!", style="bold yellow"),
    "problem": Text("✗", style="bold red"),
}
_WIDTH = 18  # of the longest name of a check


def doctor_command(
    spec_file: pathlib.Path | None, runs: pathlib.Path | None, as_json: bool
) -> ExitCode:
    """Checks this machine, and a spec if one is given.

    Returns:
        1 if there is a problem, else 0.
    """
    console = Console(quiet=as_json, highlight=False)
    findings: list[Finding] = []
    for name, check in _checks(spec_file, runs):
        if name == "libraries":
            with console.status("importing TensorFlow and TFX"):
                found = found_by(name, check)
        else:
            found = found_by(name, check)
        findings += found
        _show(console, found)
    if as_json:
        print(pydantic.TypeAdapter(list[Finding]).dump_json(findings, indent=1).decode())
    else:
        _conclude(console, findings)
    bad = any(finding.state == "problem" for finding in findings)
    return ExitCode.CRASH if bad else ExitCode.BLESSED


def _checks(
    spec_file: pathlib.Path | None, runs: pathlib.Path | None
) -> Iterator[tuple[str, Check]]:
    """The checks by name, those that take long last."""
    folder = spec_file.absolute().parent if spec_file else pathlib.Path.cwd()
    runs = (runs or folder / "runs").absolute()
    written, data = [folder, runs], 0
    if spec_file:
        spec = spec_checks.loaded(spec_file)
        if spec:
            written.append(folder / spec.push.to if spec.push.to else runs / "serving")
            data = spec_checks.bytes_of_data(spec, folder)
    yield "Python", environment.python
    yield "C library", environment.c_library
    yield "packages", environment.packages
    yield "bytecode", environment.bytecode
    yield "encoding", environment.encoding
    yield "processors", machine.processors
    yield "memory", machine.memory
    yield "disk", functools.partial(machine.disk, runs, data)
    yield "open files", machine.open_files
    yield "permissions", functools.partial(places.writable, written)
    yield "clock", functools.partial(places.clock, runs)
    yield "runs", functools.partial(places.going_on, runs)
    if spec_file:
        yield "spec", functools.partial(spec_checks.usable, spec_file)
    yield "libraries", libraries.work


def _show(console: Console, findings: Sequence[Finding]) -> None:
    for finding in findings:
        line = Text.assemble(_MARKS[finding.state], f" {finding.check:{_WIDTH}}  ", finding.text)
        console.print(line, soft_wrap=True)
        if finding.mend:
            console.print(Text(f"{'':{_WIDTH + 4}}{finding.mend}", style="bold"), soft_wrap=True)


def _conclude(console: Console, findings: Sequence[Finding]) -> None:
    problems = sum(finding.state == "problem" for finding in findings)
    warnings = sum(finding.state == "warning" for finding in findings)
    console.print()
    if not problems and not warnings:
        console.print(Text("All is well.", style="green"))
        return
    counts = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for count, word in ((problems, "problem"), (warnings, "warning"))
        if count
    ]
    console.print(Text(" and ".join(counts), style="bold red" if problems else "bold yellow"))
