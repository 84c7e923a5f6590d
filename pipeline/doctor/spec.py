"""The spec, and the data that it names."""

import pathlib
from collections.abc import Iterator

from components.example_gen import files
from modules.errors import InputProblem
from pipeline import spec as spec_of
from pipeline.doctor.finding import Finding, ok, problem
from pipeline.local.preflight import check_before
from pipeline.spec import Spec


def usable(spec_file: pathlib.Path) -> Iterator[Finding]:
    """Every problem of a spec, its schema and its data's header."""
    try:
        spec = spec_of.load(spec_file)
        check_before(spec, spec_file.absolute().parent, [])
    except InputProblem as error:
        for each in error.problems:
            yield problem("spec", each, "Change the spec, or what it names")
    else:
        yield ok("spec", f"{spec.name}: {len(spec.features)} features, label {spec.label.column}")


def loaded(spec_file: pathlib.Path) -> Spec | None:
    """The spec, if it can be used."""
    try:
        return spec_of.load(spec_file)
    except InputProblem:
        return None


def bytes_of_data(spec: Spec, folder: pathlib.Path) -> int:
    """How large the data files are together; 0 if there are none."""
    try:
        return sum(path.stat().st_size for path in files.find(spec.data.source, folder))
    except InputProblem:
        return 0
