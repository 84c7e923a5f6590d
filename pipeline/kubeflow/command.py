"""`headrace compile` as people see it."""

import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import yaml
from rich.console import Console

from modules.errors import InputProblem, SpecError
from pipeline import spec as spec_of
from pipeline.console import complain, libraries_quiet, near, say
from pipeline.failure import ExitCode, exit_code


def compile_command(
    spec_file: pathlib.Path,
    overrides: Sequence[str],
    output: str | None,
    checked: bool,
    vertex: bool = False,
) -> int:
    """Writes a spec as Kubeflow Pipelines takes it, or Vertex AI.

    Args:
        spec_file: the TOML file.
        overrides: `key.path=value` each.
        output: the file to write, `-` for the terminal; None: `pipeline.yaml` beside the spec.
        checked: whether what the server would refuse is refused here.
        vertex: whether it is for Vertex AI, as TFX's own compiler writes it.

    Returns:
        The exit code, as `headrace compile --help` lists them.
    """
    console = Console(stderr=output == "-", highlight=False)
    folder = spec_file.absolute().parent
    try:
        spec = spec_of.load(spec_file, overrides)
        text = _for_vertex(spec, folder) if vertex else compiled(spec, folder, checked)
    except InputProblem as problem:
        complain(console, problem.problems)
        return exit_code(problem)
    if output == "-":
        sys.stdout.write(text)
        return ExitCode.BLESSED
    target = pathlib.Path(output or folder / ("pipeline.json" if vertex else "pipeline.yaml"))
    try:
        _write(target, text)
    except OSError as error:
        complain(console, [f"{target}: cannot be written: {error.strerror}"])
        return ExitCode.BAD_SPEC
    if vertex:
        say(console, f"Wrote {near(target)}, a job of Vertex AI Pipelines")
    else:
        _conclude(console, target, next(yaml.safe_load_all(text)), checked)
    return ExitCode.BLESSED


def compiled(spec: spec_of.Spec, folder: pathlib.Path, checked: bool = True) -> str:
    """Both documents of a spec, as YAML.

    Raises:
        SpecError: if the server would refuse them, with every reason.
        DataError: if the format of the data cannot be told.
    """
    with libraries_quiet():
        from pipeline.kubeflow.build import build
        from pipeline.kubeflow.check import check

        made = build(spec, folder)
        problems = check(made.documents()) if checked else []
    if problems:
        raise SpecError(problems)
    return made.yaml()


def _for_vertex(spec: spec_of.Spec, folder: pathlib.Path) -> str:
    with libraries_quiet():
        from pipeline.kubeflow.vertex import vertex_job

        return vertex_job(spec, folder)


def _write(target: pathlib.Path, text: str) -> None:
    """Whole or not at all."""
    beside = target.with_name(f".{target.name}.writing")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _conclude(console: Console, target: pathlib.Path, spec: dict[str, Any], checked: bool) -> None:
    tasks = spec["components"]["comp-pipeline"]["dag"]["tasks"]
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    say(console, f"Wrote {near(target)}: {len(tasks)} tasks, {target.stat().st_size:,} bytes")
    say(console, f"Given when a run starts, if at all: {', '.join(sorted(parameters))}")
    if checked:
        say(console, "Checked against what Kubeflow Pipelines 2.16 and 2.17 refuse", "dim")
