"""JSON lines: an object a line, whose absent keys are missing values. A row is a line."""

import io
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.config import Form
from components.example_gen.readers.ranges import RANGE_BYTES, Range, Rows, compression, stream
from components.example_gen.rejects import Rejects

_BOM = b"\xef\xbb\xbf"


def columns(file: pathlib.Path, form: Form) -> list[str]:
    """Every key of every row, in the order in which they first appear."""
    del form
    keys: dict[str, None] = {}
    for lines in _blocks(Range(str(file))):
        for line in lines:
            try:
                keys.update(dict.fromkeys(_object(line)))
            except ValueError:  # told when the rows are read
                continue
    return list(keys)


def ranges(file: pathlib.Path, form: Form) -> Iterator[Range]:
    """Where the rows are."""
    del form
    if compression(file):
        yield Range(str(file))
        return
    start, row = 0, 1
    with file.open("rb") as opened:
        while lines := opened.readlines(RANGE_BYTES):
            yield Range(str(file), start, opened.tell(), row)
            start, row = opened.tell(), row + len(lines)


def read(part: Range, form: Form, names: list[str], rejects: Rejects) -> Iterator[Rows]:
    """Rows whose columns have the type of their values, or text where these differ."""
    del form
    first = part.row
    for lines in _blocks(part):
        objects: dict[int, dict[str, Any]] = {}
        wrong: list[tuple[int, str]] = []
        for number, line in enumerate(lines, first):
            if line.strip():
                try:
                    objects[number] = _object(line)
                except ValueError:
                    wrong.append((number, line.decode("utf-8", "backslashreplace").strip()))
        mend = 'Expected an object such as {"distance": 1.5, "carrier": "UA"}'
        rejects.add("lines that are no JSON objects", mend, wrong, line_of=int)
        arrays = [
            _array({number: found.get(name) for number, found in objects.items()}, name, rejects)
            for name in names
        ]
        yield Rows(pa.record_batch(arrays, names), np.array([*objects], np.int64), int)
        first += len(lines)


def _blocks(part: Range) -> Iterator[list[bytes]]:
    """The lines of a range; of a stream, some `RANGE_BYTES` at a time."""
    if part.stop is not None:
        with pathlib.Path(part.file).open("rb") as file:
            file.seek(part.start)
            yield io.BytesIO(file.read(part.stop - part.start)).readlines()
        return
    with io.BufferedReader(stream(part.file)) as opened:
        while lines := opened.readlines(RANGE_BYTES):
            yield lines


def _object(line: bytes) -> dict[str, Any]:
    """The object of a line; ValueError if it is none."""
    line = line.removeprefix(_BOM)
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(line)  # which takes NaN, for Python's own json writes it
        except RecursionError:
            raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  as for all else that is none
    return found


def _array(values: dict[int, Any], name: str, rejects: Rejects) -> pa.Array:
    """The values by row as an array of one type, each as it would be beside any others."""
    types = set(map(type, values.values())) - {type(None)}
    if not (types <= {str} or types <= {int, float}):
        return _texts(values, name, rejects)
    try:
        array = pa.array(values.values())
    except (pa.ArrowException, OverflowError, ValueError):  # long numbers, broken characters
        return _texts(values, name, rejects)
    # Whole numbers among others are floats now, which Arrow prints as 1e+10 from there on.
    if types == {int, float} and pc.max(pc.abs(array)).as_py() >= 1e10:
        return _texts(values, name, rejects)
    return array


def _texts(values: dict[int, Any], name: str, rejects: Rejects) -> pa.Array:
    nested = {
        number: json.dumps(value)
        for number, value in values.items()
        if isinstance(value, dict | list)
    }
    mend = "Expected a text, a number, true, false or null: flatten them"
    rejects.add("values that are objects or lists", mend, nested.items(), name, int)
    texts = [None if number in nested else _printed(value) for number, value in values.items()]
    return pa.array(texts, pa.string())


def _printed(value: str | float | None) -> str | None:
    """A value as Arrow prints it; half of a surrogate pair, which is no character, as `?`."""
    if value is None or value != value:  # noqa: PLR0124  NaN
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else pa.scalar(value).cast(pa.string()).as_py()
