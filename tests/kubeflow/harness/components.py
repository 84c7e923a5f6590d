"""Tiny components for the harness's own tests: /bin/sh and python -c, no TFX."""

import pathlib
from collections.abc import Callable
from typing import Any

from kfp import compiler, dsl

from tests.kubeflow.harness import Cluster, Run, run


def play(folder: pathlib.Path, pipeline: Callable[[], Any], **cluster: Any) -> Run:
    """The run of a kfp pipeline function, with `folder` for the bucket."""
    return run(compiled(folder, pipeline), {}, cluster_in(folder, **cluster))


def compiled(folder: pathlib.Path, pipeline: Callable[[], Any]) -> pathlib.Path:
    """The file that kfp's compiler writes."""
    file = folder / "pipeline.yaml"
    compiler.Compiler().compile(dsl.pipeline(pipeline, name="tiny"), str(file))
    return file


def cluster_in(folder: pathlib.Path, **settings: Any) -> Cluster:
    return Cluster(**{"bucket": folder / "bucket", "limit": 30, **settings})


@dsl.container_component
def write(text: str, note: dsl.Output[dsl.Artifact]):
    """An artifact of one file."""
    script = 'echo "$0" > "$1"'
    return dsl.ContainerSpec(image="any", command=["sh", "-c", script], args=[text, note.path])


@dsl.container_component
def read(note: dsl.Input[dsl.Artifact], text: dsl.OutputPath(str)):  # type: ignore[valid-type]
    """The content of such a file as a parameter."""
    script = 'tr -d "\\n" < "$0" > "$1"'
    return dsl.ContainerSpec(image="any", command=["sh", "-c", script], args=[note.path, text])


@dsl.container_component
def shell(script: str):
    return dsl.ContainerSpec(image="any", command=["sh", "-ec"], args=[script])


@dsl.container_component
def python(script: str):
    return dsl.ContainerSpec(image="any", command=["python", "-c"], args=[script])


@dsl.container_component
def tell(output: str, note: dsl.Output[dsl.Artifact]):
    """Writes the artifact; `output` becomes the ExecutorOutput, where URI stands for its URI."""
    script = """
        mkdir /tmp/kfp_outputs; echo said > "$1"
        printf %s "$0" | sed "s|URI|$2|" > /tmp/kfp_outputs/output_metadata.json
    """
    return dsl.ContainerSpec(
        image="any", command=["sh", "-ec", script], args=[output, note.path, note.uri]
    )


@dsl.container_component
def listen(note: dsl.Input[dsl.Artifact], depth: int = 3):
    """Prints its ExecutorInput."""
    return dsl.ContainerSpec(image="any", command=["echo"], args=["{{$}}"])


@dsl.container_component
def last_words(status: dsl.PipelineTaskFinalStatus):
    return dsl.ContainerSpec(
        image="any", command=["echo"], args=["{{$.inputs.parameters['status']}}"]
    )
