"""What a spec says about its data: where the rows are, how they read, which split each goes to."""

import codecs
import datetime
import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from modules.spec.features import RawType
from modules.spec.part import Below1, Part

SPLITS = ("train", "valid", "eval")
Share = Annotated[float, pydantic.Field(gt=0, lt=1)]

# What spreadsheets and data frames write for a missing value. Say `missing = [""]` where one of
# these is a real category (NA is also Namibia).
MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")


class ShareSplit(Part):
    """Shares of the rows, by a hash: the same row is in the same split on every machine."""

    train: Share
    valid: Share | None = None
    eval: Share
    seed: int = pydantic.Field(0, ge=0)

    @pydantic.model_validator(mode="after")
    def _shares_are_a_whole(self) -> "ShareSplit":
        total = self.train + (self.valid or 0) + self.eval
        if total > 1 + 1e-9:
            raise ValueError(f"the shares of the splits sum to {total:g}, expected 1 at most")
        return self


class HashSplit(ShareSplit):
    """By a hash of the whole row: equal rows fall together."""

    by: Literal["hash"]


class GroupSplit(ShareSplit):
    """By a hash of one column, so that rows of one group are never in two splits."""

    by: Literal["group"]
    column: str


class TimeSplit(Part):
    """By time: `start/end`, dates or moments in ISO 8601, both inside."""

    by: Literal["time"]
    column: str
    train: str
    valid: str | None = None
    eval: str

    @pydantic.field_validator("train", "valid", "eval")
    @classmethod
    def _is_an_interval(cls, given: str | None) -> str | None:
        if given is not None:
            interval(given)
        return given

    @pydantic.model_validator(mode="after")
    def _intervals_do_not_overlap(self) -> "TimeSplit":
        spans = sorted((*interval(text), name) for name, text in splits_of(self).items())
        for (_, end, name), (start, _, later) in itertools.pairwise(spans):
            if start <= end:
                raise ValueError(f"splits {name!r} and {later!r} overlap: a row has one split")
        return self


class ColumnSplit(Part):
    """By a column that holds the name of the split; other values are left out."""

    by: Literal["column"]
    column: str
    train: str = "train"
    valid: str | None = None
    eval: str = "eval"


Split = Annotated[
    HashSplit | GroupSplit | TimeSplit | ColumnSplit, pydantic.Field(discriminator="by")
]


def splits_of(split: Any) -> dict[str, Any]:
    """The splits that are named, in order, each with its share, interval or column value."""
    return {name: getattr(split, name) for name in SPLITS if getattr(split, name) is not None}


def interval(text: str) -> tuple[datetime.datetime, datetime.datetime]:
    """First and last moment of `start/end`; an end without a time of day is the whole day."""
    start, slash, end = text.partition("/")
    try:
        first = datetime.datetime.fromisoformat(start.strip())
        last = datetime.datetime.fromisoformat(end.strip())
    except ValueError:
        slash = ""
    if not slash or first.tzinfo or last.tzinfo:
        raise ValueError("expected 'start/end' in ISO 8601, for example '2013-01-01/2013-09-30'")
    if len(end.strip()) <= len("2013-09-30"):
        last += datetime.timedelta(days=1, microseconds=-1)
    if first > last:
        raise ValueError("the interval ends before it starts")
    return first, last


Format = Literal["csv", "parquet", "arrow", "jsonl", "tfrecord"]


class Form(Part):
    """How values are written in files."""

    delimiter: str = pydantic.Field(",", pattern=r"^[\t !#-~]$")  # one byte, and no quote
    encoding: str = "utf-8"  # of CSV; JSON is UTF-8 always
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = MISSING

    @pydantic.field_validator("encoding")
    @classmethod
    def _is_known(cls, given: str) -> str:
        try:
            "".encode(given)  # refuses what is no encoding of texts, too
        except LookupError:
            raise ValueError("expected an encoding, for example utf-8, latin-1 or cp1252") from None
        name = codecs.lookup(given).name
        return "utf-8" if name == "utf-8-sig" else name  # a byte order mark is skipped anyway


class Data(Form):
    """The `[data]` table."""

    source: str = pydantic.Field(min_length=1)  # a file, a folder or a glob, beside the spec
    format: Format | None = None  # None: by the file names
    ignore: tuple[str, ...] = ()
    carry: dict[str, RawType] = pydantic.Field(default_factory=dict)  # in Examples, in no model
    max_rejects: Below1 = 0  # share of the rows that may be left out because they cannot be read
    split: Split = HashSplit(by="hash", train=0.8, valid=0.1, eval=0.1)


class Table(Form):
    """What ExampleGen is told: one JSON value in its custom_config."""

    format: Format
    max_rejects: Below1 = 0
    columns: dict[str, RawType]  # what becomes a feature of each tf.Example
    label: str
    classes: tuple[str, ...] = ()
    split: Split


def unlabelled(data_format: Format, columns: Mapping[str, RawType], form: Form) -> Table:
    """A table whose rows are read and no more: no label is looked at, nothing is split."""
    return Table(
        **form.model_dump(include=set(Form.model_fields)),
        format=data_format,
        columns=dict(columns),
        label="",
        split=HashSplit(by="hash", train=0.5, eval=0.5),
    )
