"""The files to score: what can be known of them before a row is read."""

import dataclasses
import glob
import pathlib
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from components.example_gen import files, reading
from components.example_gen.config import Form, Format, Table, unlabelled
from modules.errors import DataError, SpecError, did_you_mean
from modules.spec.features import RawType

_LISTED = 20  # columns that a message names


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Files that can be scored, and what is known of those that cannot."""

    files: tuple[pathlib.Path, ...]
    unreadable: dict[pathlib.Path, str]  # what is wrong with the others
    table: Table  # with the columns of the model that some file has
    kept: dict[str, pa.DataType]  # columns that go to the output
    missing: dict[str, str]  # by column of the model that no file has, the nearest name, if any


def look(
    source: str, form: Form, given: Format | None, takes: Mapping[str, RawType], keep: Sequence[str]
) -> Inputs:
    """Looks at the files that a source names: a file, a folder or a glob.

    Args:
        source: as it was typed.
        form: how values are written in the files.
        given: the format, where the names of the files do not tell.
        takes: the columns of the model.
        keep: the columns to keep.

    Raises:
        DataError: if no file can be read, or none has a column of the model.
        SpecError: if no file has a column that is to be kept.
    """
    found, data_format = _find(source, given)
    names, unreadable = _names(found, data_format, form)
    every = list(dict.fromkeys(name for of_file in names.values() for name in of_file))
    if every:  # or else there are no rows, in a format without a header
        _check_columns(source, every, takes, keep, data_format)
    columns = {name: kind for name, kind in takes.items() if name in every or not every}
    if data_format in reading.WITH_HEADER:
        wanted = dict.fromkeys(columns, "the model") | dict.fromkeys(keep, "--keep")
        for file, of_file in names.items():
            problems = list(files.check_columns(file, of_file, wanted))
            if problems:
                unreadable[file] = _in_one(problems)
    good = [file for file in found if file not in unreadable]
    kept = _types(good, data_format, keep, unreadable)
    good = [file for file in good if file not in unreadable]
    if not good:
        raise DataError(unreadable.values())
    others = [name for name in every if name not in takes]
    return Inputs(
        files=tuple(good),
        unreadable=unreadable,
        table=unlabelled(data_format, columns, form),
        kept=kept,
        missing={name: did_you_mean(name, others) for name in takes if name not in columns},
    )


def _find(source: str, given: Format | None) -> tuple[list[pathlib.Path], Format]:
    """The files, and their format."""
    path = pathlib.Path(source)
    try:
        found = files.find(glob.escape(source) if path.is_file() else source, pathlib.Path.cwd())
        told = any(files.format_by_name(file) for file in found)
        return found, files.format_of(found, None if told else given)
    except DataError as error:
        said = [problem.removeprefix("data.source: ") for problem in error.problems]
        raise DataError(said) from None


def _names(
    found: Sequence[pathlib.Path], data_format: Format, form: Form
) -> tuple[dict[pathlib.Path, list[str]], dict[pathlib.Path, str]]:
    """The columns of each file, and what is wrong with those whose columns cannot be read."""
    names: dict[pathlib.Path, list[str]] = {}
    unreadable: dict[pathlib.Path, str] = {}
    for file in found:
        try:
            names[file] = reading.columns(file, data_format, form)
        except DataError as error:
            unreadable[file] = _in_one(error.problems)
    if not names:
        raise DataError(unreadable.values())
    return names, unreadable


def _in_one(problems: Sequence[str]) -> str:
    """The first problem, and how many more there are: a file of another table has many alike."""
    more = len(problems) - 1
    return problems[0] + (f" (and {more} more like it)" if more else "")


def _check_columns(
    source: str,
    every: Sequence[str],
    takes: Mapping[str, RawType],
    keep: Sequence[str],
    data_format: Format,
) -> None:
    """Refuses files of which no row says anything to the model, and columns that are not there."""
    if not any(name in takes for name in every):
        mend = "Give data with these columns"
        if data_format == "csv" and len(every) == 1:
            mend = "Is the delimiter another? --spec names the spec whose [data] says it"
        raise DataError(
            [
                f"{source}: has none of the columns of the model: {_listed(list(takes))}. Columns: "
                f"{_listed(every)}. {mend}"
            ]
        )
    absent = [
        f"--keep: no column {name!r} in {source}. Columns: "
        f"{_listed(every)}{did_you_mean(name, every)}"
        for name in keep
        if name not in every
    ]
    if absent:
        raise SpecError(absent)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _types(
    good: Sequence[pathlib.Path],
    data_format: Format,
    keep: Sequence[str],
    unreadable: dict[pathlib.Path, str],
) -> dict[str, pa.DataType]:
    """The types of the columns to keep; a file that has others is noted as unreadable."""
    if not reading.keeps_types(data_format):
        return dict.fromkeys(keep, pa.string())
    types: dict[str, pa.DataType] = {}
    for file in good:
        schema = reading.READERS[data_format].schema(file)
        own = {name: schema.field(name).type for name in keep}
        types = types or own
        problems = list(_of_other_types(file, own, types))
        if problems:
            unreadable[file] = _in_one(problems)
    return types


def _of_other_types(
    file: pathlib.Path, own: Mapping[str, pa.DataType], types: Mapping[str, pa.DataType]
) -> Iterator[str]:
    for name, kind in own.items():
        if kind != types[name]:
            yield (
                f"{file}: column {name!r}, which --keep names, is {kind}, and {types[name]} in "
                f"files before it. Convert it"
            )
