"""What may be posted, and what is refused of it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.check import check
from tests.kubeflow.kfp_api.refused import INVALID_ARGUMENT, Refused

# backend/api/v2beta1: run.proto, recurring_run.proto, experiment.proto, pipeline.proto,
# runtime_config.proto; what the server sets itself is left out.
FIELDS = {
    "pipeline": {"name", "display_name", "description", "namespace"},
    "experiment": {"display_name", "description", "namespace"},
    "run": {
        "experiment_id",
        "display_name",
        "description",
        "pipeline_version_reference",
        "pipeline_spec",
        "runtime_config",
        "service_account",
    },
    "recurring_run": {
        "experiment_id",
        "display_name",
        "description",
        "pipeline_version_reference",
        "pipeline_spec",
        "runtime_config",
        "service_account",
        "max_concurrency",
        "trigger",
        "mode",
        "no_catchup",
        "namespace",
    },
    "runtime_config": {"parameters", "pipeline_root"},
    "pipeline_version_reference": {"pipeline_id", "pipeline_version_id"},
    "trigger": {"cron_schedule", "periodic_schedule"},
    "cron_schedule": {"cron", "start_time", "end_time"},
}
# validation/length.go
_LONGEST = {"pipeline": 128, "version": 127, "experiment": 128}


def check_fields(message: str, body: Any) -> None:
    """protojson takes no unknown field."""
    if not isinstance(body, dict):
        raise Refused(INVALID_ARGUMENT, f"{message}: expected an object")
    for key, value in body.items():
        if key not in FIELDS[message]:
            raise Refused(INVALID_ARGUMENT, f'unknown field "{key}" in {message}')
        if key in FIELDS:
            check_fields(key, value)


def check_name(kind: str, name: str) -> None:
    if not name:
        raise Refused(INVALID_ARGUMENT, f"The {kind} name is empty. Please specify a valid name")
    if len(name) > _LONGEST[kind]:
        longest = _LONGEST[kind]
        raise Refused(INVALID_ARGUMENT, f"{kind}.Name length cannot exceed {longest}")


def documents(text: str) -> list[dict[str, Any]]:
    """A pipeline file, template/v2_template.go: strict protojson, 2.1.0, and what it compiles."""
    found = [document for document in yaml.safe_load_all(text) if document]
    if not found:
        raise Refused(INVALID_ARGUMENT, "no pipeline spec is provided")
    problems = check(found)
    if problems:
        raise Refused(INVALID_ARGUMENT, f"invalid v2 pipeline spec: {'; '.join(problems)}")
    return found


def check_inputs(spec: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """template/v2_template.go, validatePipelineJobInputs."""
    root = json_format.ParseDict(spec["root"], pb.ComponentSpec())
    declared = root.input_definitions.parameters
    for name, parameter in declared.items():
        if name not in values:
            if not parameter.is_optional and not parameter.HasField("default_value"):
                raise Refused(
                    INVALID_ARGUMENT,
                    f"parameter {name} is not optional, yet has neither default value nor user "
                    f"provided value",
                )
        elif parameter.parameter_type in (
            pb.ParameterType.NUMBER_INTEGER,
            pb.ParameterType.NUMBER_DOUBLE,
        ):
            _check_kind(name, values[name], (int, float), "double or integer")
        elif parameter.parameter_type == pb.ParameterType.STRING:
            _check_kind(name, values[name], (str,), "string")
        else:
            raise Refused(INVALID_ARGUMENT, f"input parameter {name} requires type unknown")
    extra = sorted(set(values) - set(declared))
    if extra:
        raise Refused(
            INVALID_ARGUMENT,
            f"parameter(s) provided are not required by pipeline: {', '.join(extra)}",
        )


def _check_kind(name: str, value: Any, kinds: tuple[type, ...], called: str) -> None:
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise Refused(
            INVALID_ARGUMENT,
            f"input parameter {name} requires type {called}, but the parameter value is not",
        )


def check_recurring(body: Mapping[str, Any]) -> None:
    """server/api_converter.go, toModelJob."""
    if not body.get("display_name"):
        raise Refused(INVALID_ARGUMENT, "Recurring run's name cannot be empty")
    if body.get("mode") not in ("ENABLE", "DISABLE"):
        raise Refused(INVALID_ARGUMENT, "Recurring run mode is unspecified")
    if not 1 <= int(body.get("max_concurrency") or 0) <= 10:
        raise Refused(
            INVALID_ARGUMENT,
            "Max concurrency of a recurring run must be at leas 1 and at most 10. "
            f"Received {body.get('max_concurrency')}",
        )
    try:
        fields(body.get("trigger", {}).get("cron_schedule", {}).get("cron", ""))
    except ValueError as error:
        raise Refused(
            INVALID_ARGUMENT,
            "Schedule cron is not a supported format(https://godoc.org/github.com/robfig/cron). "
            f"Error: {error}",
        ) from None


def fields(cron: str) -> list[set[int]]:
    """The values of each field, as robfig/cron v1 reads them: second first, the last optional.

    https://github.com/robfig/cron/blob/v1.2.0/parser.go
    """
    given = cron.split()
    if not 5 <= len(given) <= 6:
        raise ValueError(f"Expected 5 to 6 fields, found {len(given)}: {cron}")
    given += ["*"] * (6 - len(given))
    months = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
    days = "sun mon tue wed thu fri sat".split()  # noqa: SIM905
    bounds: list[tuple[int, int, list[str]]] = [(0, 59, []), (0, 59, []), (0, 23, [])]
    bounds += [(1, 31, []), (1, 12, months), (0, 6, days)]
    return [
        set().union(*(_part(part, *bound) for part in field.split(",")))
        for field, bound in zip(given, bounds, strict=True)
    ]


def _part(text: str, least: int, most: int, names: list[str]) -> Iterable[int]:
    match = re.fullmatch(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?", text)
    if match is None:
        raise ValueError(f"Failed to parse {text}")
    begin, end, step = match.groups()
    if begin in "*?":
        first, last = least, most
    else:
        first = _number(begin, least, names)
        last = _number(end, least, names) if end else most if step else first
    if first < least or last > most or first > last or step == "0":
        raise ValueError(f"{text} is out of {least} to {most}")
    return range(first, last + 1, int(step or 1))


def _number(word: str, least: int, names: list[str]) -> int:
    return names.index(word.lower()) + least if word.lower() in names else int(word)
