"""Where the facts of a run lie, and why some are not there."""

import dataclasses
import enum
import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

from pipeline.history.past import Past
from pipeline.history.sizes import artifact


@dataclasses.dataclass(frozen=True)
class Absent:
    """Why there is nothing to show."""

    why: str


class Output(enum.Enum):
    """What a report reads of a run: the nodes of which one gives it, and its key."""

    STATISTICS = (("StatisticsGen",), "statistics")
    SCHEMA = (("ImportSchemaGen", "SchemaGen"), "schema")
    ANOMALIES = (("ExampleValidator",), "anomalies")
    TRAINING = (("Trainer",), "model_run")
    EVALUATION = (("Evaluator",), "evaluation")
    VERDICT = (("Evaluator",), "blessing")
    SERVING_CHECK = (("ServingValidator",), "blessing")
    FORMATS = (("Converter",), "formats")
    PUSHED = (("Pusher",), "pushed_model")  # where there is no result.json that tells of it

    def __init__(self, nodes: Sequence[str], key: str) -> None:
        self.nodes = nodes
        self.key = key

    @property
    def without_node(self) -> Absent:
        """Why a run whose pipeline has none of the nodes has no such output."""
        return Absent(f"{' or '.join(self.nodes)} was not part of this run")


# The folder of an output, or why there is none: all that is asked of a run, wherever it ran.
Outputs: TypeAlias = Callable[[Output], pathlib.Path | Absent]


def outputs_of(run: Past) -> Outputs:
    """The outputs of a run on this machine."""
    return functools.partial(_output, run)


def _output(run: Past, output: Output) -> pathlib.Path | Absent:
    made = next((run.records[name] for name in output.nodes if name in run.records), None)
    if made is None:
        return _without(run, output)
    outputs = made.outputs.get(output.key)
    if not outputs:
        return Absent(f"{made.node} gave no {output.key}")
    folder = artifact(run.folder.parent, outputs[0].uri)
    return folder or Absent(
        f"what {made.node} made has been removed, or does not lie in this folder of runs"
    )


def _without(run: Past, output: Output) -> Absent:
    """Why a node has made nothing."""
    node = next((each for each in run.nodes if each.name in output.nodes), None)
    if node is None:
        return output.without_node
    match node.state:
        case "failed":
            return Absent(f"{node.name} failed")
        case "skipped":
            cause = next((each.name for each in run.nodes if each.state == "failed"), None)
            after = f": {cause} failed" if cause else ": the run was cut short"
            return Absent(f"{node.name} did not run{after}")
        case "done":
            return Absent(f"the run keeps no record of {node.name}")
        case _:
            return Absent(f"{node.name} has not ended")
