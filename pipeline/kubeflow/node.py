"""What a pod is told of the node it runs: an argument of its command, as JSON."""

import pydantic

from modules.spec.part import Part


class Node(Part):
    """A node of the pipeline. Classes are named by their import path."""

    executor: str
    inputs: dict[str, str] = pydantic.Field(
        default_factory=dict
    )  # artifact class by input; Kubeflow loses it (gap 5)
    outputs: dict[str, str] = pydantic.Field(default_factory=dict)
    integers: tuple[str, ...] = ()  # execution properties; in a pod every number is a float
    resolves_span: bool = False  # whether TFX's ExampleGen driver has to run first
    # Runtime parameter -> the execution properties that it replaces, or `property.key.key` for a
    # value within one that holds JSON. A parameter that is 0 or "" replaces nothing.
    overlays: dict[str, tuple[str, ...]] = pydantic.Field(default_factory=dict)
    beam: tuple[str, ...] = ()  # flags
    shared: str | None = None  # folder that the workers of a Beam engine see as the pod does
