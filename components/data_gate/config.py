"""What a spec says about the validation of its data."""

from typing import Literal, get_args

import pydantic

from modules.spec.label import Label
from modules.spec.part import Part

# The product's words for TFDV's anomaly types (tensorflow_metadata/proto/v0/anomalies.proto);
# any other type is `other`.
Anomaly = Literal[
    "unseen_values",
    "missing_values",
    "missing_column",
    "new_column",
    "out_of_range",
    "wrong_type",
    "drift",
    "other",
]
ANOMALIES = get_args(Anomaly)
_WORDS: dict[str, Anomaly] = {
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES": "unseen_values",
    "BOOL_TYPE_UNEXPECTED_STRING": "unseen_values",  # of a column that was "0" and "1", say
    "FEATURE_TYPE_LOW_FRACTION_PRESENT": "missing_values",
    "FEATURE_TYPE_LOW_NUMBER_PRESENT": "missing_values",
    "FEATURE_TYPE_NOT_PRESENT": "missing_column",
    "SCHEMA_MISSING_COLUMN": "missing_column",
    "SCHEMA_NEW_COLUMN": "new_column",
    "FLOAT_TYPE_BIG_FLOAT": "out_of_range",
    "FLOAT_TYPE_SMALL_FLOAT": "out_of_range",
    "INT_TYPE_BIG_INT": "out_of_range",
    "INT_TYPE_SMALL_INT": "out_of_range",
    "UNEXPECTED_DATA_TYPE": "wrong_type",
    "COMPARATOR_L_INFTY_HIGH": "drift",
    "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH": "drift",
}


def word_for(tfdv_type: str) -> Anomaly:
    """The product's word for a TFDV anomaly type."""
    return _WORDS.get(tfdv_type, "other")


class Allowed(Part):
    """Anomalies that do not stop a run: of one feature, or of all."""

    anomaly: Anomaly
    feature: str | None = None


class Validation(Part):
    """The `[validation]` table."""

    # The key is `schema`, which pydantic keeps for itself as an attribute.
    schema_file: str | None = pydantic.Field(None, alias="schema")  # None: inferred from train
    allow: tuple[Allowed, ...] = ()
    min_rows: int = pydantic.Field(20, ge=1)  # in every split

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class GateSettings(Part):
    """What DataGate is told: one JSON value among its parameters."""

    label: Label
    features: tuple[str, ...]
    columns: tuple[str, ...]  # all that the spec reads; a schema may know more
    validation: Validation
