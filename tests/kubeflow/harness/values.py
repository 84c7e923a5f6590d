"""Values as Kubeflow passes them on: parameters with types, metadata with losses.

As backend/src/v2/metadata/converter.go and handleParamTypeValidationAndConversion of
backend/src/v2/driver/resolve.go have it.
"""

import decimal
import json
import re
from typing import Any

from google.protobuf import json_format, struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness.cluster import TaskError

Type = pb.ParameterType.ParameterTypeEnum
_KINDS = {
    Type.STRING: "string_value",
    Type.NUMBER_INTEGER: "number_value",
    Type.NUMBER_DOUBLE: "number_value",
    Type.BOOLEAN: "bool_value",
    Type.LIST: "list_value",
    Type.STRUCT: "struct_value",
    Type.TASK_FINAL_STATUS: "struct_value",
}


def value_of(given: Any) -> struct_pb2.Value:
    """A JSON value as protobuf has it: every number is a double."""
    return json_format.ParseDict(given, struct_pb2.Value())


def python(message: Any) -> Any:
    """The JSON value of a message. What is whole is an int, as Go writes 1 and not 1.0."""
    return _whole(json_format.MessageToDict(message))


def _whole(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _whole(each) for name, each in given.items()}
    if isinstance(given, list):
        return [_whole(each) for each in given]
    return int(given) if isinstance(given, float) and given.is_integer() else given


def has_type(value: struct_pb2.Value, kind: int) -> bool:
    """Whether the value may be one of such a parameter. 1.5 passes for an integer, as there."""
    return value.WhichOneof("kind") == _KINDS.get(kind)


def checked(name: str, value: struct_pb2.Value, kind: int) -> struct_pb2.Value:
    """The value as a component gets it: whatever a STRING is given becomes text.

    Raises TaskError when the types do not fit.
    """
    if kind not in _KINDS:
        raise TaskError(f"input parameter {name!r} has type {Type.Name(kind)}, not played here.")
    if kind == Type.STRING:
        return struct_pb2.Value(string_value=text(value))
    if not has_type(value, kind):
        raise TaskError(
            f"input parameter {name!r} type mismatch: expect {Type.Name(kind)}, got "
            f"{value.WhichOneof('kind')} (resolve.go)."
        )
    return value


def text(value: struct_pb2.Value) -> str:
    """PbValueToText of converter.go; getPlaceholders of launcher_v2.go writes the same."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return str(value.string_value)
    if kind == "number_value":  # strconv.FormatFloat(…, 'f', -1, 64) knows no exponents
        written = format(decimal.Decimal(repr(value.number_value)), "f")
        return re.sub(r"\.0$", "", written)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind in ("list_value", "struct_value"):
        # Go's encoding/json sorts keys and escapes for HTML.
        written = compact(python(value))
        return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", written)
    return ""


def parsed(written: str, kind: int) -> struct_pb2.Value:
    """An output parameter from the file that a container wrote: TextToPbValue of converter.go.

    Raises ValueError when the text is no such value.
    """
    if kind == Type.STRING:
        return struct_pb2.Value(string_value=written)
    if kind == Type.NUMBER_INTEGER:
        return struct_pb2.Value(number_value=int(written.strip()))
    if kind == Type.NUMBER_DOUBLE:
        return struct_pb2.Value(number_value=float(written.strip()))
    if kind == Type.BOOLEAN:
        truths = {"1": 1, "t": 1, "T": 1, "TRUE": 1, "true": 1, "True": 1}  # strconv.ParseBool
        lies = {"0": 0, "f": 0, "F": 0, "FALSE": 0, "false": 0, "False": 0}
        try:
            return struct_pb2.Value(bool_value=bool((truths | lies)[written.strip()]))
        except KeyError as problem:
            raise ValueError(f"{written!r} is no boolean") from problem
    value = value_of(json.loads(written))
    if not has_type(value, kind):
        raise ValueError(f"{written!r} is no {Type.Name(kind)}")
    return value


def remembered(metadata: struct_pb2.Struct) -> struct_pb2.Struct:
    """Metadata after its way through ML Metadata: there are strings, numbers and structs only.

    StructValueToMLMDValue and toRuntimeArtifact of converter.go: a bool comes back as a number, a
    list within a struct called "list", a struct within one called "struct".

    Raises TaskError for null.
    """
    kept = struct_pb2.Struct()
    for name, value in metadata.fields.items():
        kind = value.WhichOneof("kind")
        if kind == "bool_value":
            kept.fields[name].number_value = float(value.bool_value)
        elif kind == "list_value":
            kept.fields[name].struct_value.fields["list"].CopyFrom(value)
        elif kind == "struct_value":
            kept.fields[name].struct_value.fields["struct"].CopyFrom(value)
        elif kind in ("string_value", "number_value"):
            kept.fields[name].CopyFrom(value)
        else:
            raise TaskError(f"metadata {name!r} is null, which ML Metadata cannot keep.")
    return kept


def compact(given: Any) -> str:
    """JSON without blanks, letters as they are."""
    return json.dumps(given, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
