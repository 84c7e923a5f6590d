"""`headrace explain`: why a node ran, or did not have to."""

import pathlib

import pydantic
from rich.console import Console

from modules.errors import SpecError, did_you_mean
from pipeline.console import near, say
from pipeline.failure import ExitCode
from pipeline.history.answering import answered
from pipeline.history.columns import count, print_columns
from pipeline.history.folder import folder_of_runs
from pipeline.history.past import Past, past
from pipeline.local.display.wording import duration, memory, printable
from pipeline.local.record import Parts
from pipeline.local.result import Node

_DIGEST = 8  # characters of a digest that tell it from others


class Explained(pydantic.BaseModel):
    """What a node's run depended on."""

    node: Node
    run: str
    made_in: str | None  # the run that really ran it; None: it did not end well
    why: list[str]
    log: str | None
    key: str | None  # digest of the parts
    parts: Parts | None


def explain_command(node: str, run: str, given: pathlib.Path | None) -> ExitCode:
    """Prints why a node ran, or was served by the cache."""
    return answered(False, lambda: explained(past(folder_of_runs(given), run), node), _show)


def explained(run: Past, name: str) -> Explained:
    """Why a node ran in a run, or was served by the cache.

    Raises:
        SpecError: if the run has no such node.
    """
    nodes = {node.name: node for node in run.nodes}
    if name not in nodes:
        known = f", expected one of {', '.join(nodes)}" if nodes else ": none had begun"
        raise SpecError([f"run {run.id}: no node {name!r}{known}{did_you_mean(name, nodes)}"])
    node, made, log = nodes[name], run.records.get(name), run.log(nodes[name])
    return Explained(
        node=node,
        run=run.id,
        made_in=made.run if made else None,
        why=node.why or [_without_reason(run, node)],
        log=str(log) if log else None,
        key=made.key if made else None,
        parts=made.parts if made else None,
    )


def _without_reason(run: Past, node: Node) -> str:
    if node.state == "skipped":
        return "a node that it depends on failed, or the run was cut short"
    if node.cached:
        return "the cache had what the same inputs, code and settings gave before"
    if node.state == "running":
        return "the run goes on; what it prints with --verbose says why its nodes run"
    return "the run kept no reason" + (": it was killed" if run.standing == "died" else "")


def _show(console: Console, told: Explained) -> None:
    node = told.node
    say(console, f"{printable(node.name)} {_what(told)}", "bold")
    for reason in told.why:
        say(console, f"  {printable(reason)}")
    if told.parts:
        say(console, f"\nIts key, {(told.key or '')[:_DIGEST]}, is made of", "bold")
        rows = [((name, "dim"), text) for name, text in _parts(told.parts).items()]
        print_columns(console, rows, indent=2)
    if told.log:
        say(console, f"\nLog: {near(pathlib.Path(told.log))}", "dim")


def _what(told: Explained) -> str:
    node = told.node
    if node.cached:
        of = f", which has what run {told.made_in} made" if told.made_in else ""
        return f"was served by the cache in run {told.run}{of}:"
    if node.state == "skipped":
        return f"did not run in run {told.run}:"
    took = ", ".join(part for part in (duration(node.seconds), memory(node.peak_mb)) if part)
    verb = {"failed": "ran and did not end well", "running": "is running"}.get(node.state, "ran")
    return f"{verb} in run {told.run}{f' ({took})' if node.seconds else ''}:"


def _parts(parts: Parts) -> dict[str, str]:
    """What a key is made of, in short."""
    files = [name for name in parts.code if name.endswith(".py")]
    code = count(len(parts.code) - len(files), "module")
    inputs = (
        f"{name} {', '.join(digest[:_DIGEST] for digest in digests) or 'none'}"
        for name, digests in parts.inputs.items()
    )
    return {
        "component": parts.component,
        "properties": ", ".join(parts.properties) or "none",
        "code": ", ".join([code, *files]),
        "libraries": ", ".join(f"{name} {version}" for name, version in parts.libraries.items()),
        "inputs": "; ".join(inputs) or "none",
    }
