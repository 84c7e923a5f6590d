"""TFX's own LocalDagRunner: every node in one process, one after another, without a cache."""

import pathlib
from collections.abc import Callable

from tfx.dsl.compiler import constants
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline import lineage
from pipeline.local.outcome import outcome
from pipeline.local.result import Event, Planned, Started


def run_stock(
    compiled: pipeline_pb2.Pipeline,
    runs: pathlib.Path,
    run_id: str,
    tell: Callable[[Event], None],
) -> None:
    """Runs a compiled pipeline; the runner has no place to report from, so all is told at the end.

    Raises:
        Exception: the first of a node, which ends the run.
    """
    nodes = {each.pipeline_node.node_info.id: each.pipeline_node for each in compiled.nodes}
    tell(Planned(nodes=list(nodes)))
    runtime_parameter_utils.substitute_runtime_parameter(
        compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    LocalDagRunner().run_with_ir(compiled)
    found = lineage.latest_executions(runs, compiled.pipeline_info.id)
    for name, (execution, seconds) in found.items():
        tell(Started(node=name))
        published = lineage.output_artifacts(lineage.connection(runs), execution)
        ended = outcome(name, nodes[name].node_info.type.name, published)
        tell(ended.model_copy(update={"seconds": seconds}))
