"""What a run keeps of each node that ended well: what went in, and what came out.

The folder of a run has `records/<node>.json` for each node that ran or was served by the cache.
"""

import pathlib
from typing import Any

import pydantic

from pipeline.local import whole
from pipeline.local.result import Finished

RECORDS = "records"  # folder within that of a run


class Output(pydantic.BaseModel):
    """An artifact that came out."""

    id: int  # in ML Metadata
    type: str
    uri: str
    contents: str  # digest of what lies there
    digest: str  # of that, and of the properties that what reads it can see


class Parts(pydantic.BaseModel):
    """All that decides what comes out of a node."""

    component: str  # class of its executor
    properties: dict[str, Any] = {}  # execution properties, parsed where they are JSON
    code: dict[str, str] = {}  # digest by module (`modules.export`) or file of the user (`mine.py`)
    libraries: dict[str, str] = {}  # version by distribution, and of Python
    inputs: dict[str, list[str]] = {}  # digests of artifacts and files that are read, by input


class Record(pydantic.BaseModel):
    """A node that ended well."""

    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    node: str
    run: str  # that ran it: of a cached node, an earlier one
    key: str  # digest of the parts
    parts: Parts
    execution: int  # in ML Metadata, the one that really ran
    outputs: dict[str, list[Output]]
    finished: Finished  # what it told at its end
    seconds: float
    peak_mb: float | None = None


def records(run: pathlib.Path) -> dict[str, Record]:
    """By node, the records of the run in a folder; those that cannot be read are left out."""
    found = {}
    for path in sorted((run / RECORDS).glob("*.json")):
        record = read(path)
        if record is not None:
            found[record.node] = record
    return found


def read(path: pathlib.Path) -> Record | None:
    """The record in a file, or None if there is none or it is not whole."""
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, pydantic.ValidationError):
        return None


def write(record: Record, path: pathlib.Path) -> None:
    """Writes a record, whole or not at all."""
    whole.write(path, record.model_dump_json(indent=1).encode())
