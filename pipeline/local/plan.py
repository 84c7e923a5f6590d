"""The DAG as the local runner sees it, read from TFX's compiled pipeline without importing TFX."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

_RESOLVER = "tfx.dsl.components.common.resolver.Resolver"
_DOTTED = re.compile(r"(?:components|modules|pipeline)(?:\.\w+)+")  # a function of ours, by name
_HOOK = re.compile(r"([^:\s]+\.py):\w+")  # a function of the user's


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a node's input comes from."""

    node: str
    output: str


@dataclasses.dataclass(frozen=True)
class Step:
    """A node of the DAG."""

    name: str
    component: str  # its class
    executor: str  # class of what it runs; of a Resolver, its strategy
    properties: dict[str, Any]  # parsed where they are JSON
    inputs: dict[str, tuple[Source, ...]]
    outputs: tuple[str, ...]
    upstream: frozenset[str]
    contexts: tuple[tuple[str, str | None], ...]  # type and name in ML Metadata; None: the run's id

    @property
    def looks_up(self) -> bool:
        """Whether it takes artifacts of earlier runs from ML Metadata."""
        return self.component == _RESOLVER

    @property
    def modules(self) -> list[str]:
        """Modules that hold what it runs."""
        names = [self.executor, *(text for text in _texts(self.properties) if _is_dotted(text))]
        return list(dict.fromkeys(name.rpartition(".")[0] for name in names))

    @property
    def hooks(self) -> list[str]:
        """Files of the user's that it runs, as the spec names them."""
        found = (_HOOK.fullmatch(text) for text in _texts(self.properties))
        return list(dict.fromkeys(match[1] for match in found if match))


@dataclasses.dataclass(frozen=True)
class Dag:
    """What is to be run."""

    compiled: pipeline_pb2.Pipeline  # the whole pipeline, its run id still to be filled in
    steps: Mapping[str, Step]  # by name; of a partial run, a part


def steps(compiled: pipeline_pb2.Pipeline) -> dict[str, Step]:
    """By name, the nodes of a compiled pipeline, in the order in which it lists them."""
    executors = _executors(compiled)
    found = [_step(node.pipeline_node, executors) for node in compiled.nodes]
    return {step.name: step for step in found}


def _step(node: pipeline_pb2.PipelineNode, executors: Mapping[str, str]) -> Step:
    name, component = node.node_info.id, node.node_info.type.name
    properties = {
        key: parsed(getattr(value.field_value, value.field_value.WhichOneof("value")))
        for key, value in node.parameters.parameters.items()
        if value.WhichOneof("value") == "field_value"
    }
    executor = executors.get(name, component)
    if component == _RESOLVER:
        executor, properties = _strategy(node)
    return Step(
        name=name,
        component=component,
        executor=executor,
        properties=properties,
        inputs={
            key: sources
            for key, spec in sorted(node.inputs.inputs.items())
            if (sources := _sources(spec))
        },
        outputs=tuple(sorted(node.outputs.outputs)),
        upstream=frozenset(node.upstream_nodes),
        contexts=tuple(_context(context) for context in node.contexts.contexts),
    )


def _sources(spec: pipeline_pb2.InputSpec) -> tuple[Source, ...]:
    """The outputs that an input is; none where it is whatever ML Metadata has."""
    return tuple(
        Source(channel.producer_node_query.id, channel.output_key)
        for channel in spec.channels
        if channel.producer_node_query.id
    )


def _strategy(node: pipeline_pb2.PipelineNode) -> tuple[str, dict[str, Any]]:
    """The class that chooses among artifacts, and what it is told."""
    for graph in node.inputs.input_graphs.values():
        for each in graph.nodes.values():
            if each.HasField("op_node"):
                told = json_format.MessageToDict(each.op_node)["kwargs"]
                values = {key: _of_value(value) for key, value in sorted(told.items())}
                return each.op_node.op_type, values
    return _RESOLVER, {}


def _of_value(value: Any) -> Any:
    """The plain value within a placeholder's message."""
    while isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return parsed(value)


def _context(context: pipeline_pb2.ContextSpec) -> tuple[str, str | None]:
    name = context.name
    fixed = name.HasField("field_value")
    return context.type.name, name.field_value.string_value if fixed else None


def _executors(compiled: pipeline_pb2.Pipeline) -> dict[str, str]:
    """By node, the class of its executor."""
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    compiled.deployment_config.Unpack(deployment)
    found = {}
    for name, packed in deployment.executor_specs.items():
        python = executable_spec_pb2.PythonClassExecutableSpec()
        beam = executable_spec_pb2.BeamExecutableSpec()
        if packed.Unpack(python):
            found[name] = python.class_path
        elif packed.Unpack(beam):
            found[name] = beam.python_executor_spec.class_path
    return found


def parsed(value: Any) -> Any:
    """A value with the JSON in its texts read, however deep, so that differences have a path."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return parsed(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: parsed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [parsed(inner) for inner in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_dotted(text: str) -> bool:
    return _DOTTED.fullmatch(text) is not None
