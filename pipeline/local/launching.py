"""What a node's own process does: TFX's launcher, and what came of it.

Runs in a fork of the worker, which has imported all of this and has no database open.
"""

import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any, Literal

import pydantic
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import Artifact

from modules import progress
from modules.errors import InputProblem
from pipeline import lineage
from pipeline.local.cache import contents
from pipeline.local.outcome import outcome
from pipeline.local.record import Output
from pipeline.local.result import Finished

MODEL_RUN = "model_run"  # output of a Trainer: where its checkpoints lie, among others


class Done(pydantic.BaseModel):
    """A node has ended well, as its process tells it."""

    # As in Finished.
    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    event: Literal["done"] = "done"
    execution: int
    outputs: dict[str, list[Output]]
    finished: Finished


def launch(
    compiled: pipeline_pb2.Pipeline, runs: pathlib.Path, run_id: str, name: str, kept: pathlib.Path
) -> Done:
    """Runs a node of a compiled pipeline to its end.

    Args:
        compiled: the pipeline.
        runs: the folder of the runs.
        run_id: of the run.
        name: of the node.
        kept: where a training keeps its checkpoints until it has ended; what is there is gone on
            with.
    """
    pipeline = pipeline_pb2.Pipeline()
    pipeline.CopyFrom(compiled)
    runtime_parameter_utils.substitute_runtime_parameter(
        pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    deployment = runner_utils.extract_local_deployment_config(pipeline)
    connection = lineage.connection(runs)
    (node,) = (
        each.pipeline_node for each in pipeline.nodes if each.pipeline_node.node_info.id == name
    )
    with progress.heard() as said:
        executed = (
            _Launcher(
                pipeline_node=node,
                mlmd_connection=metadata.Metadata(connection),
                pipeline_info=pipeline.pipeline_info,
                pipeline_runtime_spec=pipeline.runtime_spec,
                executor_spec=runner_utils.extract_executor_spec(deployment, name),
                custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
            )
            .keeping(kept)
            .launch()
        )
    published = lineage.output_artifacts(connection, executed.execution_id)
    return Done(
        execution=executed.execution_id,
        outputs=_outputs(published),
        finished=outcome(name, node.node_info.type.name, published, said),
    )


def _outputs(published: Mapping[str, list[Artifact]]) -> dict[str, list[Output]]:
    """What came out, with digests; what a Resolver found, too."""
    return {
        key: [
            Output(
                id=artifact.id,
                type=artifact.type_name,
                uri=artifact.uri,
                **contents.of_artifact(artifact.uri, lineage.visible(artifact.mlmd_artifact)),
            )
            for artifact in artifacts
        ]
        for key, artifacts in published.items()
    }


class _Launcher(launcher.Launcher):
    """TFX's launcher, that takes nothing half-written for whole and loses no checkpoint."""

    _executor_operator: Any

    def keeping(self, kept: pathlib.Path) -> "_Launcher":
        """The same, with a folder for checkpoints."""
        operator: Any = self._executor_operator
        if operator is not None:  # a Resolver has none
            self._executor_operator = _Keeping(operator, kept)
        return self

    def _run_executor(self, execution_info: Any) -> Any:
        """Runs the executor; an earlier try of the same execution may have left something."""
        for artifacts in execution_info.output_dict.values():
            for artifact in artifacts:
                _remove(pathlib.Path(artifact.uri))
        return super()._run_executor(execution_info)


class _Keeping:
    """An executor's operator; while it runs, its `model_run` lies in a folder that outlives it.

    TFX removes the outputs of an execution that fails (1.21.0, portable/launcher.py), and the next
    try, or the next run, has other folders.
    """

    def __init__(self, operator: Any, kept: pathlib.Path) -> None:
        self._operator, self._kept = operator, kept

    def with_execution_watcher(self, address: str) -> "_Keeping":
        """As TFX's launcher asks for it."""
        self._operator.with_execution_watcher(address)
        return self

    def run_executor(self, execution_info: Any) -> Any:
        """Runs the executor, its checkpoints kept unless it ends well or can not at all."""
        artifacts = execution_info.output_dict.get(MODEL_RUN)
        if not artifacts:
            return self._operator.run_executor(execution_info)
        folder = pathlib.Path(artifacts[0].uri)
        self._kept.mkdir(parents=True, exist_ok=True)
        _remove(folder)
        folder.symlink_to(self._kept, target_is_directory=True)
        ended = False
        try:
            output = self._operator.run_executor(execution_info)
            ended = output.execution_result.code == 0
        except InputProblem:
            shutil.rmtree(self._kept)  # the same input would end the same way
            raise
        finally:
            folder.unlink()
            if ended:
                self._kept.rename(folder)
            else:
                folder.mkdir()  # for TFX to remove
        return output


def _remove(path: pathlib.Path) -> None:
    """Removes a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
