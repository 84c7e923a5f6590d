"""What Beam does for `headrace predict`: reads files in ranges, scores them, writes parts.

A part is an Arrow file of the scored rows of a batch; its name is its place, so that what comes out
has the order of what goes in. Parts and rejects lie in folders of this machine.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.batch_inference.scoring import Model, Score
from components.example_gen import reading
from components.example_gen.config import Table
from components.example_gen.findings import Findings
from components.example_gen.ingest import FINDINGS, Cut, merged, report, tagged, with_findings
from components.example_gen.readers.ranges import Range
from components.example_gen.rejects import Rejects
from modules.errors import DataError

SCORED = "scored"  # rows, in the findings


@dataclasses.dataclass(frozen=True)
class Target:
    """Where everything goes: folders that are there, and a file."""

    parts: str
    rejects: str
    findings: str  # file, JSON


class ScoreFiles(beam.PTransform):
    """(number, path) of files -> everything that the target names, written."""

    def __init__(self, table: Table, kept: tuple[str, ...], model: Model, target: Target):
        """Takes what the rows are like, the columns to keep, and what scores them."""
        super().__init__()
        self._table, self._kept, self._model, self._target = table, kept, model, target

    def expand(self, files: Any) -> Any:
        """Beam's entry."""
        cut = files | "Cut" >> with_findings(Cut(self._table), "ranges")
        read = (
            cut.ranges
            | beam.Reshuffle()
            | "Read"
            >> with_findings(_Read(self._table, self._kept, self._target.rejects), "batches")
        )
        written = (
            read.batches
            | "Score" >> beam.ParDo(Score(self._model))
            | "Write" >> beam.Map(_write, self._target.parts)
        )
        return (
            (cut[FINDINGS], read[FINDINGS], written)
            | beam.Flatten()
            | beam.CombineGlobally(merged)
            | "Report" >> beam.Map(report, self._target.findings)
        )


class _Read(beam.DoFn):
    """(name, range) -> (name of a part, typed record batch, kept columns by name)."""

    def __init__(self, table: Table, kept: tuple[str, ...], folder: str):
        self._table, self._kept, self._folder = table, kept, folder

    def process(self, element: tuple[str, Range]) -> Iterator[Any]:
        name, part = element
        findings = Findings()
        rejects = Rejects(part.file, findings)
        parts = (f"{name}-{index:05}" for index in itertools.count())
        try:
            for rows, kept in reading.read_keeping(part, self._table, self._kept, rejects):
                self._keep(rejects, name)
                yield next(parts), rows, dict(zip(self._kept, kept, strict=True))
        except DataError as error:
            findings.fatal.extend(error.problems)
        self._keep(rejects, name)
        yield tagged(findings)

    def _keep(self, rejects: Rejects, name: str) -> None:
        entries = rejects.drain()
        if entries:
            with pathlib.Path(self._folder, name).open("a", encoding="utf-8") as file:
                file.write(entries)


def _write(part: tuple[str, pa.RecordBatch], folder: str) -> str:
    """Writes a part; gives the findings, as JSON."""
    name, scored = part
    # Not through Beam's file systems, which would make the folder again when all is called off.
    with (
        pathlib.Path(folder, name).open("wb") as file,
        pa.ipc.new_file(file, scored.schema) as writer,
    ):
        writer.write_batch(scored)
    findings = Findings()
    findings.count(SCORED, scored.num_rows)
    return findings.model_dump_json()


def in_order(folder: str) -> list[pathlib.Path]:
    """The files of a target's folder by the places in their names: file, range, batch."""

    def place(path: pathlib.Path) -> list[int]:
        return [int(number) for number in path.name.split("-")]

    return sorted(pathlib.Path(folder).iterdir(), key=place)
