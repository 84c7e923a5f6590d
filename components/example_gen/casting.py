"""Columns of files as the types that the spec gives them: float32, and text or moments as text."""

from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from modules.spec.features import RawType

# What is wrong with values of a column, what to do, where they are, and the column as it was.
Note = Callable[[str, str, pa.Array, pa.Array], None]


def cast(column: pa.Array, kind: RawType, decimal: str, note: Note) -> pa.Array:
    """A column as float32 (`number`) or string (`text`; `time`, as `2013-01-01T05:15:00`).

    Args:
        column: with null for a missing value.
        kind: what the spec says of it.
        decimal: the mark of decimals in texts that are numbers.
        note: is told of the values that do not fit; they are null in the result.

    Raises:
        pa.ArrowNotImplementedError: if values of that type are never of that kind.
    """
    if kind == "number":
        return _numbers(column, decimal, note)
    text = _texts(column, note)
    return text if kind == "text" else _moments(text, note)


def without_missing(column: pa.Array, missing: Iterable[str]) -> pa.Array:
    """A column with null for NaN and for the texts that mean a missing value."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return without_missing(column.dictionary_decode(), missing)
    if pa.types.is_float16(kind):  # for which Arrow has no if_else
        column = column.cast(pa.float32())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), None, column)
    if _is_text(kind):
        return pc.if_else(pc.is_in(column, pa.array(missing, kind)), None, column)
    return column


def _is_text(kind: pa.DataType) -> bool:
    return any(
        of_kind(kind)
        for of_kind in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def _texts(column: pa.Array, note: Note) -> pa.Array:
    """Strings; numbers and booleans of Parquet as they print, moments in ISO 8601."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _in_iso_8601(column)
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        return column.cast(pa.string())
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        bad = pa.array([value is not None and not _is_utf8(value) for value in column.to_pylist()])
        mend = "Name the encoding in data.encoding, such as latin-1"
        note("text that is not UTF-8", mend, bad, column)
        return pc.if_else(bad, None, column).cast(pa.string())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _numbers(column: pa.Array, decimal: str, note: Note) -> pa.Array:
    if _is_text(column.type):
        text = pc.utf8_trim_whitespace(_texts(column, note))
        numbers = _parse(_with_points(text, decimal), pa.float64(), _is_number)
        wrong = pc.and_(pc.is_null(numbers), pc.is_valid(text))
        note(
            "values that are not numbers",
            "Correct them, add the text to data.missing, or make the feature categorical",
            wrong,
            text,
        )
    else:
        numbers = column.cast(pa.float64(), safe=False)
    single = pc.if_else(pc.is_nan(numbers), None, numbers).cast(pa.float32(), safe=False)
    note(
        "infinite values (or beyond float32)",
        "Correct them, or add the text to data.missing",
        pc.is_inf(single),
        numbers,
    )
    return pc.if_else(pc.is_inf(single), None, single)


def _with_points(text: pa.Array, decimal: str) -> pa.Array:
    """The decimal mark as a point; a point that was there before is no number then."""
    if decimal == ".":
        return text
    pointed = pc.match_substring(text, ".")
    return pc.replace_substring(pc.if_else(pointed, "", text), decimal, ".")


def _is_number(text: str) -> bool:
    try:  # not Python's float(), which takes "1_000" and the digits of every script
        pa.scalar(text).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _moments(text: pa.Array, note: Note) -> pa.Array:
    moments = _parse(text, pa.timestamp("us"), _is_moment)
    note(
        "values that are not moments",
        "Expected ISO 8601 without time zone, such as 2013-01-01T05:15:00",
        pc.and_(pc.is_null(moments), pc.is_valid(text)),
        text,
    )
    return _in_iso_8601(moments)


def _in_iso_8601(moments: pa.Array) -> pa.Array:
    """Text such as 2013-01-01T05:15:00; what is less than a second is left out."""
    return pc.strftime(moments.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%S")


def _is_moment(text: str) -> bool:
    try:
        pa.scalar(text).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True


def _parse(text: pa.Array, kind: pa.DataType, parses: Callable[[str], bool]) -> pa.Array:
    """The texts as another type, null where they are none: whole arrays first, values if not."""
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        good = pa.array([value is not None and parses(value) for value in text.to_pylist()])
        return pc.if_else(good, text, None).cast(kind)
