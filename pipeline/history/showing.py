"""`headrace show`: all there is to know about a run."""

import pathlib
import shlex

import pydantic
from rich.console import Console
from rich.text import Text

from components.evaluator.verdict import Judged, Outcome
from pipeline.console import near, say
from pipeline.failure import ExitCode
from pipeline.history.answering import answered
from pipeline.history.columns import figures, print_columns, size
from pipeline.history.folder import LOG, folder_of_runs
from pipeline.history.listing import seconds_of, verdict
from pipeline.history.past import Past, Standing, past
from pipeline.history.sizes import artifact, measured
from pipeline.local.display.wording import duration, memory, one_line
from pipeline.local.result import Node, Request, State

_INDENT = 4
_RULES = 20  # on each of its slices; more are told with --json only
_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "holds": ("holds", "green"),
    "broken": ("broken", "red"),
    "too_few_rows": ("not judged", "yellow"),
    "no_baseline": ("not judged", "yellow"),
}


class ShownArtifact(pydantic.BaseModel):
    """What came out of a node."""

    output: str
    type: str
    uri: str
    bytes: int | None  # None: it is gone, or not in the folder of the runs


class ShownNode(pydantic.BaseModel):
    """A node of the run."""

    name: str
    state: State
    cached: bool
    ran_in: str | None  # the run that really ran it
    started: float | None  # seconds after the run
    seconds: float
    peak_mb: float | None
    summary: str  # what came out, in a line
    why: list[str]
    log: str | None
    artifacts: list[ShownArtifact]


class Shown(pydantic.BaseModel):
    """The one JSON object of `headrace show --json`."""

    run: str
    folder: str
    when: str
    pipeline: str | None
    verdict: Standing
    reason: str
    metrics: dict[str, float]
    rules: list[Judged]  # the broken ones first
    pushed: str | None
    seconds: float | None
    spec_file: str | None
    overrides: list[str]
    asked: list[str]  # options of the command line beside these
    resumes: str | None
    nodes: list[ShownNode]


def show_command(name: str, given: pathlib.Path | None, as_json: bool) -> ExitCode:
    """Prints a run."""
    return answered(as_json, lambda: shown(past(folder_of_runs(given), name)), _show)


def shown(run: Past) -> Shown:
    """All there is to know about a run."""
    result, request = run.result, run.request
    return Shown(
        run=run.id,
        folder=str(run.folder),
        when=run.when,
        pipeline=run.pipeline,
        verdict=run.standing,
        reason=run.reason,
        metrics=result.metrics if result else {},
        rules=sorted(result.rules, key=lambda rule: rule.outcome != "broken") if result else [],
        pushed=run.pushed,
        seconds=seconds_of(run),
        spec_file=request.spec_file if request else None,
        overrides=request.overrides if request else [],
        asked=_asked(request) if request else [],
        resumes=request.resumes if request else None,
        nodes=[_node(run, node) for node in run.nodes],
    )


def _asked(request: Request) -> list[str]:
    """What the command line asked for, in its own words."""
    options = [f"--no-cache-for {node}" for node in request.uncached]
    if request.uncached == ["*"]:
        options = ["--no-cache"]
    if request.first and request.first == request.last:
        return [f"--only {request.first}", *options]
    named = {"--from": request.first, "--to": request.last}
    return [f"{option} {node}" for option, node in named.items() if node] + options


def _node(run: Past, node: Node) -> ShownNode:
    made, log = run.records.get(node.name), run.log(node)
    artifacts = []
    for output, found in made.outputs.items() if made else ():
        for one in found:
            path = artifact(run.folder.parent, one.uri)
            taken = measured(path) if path else None
            artifacts.append(ShownArtifact(output=output, type=one.type, uri=one.uri, bytes=taken))
    return ShownNode(
        **node.model_dump(
            include={"name", "state", "cached", "started", "seconds", "peak_mb", "why"}
        ),
        ran_in=made.run if made else None,
        summary=made.finished.summary if made else "",
        log=str(log) if log else None,
        artifacts=artifacts,
    )


def print_head(console: Console, told: Shown) -> None:
    """Prints how a run ended, and why."""
    title = Text.assemble(
        "Run ", (told.run, "bold"), f" of {told.pipeline or 'nobody knows what'}: "
    )
    console.print(title.append(*verdict(told.verdict)), soft_wrap=True)
    took = "" if told.seconds is None else f", {duration(told.seconds)}"
    rows = {
        "reason": told.reason,
        "when": told.when.replace("T", " ") + took,
        "metrics": figures(told.metrics),
        "pushed": _near(told.pushed) if told.pushed else "nothing",
        "spec": _spec(told),
        "resumes": f"run {told.resumes}" if told.resumes else "",
        "log": _near(f"{told.folder}/{LOG}"),
    }
    print_columns(
        console, [((key, "dim"), value) for key, value in rows.items() if value], indent=2
    )


def _show(console: Console, told: Shown) -> None:
    print_head(console, told)
    _show_rules(console, told.rules)
    labels = [one.output for node in told.nodes for one in node.artifacts]
    width = max(map(len, labels), default=0)
    for node in told.nodes:
        say(console, "")
        _show_node(console, node, width)


def _show_rules(console: Console, rules: list[Judged]) -> None:
    if not rules:
        return
    say(console, "")
    console.print(Text("Rules", "bold"))
    rows = [(_OUTCOMES[rule.outcome], one_line(rule.sentence)) for rule in rules[:_RULES]]
    print_columns(console, rows, indent=_INDENT)
    if len(rules) > _RULES:
        say(console, f"{' ' * _INDENT}and {len(rules) - _RULES} more: --json lists all", "dim")


def _spec(told: Shown) -> str:
    """The spec as it was given on the command line."""
    if told.spec_file is None:
        return "not known"
    overrides = [f"--set {shlex.quote(override)}" for override in told.overrides]
    return " ".join([_near(told.spec_file), *overrides, *told.asked])


def _show_node(console: Console, node: ShownNode, width: int) -> None:
    console.print(Text.assemble((one_line(node.name), "bold"), f"  {_how(node)}"), soft_wrap=True)
    rows = [("why", one_line(reason), "") for reason in node.why]
    rows += [("made", node.summary, "")] if node.summary else []
    rows += [("log", _near(node.log), "")] if node.log else []
    rows += [(one.output, _near(one.uri), size(one.bytes) or "gone") for one in node.artifacts]
    print_columns(
        console,
        [
            ((f"{what:{width}}", "dim"), f"{text}  {more}" if more else text)
            for what, text, more in rows
        ],
        indent=_INDENT,
    )


def _how(node: ShownNode) -> str:
    """`done, 13.4 s, 412 MB`, or where it came from."""
    if node.cached:
        return f"cached, of run {node.ran_in}" if node.ran_in else "cached"
    took = duration(node.seconds) if node.seconds else ""
    return ", ".join(part for part in (node.state, took, memory(node.peak_mb)) if part)


def _near(path: str) -> str:
    return str(near(pathlib.Path(path)))
