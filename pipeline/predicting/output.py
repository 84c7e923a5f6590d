"""The file of scores: it is there whole, or not at all."""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from modules.errors import SpecError, did_you_mean
from pipeline.console import near

ENDINGS = (".parquet", ".jsonl")
_REJECTS = ".rejects.jsonl"  # after the name of the output


def rejects_of(output: pathlib.Path) -> pathlib.Path:
    """Where the rows of the input go that cannot be read."""
    return output.with_name(output.name + _REJECTS)


def check(output: pathlib.Path, inputs: Iterable[pathlib.Path], overwrite: bool) -> None:
    """Refuses an output that could not be written, or would be written over something.

    Raises:
        SpecError: with what is wrong.
    """
    written = (output, rejects_of(output))
    if output.suffix not in ENDINGS:
        raise SpecError(
            [
                f"--output: got {output.name!r}, expected a name that ends in "
                f"{' or '.join(ENDINGS)}{did_you_mean(output.suffix, ENDINGS)}"
            ]
        )
    if not output.parent.is_dir():
        raise SpecError([f"--output: no folder {near(output.parent)}. Make it, or name another"])
    if any(path.is_dir() for path in written):
        raise SpecError([f"--output: {near(output)} is a folder. Give a file"])
    there = [path for path in written if path.exists()]
    for path in there:
        if any(path.samefile(each) for each in inputs):
            raise SpecError([f"--output: {near(path)} is one of the files to score. Name another"])
    if there and not overwrite:
        raise SpecError([f"{near(path)}: exists. Overwrite it with --force" for path in there])


@contextlib.contextmanager
def staging(output: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder beside the output for what is not whole yet; nothing is left of it.

    Raises:
        SpecError: if nothing can be written there.
    """
    try:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=".headrace-predict-", dir=output.parent))
    except OSError as error:
        raise SpecError(
            [f"--output: {near(output.parent)} cannot be written: {error.strerror}. Name another"]
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def join_parts(parts: Iterable[pathlib.Path], schema: pa.Schema, path: pathlib.Path) -> None:
    """Writes the rows of Arrow files as one file, Parquet or JSON lines by its ending.

    One part is in memory at a time; a part that is written is removed.
    """
    write = _write_parquet if path.suffix == ".parquet" else _write_json_lines
    with path.open("wb") as file:
        write(file, schema, _batches(parts))
        file.flush()
        os.fsync(file.fileno())


def _batches(parts: Iterable[pathlib.Path]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with pa.OSFile(str(part)) as source, pa.ipc.open_file(source) as opened:
            for index in range(opened.num_record_batches):
                yield opened.get_batch(index)
        part.unlink()


def _write_parquet(file: Any, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _write_json_lines(file: Any, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    del schema  # no rows are an empty file
    for batch in batches:
        names = batch.schema.names
        columns = [column.to_pylist() for column in batch.columns]
        file.writelines(
            orjson.dumps(dict(zip(names, row, strict=True)), _printed, orjson.OPT_APPEND_NEWLINE)
            for row in zip(*columns, strict=True)
        )


def _printed(value: object) -> str:
    """What JSON has no form of, as text: decimals, bytes, moments in nanoseconds."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def join_rejects(
    files: Iterable[pathlib.Path], wrong: Sequence[tuple[pathlib.Path, str]], path: pathlib.Path
) -> None:
    """Writes the rejected rows as one file, after what is wrong with whole files.

    Args:
        files: JSON lines, in order.
        wrong: files that are not read, or not to their end, and why.
        path: where it goes.
    """
    entry = dict.fromkeys(("file", "line", "row", "column", "value", "reason"))
    with path.open("wb") as target:
        for file, reason in wrong:
            values = {**entry, "file": str(file), "reason": reason}
            target.write(orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE))
        for rows in files:
            with rows.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())


def put(made: pathlib.Path, rejects: pathlib.Path | None, output: pathlib.Path) -> None:
    """Moves what is whole to its place, the scores last; the rejects of an earlier one go."""
    if rejects:
        rejects.replace(rejects_of(output))
    else:
        rejects_of(output).unlink(missing_ok=True)
    made.replace(output)
