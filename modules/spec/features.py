"""The `[features]` table: what each column is, and so what becomes of it."""

import re
from typing import Annotated, Literal

import pydantic

from modules.spec.part import Part


class Numeric(Part):
    """A number, scaled to mean 0 and standard deviation 1 over the train split."""

    kind: Literal["numeric"]
    unit: str | None = None
    scale: Literal["zscore", "log"] = "zscore"  # log: z-score of sign(x) * log(1 + |x|)


class Bucketized(Part):
    """A number, replaced by the index of the quantile bucket it falls in."""

    kind: Literal["bucketized"]
    unit: str | None = None
    buckets: int = pydantic.Field(10, ge=2, le=1000)


class Categorical(Part):
    """A category, replaced by its place in the vocabulary of the train split."""

    kind: Literal["categorical"]
    min_count: int = pydantic.Field(1, ge=1)  # rarer categories share the unknown id
    max_size: int | None = pydantic.Field(None, ge=1)  # keep this many, the most frequent


class Hashed(Part):
    """A category, replaced by a hash: for vocabularies too large or too short-lived to keep."""

    kind: Literal["hashed"]
    buckets: int = pydantic.Field(1000, ge=2, le=10_000_000)


class Text(Part):
    """A passage, lower-cased and cut into words, each replaced by its place in the vocabulary."""

    kind: Literal["text"]
    max_tokens: int = pydantic.Field(64, ge=1)  # further words are left out
    max_size: int = pydantic.Field(10_000, ge=1)
    min_count: int = pydantic.Field(2, ge=1)


RawType = Literal["number", "text", "time"]  # float32, UTF-8 text, ISO 8601 text
TimePart = Literal["time_of_day", "day_of_week", "day_of_year"]


class Timestamp(Part):
    """A moment in ISO 8601, replaced by sine and cosine of its place in day, week and year."""

    kind: Literal["timestamp"]
    parts: tuple[TimePart, ...] = pydantic.Field(
        ("time_of_day", "day_of_week", "day_of_year"), min_length=1
    )


Feature = Annotated[
    Numeric | Bucketized | Categorical | Hashed | Text | Timestamp,
    pydantic.Field(discriminator="kind"),
]
Features = dict[str, Feature]


def raw_type(feature: Feature) -> RawType:
    """How the raw column of a feature is read."""
    if isinstance(feature, Numeric | Bucketized):
        return "number"
    return "time" if isinstance(feature, Timestamp) else "text"


def argument_name(column: str) -> str:
    """The column's name in the `serving_raw` signature: TensorFlow takes no spaces there."""
    name = re.sub(r"[^A-Za-z0-9_.]", "_", column)
    return name if name[:1].isalnum() else f"x{name}"
