"""The data that `headrace init` is pointed at, as a spec names it."""

import dataclasses
import glob
import os
import pathlib

from components.example_gen import files, reading
from components.example_gen.config import Form, Format
from modules.errors import DataError, SpecError

_DELIMITERS = (",", ";", "\t", "|")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """Data files, found as a spec in `folder` would find them."""

    folder: pathlib.Path  # where the spec goes
    text: str  # `data.source`, relative to the folder
    files: tuple[pathlib.Path, ...]
    format: Format
    format_is_named: bool  # whether the file names tell the format
    delimiter: str
    columns: tuple[str, ...]  # of all files, in order
    partial: frozenset[str]  # columns that some file lacks


def locate(data: str, output: pathlib.Path | None, wanted: dict[str, str]) -> Source:
    """The source for what was typed: a file, a folder or a glob.

    Args:
        output: where the spec is to go; None: beside the data.
        wanted: by column that must be there, the option that names it.

    Raises:
        DataError: if there are no such files, or they cannot be read.
        SpecError: if a wanted column is not there.
    """
    base, text = _split(data)
    folder = (output or base).absolute()
    found = files.find(text, base)
    if folder != base:  # resolved: `..` of a link is above what it points to
        way = os.path.relpath(base.resolve(), folder.resolve())
        text = pathlib.PurePath(way, text).as_posix()
    format_is_named = any(files.format_by_name(file) for file in found)
    data_format = files.format_of(found, None if format_is_named else _sniff_format(found[0]))
    delimiter = _sniff_delimiter(found[0], data_format, wanted)
    form = Form(delimiter=delimiter)
    headers = {file: reading.columns(file, data_format, form) for file in found}
    _check(headers, wanted)
    columns = tuple(dict.fromkeys(name for names in headers.values() for name in names))
    return Source(
        folder=folder,
        text=text,
        files=tuple(found),
        format=data_format,
        format_is_named=format_is_named,
        delimiter=delimiter,
        columns=columns,
        partial=frozenset(
            name for name in columns if any(name not in names for names in headers.values())
        ),
    )


def _split(data: str) -> tuple[pathlib.Path, str]:
    """The folder that holds the data, and the source as a spec in that folder names it."""
    path = pathlib.Path(data).absolute()
    if path.is_file():
        return path.parent, glob.escape(path.name)
    return (path, ".") if path.is_dir() else files.pattern(data, pathlib.Path.cwd())


def _sniff_format(file: pathlib.Path) -> Format:
    with file.open("rb") as opened:
        start = opened.read(6)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"ARROW1"):
        return "arrow"
    return "jsonl" if start.startswith(b"{") else "csv"


def _sniff_delimiter(file: pathlib.Path, data_format: Format, wanted: dict[str, str]) -> str:
    """The delimiter that finds the most of the wanted columns, then the most columns."""
    if data_format != "csv":
        return ","

    def found(delimiter: str) -> tuple[int, int]:
        names = reading.columns(file, "csv", Form(delimiter=delimiter))
        return len(wanted.keys() & set(names)), len(names)

    return max(_DELIMITERS, key=found)


def _check(headers: dict[pathlib.Path, list[str]], wanted: dict[str, str]) -> None:
    twice = [
        line for file, names in headers.items() for line in files.check_columns(file, names, {})
    ]
    if twice:
        raise DataError(twice)
    absent = [
        line for file, names in headers.items() for line in files.check_columns(file, names, wanted)
    ]
    if absent:
        raise SpecError(absent)
