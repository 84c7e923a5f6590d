"""The process that runs the DAG: all that is heavy to import, and all that may crash.

It is given a request (JSON, a file) and tells the parent how it goes, a JSON event a line on a
pipe. Its output goes to the run's log.
"""

import contextlib
import logging
import os
import pathlib
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator

from pipeline import process
from pipeline.failure import explained
from pipeline.local.result import (
    Event,
    Failed,
    Planned,
    Progress,
    Request,
    Started,
)

Tell = Callable[[Event], None]


def main() -> None:
    """Runs the request of the file named first; events go to the descriptor named second."""
    request = Request.model_validate_json(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    _die_with_the_parent()
    process.begin()
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8", buffering=1) as pipe:

        def tell(event: Event) -> None:
            pipe.write(event.model_dump_json() + "\n")

        with _failures_told(tell):
            _run(request, tell)
    process.end(0)


def _run(request: Request, tell: Tell) -> None:
    from tfx.dsl.compiler import compiler, constants
    from tfx.orchestration import metadata
    from tfx.orchestration.local import runner_utils
    from tfx.orchestration.portable import launcher, runtime_parameter_utils

    from components.example_gen import files
    from modules import progress
    from pipeline.graph import Places, build_pipeline
    from pipeline.lineage import output_artifacts
    from pipeline.local.outcome import outcome
    from pipeline.spec import Spec

    spec, folder = Spec.model_validate_json(request.spec), pathlib.Path(request.spec_folder)
    data = files.locate(spec.data.source, spec.data.format, folder)
    runs = pathlib.Path(request.runs)
    pipeline = build_pipeline(spec, Places(folder, data, str(runs / "artifacts"), request.serving))
    database = metadata.sqlite_metadata_connection_config(str(runs / "metadata.sqlite"))
    pipeline.metadata_connection_config = database
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: request.run_id}
    )
    deployment = runner_utils.extract_local_deployment_config(ir)
    connection = deployment.metadata_connection_config.database_connection_config
    nodes = [node.pipeline_node for node in ir.nodes]
    progress.LOGGER.addHandler(_Telling(tell))
    progress.LOGGER.setLevel(logging.INFO)
    tell(Planned(nodes=[node.node_info.id for node in nodes]))
    # As TFX's LocalDagRunner does (1.21.0), which has no place to report from.
    for node in nodes:
        name = node.node_info.id
        tell(Started(node=name))
        executed = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=ir.pipeline_info,
            pipeline_runtime_spec=ir.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        ).launch()
        published = output_artifacts(connection, executed.execution_id)
        tell(outcome(name, node.node_info.type.name, published))


class _Telling(logging.Handler):
    """Hands on what a step says of its progress."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tells one message."""
        self._tell(Progress(text=record.getMessage()))


@contextlib.contextmanager
def _failures_told(tell: Tell) -> Iterator[None]:
    """Turns whatever is raised into one event; the log has the whole trace."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        code, problems = explained(error)
        tell(Failed(exit_code=code, problems=problems))
        sys.exit(1)


def _die_with_the_parent() -> None:
    """Ends this process group when the parent is gone, whatever ended it."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock aborts the interpreter at its end.
        os.read(sys.stdin.fileno(), 1)  # returns when the parent's end is closed
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
