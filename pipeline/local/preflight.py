"""What is checked in milliseconds, before a run starts what takes seconds."""

import pathlib
import tempfile

from components.converter.config import missing
from components.example_gen import files, reading
from modules.errors import DataError, SpecError
from pipeline.schema import check_schema
from pipeline.spec import Spec


def check_before(spec: Spec, spec_folder: pathlib.Path, written: list[pathlib.Path]) -> list[str]:
    """Checks in milliseconds what would else fail after a long start.

    Returns:
        Columns of the data that the spec neither uses nor ignores.

    Raises:
        DataError: if files or columns are not there.
        SpecError: if the schema does not fit, packages of a format that is to be exported are not
            there, or a folder that is to be written cannot be.
    """
    absent = list(missing(spec.export.formats))
    if absent:
        raise SpecError(absent)
    if spec.validation.schema_file:
        misfits = list(check_schema(spec_folder / spec.validation.schema_file, spec))
        if misfits:
            raise SpecError(misfits)
    found = files.find(spec.data.source, spec_folder)
    data_format = files.format_of(found, spec.data.format)
    problems: list[str] = []
    unused: dict[str, None] = {}
    for file in found if data_format in reading.WITH_HEADER else ():
        names = reading.columns(file, data_format, spec.data)
        problems += files.check_columns(file, names, _named_columns(spec))
        known = {*_named_columns(spec), *spec.data.ignore}
        unused.update(dict.fromkeys(name for name in names if name not in known))
    if problems:
        raise DataError(problems)
    for folder in written:
        _check_writable(folder)
    return list(unused)


def _named_columns(spec: Spec) -> dict[str, str]:
    """By column that the data must have, the key path that names it."""
    named = {name: f"features.{name}" for name in spec.features}
    named[spec.label.column] = "label.column"
    if hasattr(spec.data.split, "column"):
        named.setdefault(spec.data.split.column, "data.split.column")
    for name in spec.columns():
        named.setdefault(name, "data.carry" if name in spec.data.carry else "evaluation.slices")
    return named


def _check_writable(folder: pathlib.Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SpecError(
            [f"{folder}: cannot be written: {error.strerror}. Name another with --runs or push.to"]
        ) from None
