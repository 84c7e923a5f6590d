"""The files of a source, and what can be known of them before they are read."""

import collections
import dataclasses
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from components.example_gen.config import Format
from components.example_gen.readers.ranges import compression
from modules.errors import DataError, did_you_mean

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
}
_COMPRESSED: tuple[Format, ...] = ("csv", "jsonl", "tfrecord")  # the others compress within
# What TFX's ExampleGen driver takes the newest of, or the one that a run asks for
# (tfx/components/example_gen/utils.py).
_SPANS = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)(:\d+)?\}")
# The suffixes as globs, in capitals too: a folder may hold a README or Spark's _SUCCESS as well.
# What else they catch (a.csv.bak), `of_format` leaves out.
_GLOBS: dict[Format, str] = {
    "csv": "*.[cCtT][sS][vV]*",
    "parquet": "*.[pP][aAqQ]*",
    "arrow": "*.[aAfF][rReE]*",
    "jsonl": "*.[jJnN][sSdD]*",
    "tfrecord": "*.[tT][fF][rR]*",
}


def find(source: str, folder: pathlib.Path) -> list[pathlib.Path]:
    """The files that a source names: a file, the data files of a folder, or those of a glob.

    Raises:
        DataError: if there are none, or one is empty.
    """
    if "**" in source:  # TFX's file systems read it as `*`, and would leave rows out
        raise DataError(
            [f"data.source: got {source!r}; name each level instead of **, such as data/*/*.csv"]
        )
    path = folder / source
    if _has_wildcards(source):
        path = folder / _SPANS.sub("*", source)
        anchor = pathlib.Path(path.anchor)
        matches = anchor.glob(str(path.relative_to(anchor)))
        files = sorted(file for file in matches if file.is_file())
    elif path.is_dir():
        files = sorted(file for file in path.iterdir() if format_by_name(file) is not None)
    else:
        files = [path] if path.is_file() else []
    if not files:
        beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(
            [
                f"data.source: no data file at {path}{did_you_mean(path.name, beside) or '.'} "
                f"Expected a file, a folder of .csv, .parquet or other data files, or a glob"
            ]
        )
    empty = [f"{file}: is empty (0 bytes)" for file in files if file.stat().st_size == 0]
    if empty:
        raise DataError(empty)
    return files


def pattern(source: str, folder: pathlib.Path) -> tuple[pathlib.Path, str]:
    """The folder and the glob below it that TFX's ExampleGen driver takes for a source.

    Raises:
        DataError: if the source is a folder without data files, or with those of two formats.
    """
    path = folder / source
    if path.is_dir():
        return path, _GLOBS[format_of(find(source, folder), None)]
    base, glob = _split(path)
    return pathlib.Path(base), glob


def _split(path: pathlib.PurePath) -> tuple[pathlib.PurePath, str]:
    """The path up to its first wildcard, and the rest."""
    parts = path.parts
    first = next((i for i, part in enumerate(parts) if _has_wildcards(part)), len(parts) - 1)
    return type(path)(*parts[:first]), "/".join(parts[first:])


@dataclasses.dataclass(frozen=True)
class Source:
    """The files of a source, as TFX's ExampleGen driver takes them."""

    folder: pathlib.PurePath
    pattern: str  # a glob below the folder
    format: Format


def locate(source: str, given: Format | None, folder: pathlib.Path) -> Source:
    """The files that a source names.

    Raises:
        DataError: if there are none, one is empty, or their names do not tell the format.
    """
    data_format = format_of(find(source, folder), given)
    return Source(*pattern(source, folder), data_format)


def elsewhere(source: str, data_format: Format, folder: pathlib.PurePath) -> Source:
    """The files that a source names on another machine, by their names alone."""
    path = folder / source
    if format_by_name(path) is None and not _has_wildcards(path.name):
        return Source(path, _GLOBS[data_format], data_format)
    return Source(*_split(path), data_format)


def _has_wildcards(text: str) -> bool:
    return bool(set(text) & set("*?[") or _SPANS.search(text))


def format_by_name(source: str | pathlib.PurePath) -> Format | None:
    """What the name of a file tells of its format."""
    path = pathlib.PurePath(source)
    if compression(path) is None:
        return _SUFFIXES.get(path.suffix.lower())
    inner = _SUFFIXES.get(path.with_suffix("").suffix.lower())
    return inner if inner in _COMPRESSED else None


def of_format(paths: Iterable[str], data_format: Format) -> list[str]:
    """The files whose names tell the format, or all where no name does."""
    paths = list(paths)
    return [path for path in paths if format_by_name(path) == data_format] or paths


def format_of(files: Iterable[pathlib.Path], given: Format | None) -> Format:
    """The format of the files, as given or by their names.

    Raises:
        DataError: if the names do not tell, or tell several.
    """
    if given:
        return given
    files = list(files)
    found = {format_by_name(file) for file in files}
    (told, *others) = found or {None}
    if told is None or others:
        names = ", ".join(sorted({"".join(file.suffixes[-2:]) or file.name for file in files}))
        raise DataError(
            [
                f"data.format: the names end in {names}, expected all of one format, such as .csv "
                f"or .parquet. Give it: {', '.join(get_args(Format))}"
            ]
        )
    return told


def check_columns(file: pathlib.Path, names: list[str], wanted: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the column names of a file.

    Args:
        wanted: by column that must be there, the key path in the spec that names it.
    """
    counts = collections.Counter(names)
    for name, count in sorted(counts.items()):
        if count > 1:
            yield f"{file}: column {name!r} is there {count} times. Rename all but one"
    for column, key in wanted.items():
        if column not in counts:
            listed = f"{', '.join(names[:40])}{', ...' if len(names) > 40 else ''}"
            yield (
                f"{file}: no column {column!r}, which {key} names. "
                f"Columns: {listed}{did_you_mean(column, names)}"
            )
