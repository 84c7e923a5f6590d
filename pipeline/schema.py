"""The curated schema, held against the spec that names it."""

import pathlib
from collections.abc import Iterator

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from modules.errors import did_you_mean
from modules.spec.features import RawType
from pipeline.spec import Spec


def check_schema(path: pathlib.Path, spec: Spec) -> Iterator[str]:
    """What keeps a schema from being used with a spec; it may know more columns than the spec."""
    try:
        text = path.read_text(encoding="utf-8")
        schema = text_format.Parse(text, schema_pb2.Schema())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        yield f"{path}: is not a TFDV schema: {error}"
        return
    features = {feature.name: feature for feature in schema.feature}
    for name, kind in spec.columns().items():
        feature = features.get(name)
        if feature is None:
            yield (
                f"{path}: no feature {name!r}, which the spec uses. Add one of type "
                f"{_type(kind)}{did_you_mean(name, features)}"
            )
            continue
        given = schema_pb2.FeatureType.Name(feature.type)
        if given != _type(kind):
            yield f"{path}: feature {name!r} is {given}, and the spec reads it as {_type(kind)}"
        if feature.HasField("shape"):
            yield f"{path}: feature {name!r} has a shape. Remove it: any value may be missing"


def _type(kind: RawType) -> str:
    """How TableExampleGen writes a column."""
    return "FLOAT" if kind == "number" else "BYTES"
