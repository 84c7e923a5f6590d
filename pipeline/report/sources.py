"""Where the facts of a run lie, and why some are not there."""

import dataclasses
import pathlib
from collections.abc import Sequence

from pipeline.history.past import Past
from pipeline.history.sizes import artifact


@dataclasses.dataclass(frozen=True)
class Absent:
    """Why there is nothing to show."""

    why: str


def output(run: Past, nodes: Sequence[str], key: str) -> pathlib.Path | Absent:
    """The folder of an output, or why there is none.

    Args:
        run: whose output.
        nodes: that may have made it; a pipeline has one of them.
        key: of the output.
    """
    made = next((run.records[name] for name in nodes if name in run.records), None)
    if made is None:
        return Absent(_without(run, nodes))
    outputs = made.outputs.get(key)
    if not outputs:
        return Absent(f"{made.node} gave no {key}")
    folder = artifact(run.folder.parent, outputs[0].uri)
    return folder or Absent(
        f"what {made.node} made has been removed, or does not lie in this folder of runs"
    )


def _without(run: Past, nodes: Sequence[str]) -> str:
    """Why a node has made nothing."""
    node = next((each for each in run.nodes if each.name in nodes), None)
    if node is None:
        return f"{' or '.join(nodes)} was not part of this run"
    match node.state:
        case "failed":
            return f"{node.name} failed"
        case "skipped":
            cause = next((each.name for each in run.nodes if each.state == "failed"), None)
            after = f": {cause} failed" if cause else ": the run was cut short"
            return f"{node.name} did not run{after}"
        case "done":
            return f"the run keeps no record of {node.name}"
        case _:
            return f"{node.name} has not ended"
