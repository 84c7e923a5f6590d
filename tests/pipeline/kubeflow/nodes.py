"""Components as users write them, for the tests of the pods."""

import json
import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact, standard_artifacts

from modules.errors import GateError


class Seen(artifact.Artifact):
    """What a node was given, as JSON."""

    TYPE_NAME = "Seen"
    PROPERTIES = {"rows": artifact.Property(type=artifact.PropertyType.INT)}  # noqa: RUF012


@component
def Look(
    schema: InputArtifact[standard_artifacts.Schema],
    seen: OutputArtifact[Seen],
    times: Parameter[int],
    share: Parameter[float],
    settings: Parameter[str],
) -> None:
    """Writes down what it is given."""
    found = {
        "schema": schema.uri,
        "kind": schema.type_name,
        "note": schema.get_string_custom_property("note"),
        "columns": schema.get_json_value_custom_property("columns"),
        "times": repr(times),
        "share": repr(share),
        "settings": settings,
    }
    (pathlib.Path(seen.uri) / "seen.json").write_text(json.dumps(found), encoding="utf-8")
    seen.rows = 7
    seen.set_string_custom_property("from", schema.uri)
    seen.set_json_value_custom_property("nothing", None)


@component
def Refuse(seen: OutputArtifact[Seen]) -> None:
    """Finds fault with the data."""
    del seen
    raise GateError(["split 'eval': has no rows", "label: has one class"])


@component
def Move(seen: OutputArtifact[Seen]) -> None:
    """Writes elsewhere."""
    seen.uri = "/somewhere/else"


@component
def Compare(
    seen: OutputArtifact[Seen],
    model: InputArtifact[standard_artifacts.Model] = None,
) -> None:
    """Says whether there is a model."""
    text = "none" if model is None else model.uri
    (pathlib.Path(seen.uri) / "seen.json").write_text(text, encoding="utf-8")


@component
def Pass(given: InputArtifact[Seen], seen: OutputArtifact[Seen]) -> None:
    """Hands on nothing."""
    del given, seen
