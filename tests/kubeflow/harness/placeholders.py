"""A container's command line: the launcher's placeholders, Kubernetes' `$(NAME)`, and their limits.

As getPlaceholders and addDefaultParams of backend/src/v2/component/launcher_v2.go have it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import values
from tests.kubeflow.harness.cluster import TaskError, Trap
from tests.kubeflow.harness.store import local_path

LONGEST = 128 * 1024 - 1  # bytes; MAX_ARG_STRLEN of Linux, with its closing zero


def with_defaults(given: Any, component: Any) -> Any:
    """The ExecutorInput that a container sees: parameters that nobody set have their defaults."""
    filled = pb.ExecutorInput()
    filled.CopyFrom(given)
    for name, definition in component.input_definitions.parameters.items():
        if name not in filled.inputs.parameter_values and definition.HasField("default_value"):
            filled.inputs.parameter_values[name].CopyFrom(definition.default_value)
    return filled


def placeholders(given: Any) -> Mapping[str, str]:
    """What stands for what. An output whose URI has no path in a pod is a TaskError."""
    found = {"{{$}}": values.compact(values.python(given))}
    for name, listed in given.inputs.artifacts.items():
        if listed.artifacts:
            uri = listed.artifacts[0].uri
            found[f"{{{{$.inputs.artifacts['{name}'].uri}}}}"] = uri
            if (path := local_path(uri)) is not None:
                found[f"{{{{$.inputs.artifacts['{name}'].path}}}}"] = path
    for name, listed in given.outputs.artifacts.items():
        uri = listed.artifacts[0].uri
        found[f"{{{{$.outputs.artifacts['{name}'].uri}}}}"] = uri
        found[f"{{{{$.outputs.artifacts['{name}'].path}}}}"] = local_path(uri) or ""
    for name, value in given.inputs.parameter_values.items():
        if value.WhichOneof("kind") == "null_value":
            raise TaskError(f"input parameter {name!r} is null: unknown PipelineSpec Value type.")
        found[f"{{{{$.inputs.parameters['{name}']}}}}"] = values.text(value)
    for name, output in given.outputs.parameters.items():
        found[f"{{{{$.outputs.parameters['{name}'].output_file}}}}"] = output.output_file
    return found


def command(container: Any, given: Any, environment: Mapping[str, str]) -> list[str]:
    """The program and its arguments, ready to be run. The image's ENTRYPOINT plays no part.

    Args:
        container: the PipelineContainerSpec.
        given: the ExecutorInput with defaults.
        environment: of the container, for `$(NAME)`.

    Raises:
        TaskError: when there is no command, or an argument is too long.
        Trap: when a placeholder stays, or the result depends on the order of substitution.
    """
    words = [*container.command, *container.args]
    if not words:
        raise TaskError("command and arguments are empty (NewLauncherV2, launcher_v2.go).")
    # Kubernetes comes first: they are the pod's arguments before they are the launcher's.
    words = [expanded(word, environment) for word in words]
    check_lengths(words)
    known = placeholders(given)
    filled = [_filled(word, known) for word in words]
    check_lengths(filled)
    return filled


def check_lengths(words: Sequence[str]) -> None:
    """Raises TaskError when Linux would not start a program with such an argument."""
    for word in words:
        if len(word.encode()) > LONGEST:
            raise TaskError(
                f"argument list too long: an argument of {len(word.encode())} bytes, expected at "
                f"most {LONGEST}. It begins with {word[:80]!r}."
            )


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """`$(NAME)` is replaced where the container has such a variable; `$$` is a dollar.

    As Expand of Kubernetes' third_party/forked/golang/expansion/expand.go.
    """

    def replaced(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return environment.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", replaced, text)


def _filled(word: str, known: Mapping[str, str]) -> str:
    """The word with every placeholder replaced, one after the other, by the order of a Go map.

    That order is a new one in every pod: a value that holds a placeholder itself gives this or
    that. Vertex AI's `{{$.json_escape[1]}}` and its like are no placeholders here.
    """
    results = set()
    for names in (sorted(known), sorted(known, reverse=True)):
        result = word
        for name in names:
            result = result.replace(name, known[name])
        results.add(result)
    if len(results) > 1:
        raise Trap(f"a value holds a placeholder; what becomes of {word[:80]!r} is left to chance.")
    if left := re.findall(r"\{\{\$[^}]*\}\}", _without_values(word, known)):
        raise Trap(f"Kubeflow Pipelines leaves {left} as they are; it knows {sorted(known)}.")
    return results.pop()


def _without_values(word: str, known: Mapping[str, str]) -> str:
    for name in known:
        word = word.replace(name, "")
    return word
