"""`headrace doctor` as people see it."""

import dataclasses
import functools
import io
import json
import pathlib
import sys
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from pipeline.doctor import disk, environment, libraries, machine, packages, runs, spec
from pipeline.doctor.finding import Check, Finding, State, found_by
from pipeline.failure import ExitCode
from pipeline.history.columns import count
from pipeline.local.display.wording import one_line

_MARKS: dict[State, tuple[str, str, str]] = {  # also where only ASCII can be printed; and style
    "ok": ("✓", "+", "green"),
    "warning": ("!", "!", "bold yellow"),
    "problem": ("✗", "x", "bold red"),
}
_WIDTH = 18  # of the longest name of a check


def doctor_command(
    spec_file: pathlib.Path | None, folder: pathlib.Path | None, as_json: bool
) -> int:
    """Checks this machine, and a spec if one is given.

    Returns:
        The exit code, as `headrace doctor --help` lists them.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may be what is wrong
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(quiet=as_json, highlight=False)
    try:
        findings = list(_shown(console, _findings(console, spec_file, folder)))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        _conclude(console, findings)
    return int(any(finding.state == "problem" for finding in findings))


def _findings(
    console: Console, spec_file: pathlib.Path | None, folder: pathlib.Path | None
) -> Iterator[Finding]:
    """What the checks find, those that take long last."""
    for name, check in _light(spec_file, folder):
        yield from found_by(name, check)
    with console.status("files of packages") as status:
        yield from found_by("files", packages.files)
        tried = functools.partial(libraries.work, lambda name: status.update(f"trying {name}"))
        yield from found_by("libraries", tried)


def _light(
    spec_file: pathlib.Path | None, given: pathlib.Path | None
) -> Iterator[tuple[str, Check]]:
    """The checks that take no time, by name."""
    beside = spec_file.absolute().parent if spec_file else pathlib.Path.cwd()
    folder = (given or beside / "runs").absolute()
    yield "Python", environment.python
    yield "C library", environment.c_library
    yield "packages", packages.versions
    yield "bytecode", environment.bytecode
    yield "encoding", environment.encoding
    yield "processors", machine.processors
    yield "memory", machine.memory
    yield "shared memory", machine.shared_memory
    yield "open files", machine.open_files
    yield "disk", functools.partial(disk.room, "disk", folder, "--runs")
    yield "temporary files", disk.temporary_files
    yield "folders", functools.partial(disk.usable, folder, "--runs")
    yield "clock", functools.partial(runs.clock, folder)
    yield "runs", functools.partial(runs.going_on, folder)
    if spec_file:
        yield "spec", functools.partial(spec.usable, spec_file, folder)


def _shown(console: Console, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, each printed as it comes."""
    for finding in findings:
        mark, plain, style = _MARKS[finding.state]
        shown = plain if console.options.ascii_only else mark
        text = f" {finding.check:{_WIDTH}}  {one_line(finding.text)}"
        console.print(Text.assemble((shown, style), text), soft_wrap=True)
        if finding.mend:
            mend = Text(f"{'':{_WIDTH + 4}}{one_line(finding.mend)}", style="bold")
            console.print(mend, soft_wrap=True)
        yield finding


def _conclude(console: Console, findings: list[Finding]) -> None:
    states = [finding.state for finding in findings]
    counts = [(states.count(state), state) for state in ("problem", "warning") if state in states]
    told = " and ".join(count(number, state) for number, state in counts)
    console.print()
    if "problem" in states:
        console.print(Text(told, style="bold red"))
    elif counts:
        console.print(Text(told, style="bold yellow"))
    else:
        console.print(Text("All is well.", style="green"))
