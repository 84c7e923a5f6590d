"""Every row of a source, as columns of text."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from components.example_gen.config import HashSplit, Table
from components.example_gen.findings import Findings
from components.example_gen.reading import READERS, typed_batches
from modules.errors import DataError
from pipeline.init.column import Column
from pipeline.init.source import Source

# ExampleGen's reader wants a split; nothing is split here.
_UNSPLIT = HashSplit(by="hash", train=0.5, eval=0.5)


def read(source: Source, label: str) -> dict[str, Column]:
    """The columns that every file has and that can be read as text, of all rows.

    Batch by batch, through ExampleGen's own reader: what it refuses is refused here.

    Raises:
        DataError: if rows or values cannot be read, or there are no rows.
    """
    left_out = source.partial | unreadable(source).keys()
    names = [name for name in source.columns if name not in left_out]
    table = Table(
        format=source.format,
        delimiter=source.delimiter,
        missing=("",),
        columns=dict.fromkeys(names, "text"),
        label=label,
        split=_UNSPLIT,
    )
    findings = Findings()
    chunks: dict[str, list[pa.DictionaryArray]] = {name: [] for name in names}
    for batch in _batches(source, table, findings):
        for name in names:
            chunks[name].append(batch.column(name).dictionary_encode())
    problems = [*findings.sentences()]
    if not problems and not any(len(chunk) for chunk in chunks[label]):
        problems = [f"{source.files[0]}: holds no rows, only a header. Give a file with data"]
    if problems:
        raise DataError(problems)
    return {name: _column(name, chunks.pop(name)) for name in names}


def unreadable(source: Source) -> dict[str, str]:
    """By column that does not read as single values, its type: lists and the like."""
    schema = getattr(READERS[source.format], "schema", None)  # of the formats that have types
    if schema is None:
        return {}
    return {
        field.name: str(field.type)
        for file in source.files
        for field in schema(file)
        if not _reads_as_text(field.type)
    }


def _reads_as_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    try:
        pa.nulls(0, kind).cast(pa.string())
    except pa.ArrowNotImplementedError:
        return False
    return True


def _batches(source: Source, table: Table, findings: Findings) -> Iterator[pa.RecordBatch]:
    for file in source.files:
        of_file = Findings()
        yield from typed_batches(file, table, of_file)
        findings.merge(of_file)


def _column(name: str, chunks: list[pa.DictionaryArray]) -> Column:
    """One column of many chunks, each with a dictionary of its own."""
    whole = pa.chunked_array(chunks).unify_dictionaries()
    dictionary = whole.chunk(0).dictionary
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in whole.chunks]
    return Column(name, np.concatenate(codes).astype(np.int32), dictionary)
