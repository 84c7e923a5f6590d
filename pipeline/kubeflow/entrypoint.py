"""What runs in a pod of Kubeflow Pipelines: one node of the DAG.

TFX's own entrypoint (1.21.0, kubeflow/v2/container/kubeflow_v2_run_executor.py) dies of the types
that open-source KFP loses, writes to URIs that are not uploaded, and relies on a driver of
ExampleGen that is never run; docs/decisions/kubeflow.md.
"""

import argparse
import contextlib
import json
import logging
import os
import pathlib
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any

from pipeline import process
from pipeline.failure import explained
from pipeline.kubeflow.node import Node

_RUN_ID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_TERMINATION_LOG = pathlib.Path("/dev/termination-log")  # Kubernetes shows it as the pod's message


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the node that the arguments describe.

    Returns:
        The exit code: as `headrace run --help` lists them.
    """
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.entrypoint")
    parser.add_argument("--node", required=True, help="the node (pipeline.kubeflow.node), as JSON")
    parser.add_argument("--input", required=True, help="KFP's ExecutorInput, as JSON")
    given = parser.parse_args(arguments)
    try:
        run(Node.model_validate_json(given.node), given.input)
    except Exception as error:
        traceback.print_exc()
        code, problems = explained(error)
        _tell("; ".join(problems))
        return int(code)
    return 0


def run(node: Node, executor_input: str) -> None:
    """Runs a node's executor on what KFP's launcher has downloaded, and writes what it uploads.

    Args:
        node: the node.
        executor_input: KFP's ExecutorInput, as JSON.
    """
    import keras  # noqa: F401  before Transform's executor: else tf.keras is Keras 2
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2 as pb
    from tfx.orchestration.portable import outputs_utils

    from pipeline.kubeflow.artifacts import Names, check_moved, properties
    from pipeline.kubeflow.engine import shared

    _log()
    given = json_format.Parse(executor_input, pb.ExecutorInput(), ignore_unknown_fields=True)
    names = Names()
    inputs = names.read(given.inputs.artifacts, node.inputs)
    outputs = names.read(given.outputs.artifacts, node.outputs)
    values = properties(given.inputs.parameter_values, node.integers)
    _overlay(values, node.overlays)
    if node.resolves_span:
        _resolve_span(values, outputs)
    for artifacts in outputs.values():
        pathlib.Path(artifacts[0].uri).mkdir(parents=True, exist_ok=True)
    with shared(node.shared, inputs, outputs) if node.shared else _scratch() as folder:
        places = {key: artifacts[0].uri for key, artifacts in outputs.items()}
        executor = _executor(node, folder, _run_of(given))
        process.imported()
        executor.Do(inputs, outputs, values)
        check_moved(places, outputs)
    outputs_utils.tag_output_artifacts_with_version(outputs)
    told = pathlib.Path(given.outputs.output_file)
    told.parent.mkdir(parents=True, exist_ok=True)
    told.write_text(json_format.MessageToJson(names.written(outputs)), encoding="utf-8")


def _scratch() -> contextlib.AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="headrace-")


def _run_of(given: Any) -> str | None:
    """The id of the run: KFP's driver puts it into the URI of each output (driver/driver.go)."""
    listed = given.outputs.artifacts.values()
    uris = [artifact.uri for found in listed for artifact in found.artifacts]
    return next((match[0] for uri in uris if (match := re.search(_RUN_ID, uri))), None)


def _executor(node: Node, folder: str, run: str | None) -> Any:
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.dsl.components.base.base_executor import BaseExecutor
    from tfx.utils import import_utils

    made = import_utils.import_class_by_path(node.executor)
    told = {"tmp_dir": folder, "unique_id": "pod", "pipeline_run_id": run}
    if issubclass(made, BaseBeamExecutor):
        return made(made.Context(beam_pipeline_args=list(node.beam), **told))
    assert issubclass(made, BaseExecutor)
    return made(made.Context(extra_flags=list(node.beam), **told))


def _overlay(values: dict[str, Any], overlays: dict[str, tuple[str, ...]]) -> None:
    """Puts runtime parameters in the place of the execution properties that they replace."""
    for parameter, paths in overlays.items():
        given = values.pop(parameter, None)
        if given:
            for path in paths:
                _replace(values, path, given)


def _replace(values: dict[str, Any], path: str, given: Any) -> None:
    name, *keys = path.split(".")
    if not keys:
        values[name] = given
        return
    content = json.loads(values.get(name) or "{}")
    table = content
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = given
    values[name] = json.dumps(content)


def _resolve_span(values: dict[str, Any], outputs: dict[str, list[Any]]) -> None:
    """What ExampleGen's driver does before its executor: finds span, version and fingerprint.

    KFP has no such hook (`lifecycle.preCacheCheck` is ignored).
    """
    from tfx.components.example_gen import driver, input_processor, utils
    from tfx.proto import example_gen_pb2, range_config_pb2
    from tfx.utils import proto_utils

    config, chosen = example_gen_pb2.Input(), None
    proto_utils.json_to_proto(values["input_config"], config)
    if values.get("range_config"):
        chosen = proto_utils.json_to_proto(values["range_config"], range_config_pb2.RangeConfig())
    base = values["input_base"]
    processor = input_processor.FileBasedInputProcessor(base, config.splits, chosen)
    span, version = processor.resolve_span_and_version()
    for split in config.splits:
        split.pattern = processor.get_pattern_for_span_version(split.pattern, span, version)
    values["input_config"] = proto_utils.proto_to_json(config)
    values[utils.SPAN_PROPERTY_NAME] = span
    values[utils.VERSION_PROPERTY_NAME] = version
    fingerprint = processor.get_input_fingerprint(span, version)
    values[utils.FINGERPRINT_PROPERTY_NAME] = fingerprint
    driver.update_output_artifact(values, outputs["examples"][0].mlmd_artifact)


def _log() -> None:
    from modules.progress import LOGGER

    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    LOGGER.setLevel(logging.INFO)


def _tell(problem: str) -> None:
    """The one line that people read first: the last of the log, and the pod's message."""
    line = f"headrace: {problem}"
    print(line, file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):
        if os.access(_TERMINATION_LOG, os.W_OK):
            _TERMINATION_LOG.write_text(line[:4096], encoding="utf-8")


if __name__ == "__main__":
    process.begin()
    process.end(main())
