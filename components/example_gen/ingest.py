"""What Beam does with files: cuts them into ranges, reads these, writes the splits.

Every worker process imports this module, so TensorFlow and TFX stay out of it.
"""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Iterator
from concurrent import futures
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components import columns as parquet
from components.example_gen import reading
from components.example_gen.config import Table, TimeSplit, splits_of
from components.example_gen.findings import IN_NO_SPLIT, WITHOUT_LABEL, Findings
from components.example_gen.readers.ranges import Range
from components.example_gen.rejects import Rejects
from components.example_gen.splitting import NO_SPLIT, assign
from components.example_gen.writing import tf_examples, tf_records
from modules.errors import DataError
from modules.progress import Rows

FINDINGS = "findings"  # the output beside the main one
_THREADS = 2  # that write; with more, more of a batch is in memory at once


@dataclasses.dataclass(frozen=True)
class Target:
    """Where the rows go."""

    splits: dict[str, str]  # folder of the tf.Examples by split
    columns: dict[str, str]  # folder of the same rows as Parquet by split
    rejects: str  # folder
    findings: str  # file, JSON


class Ingest(beam.PTransform):
    """(number, path) of files -> everything that the target names, written."""

    def __init__(self, table: Table, target: Target):
        """Takes what the rows are like and where they go."""
        super().__init__()
        self._table = table
        self._target = target

    def expand(self, files: Any) -> Any:
        """Beam's entry."""
        cut = files | "Cut" >> with_findings(Cut(self._table), "ranges")
        read = (
            cut.ranges
            | beam.Reshuffle()
            | "Read" >> with_findings(_Read(self._table, self._target), "batches")
        )
        written = read.batches | "Write" >> beam.ParDo(_Write(self._table, self._target))
        return (
            (cut[FINDINGS], read[FINDINGS], written)
            | beam.Flatten()
            | beam.CombineGlobally(merged)
            | "Report" >> beam.Map(report, self._target.findings)
        )


def _write(path: str, content: bytes) -> None:
    """Writes a file as it is, and the folders above it."""
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(content)


def report(findings: str, path: str) -> None:
    """Writes findings, as JSON, to a file."""
    _write(path, findings.encode())


def with_findings(do: beam.DoFn, main: str) -> Any:
    """A step that gives findings, as JSON, beside its main output."""
    return beam.ParDo(do).with_outputs(FINDINGS, main=main)


class Cut(beam.DoFn):
    """(number of the file, path) -> (name of a range, range)."""

    def __init__(self, table: Table):
        """Takes what the files are like."""
        self._table = table

    def process(self, element: tuple[int, str]) -> Iterator[Any]:
        """Beam's."""
        number, path = element
        try:
            for index, part in enumerate(reading.ranges(pathlib.Path(path), self._table)):
                yield f"{number:05}-{index:05}", part
        except DataError as error:  # as a finding: Beam would wrap it in an error of its own
            yield tagged(Findings(fatal=list(error.problems)))


class _Read(beam.DoFn):
    """(name, range) -> (name of a shard, typed record batch)."""

    def __init__(self, table: Table, target: Target):
        self._table = table
        self._target = target

    def process(self, element: tuple[str, Range]) -> Iterator[Any]:
        name, part = element
        findings = Findings()
        rejects = Rejects(part.file, findings)
        try:
            for index, batch in enumerate(reading.read(part, self._table, rejects)):
                yield f"{name}-{index:05}", batch
                self._keep(rejects, f"{name}-{index:05}")
        except DataError as error:
            findings.fatal.extend(error.problems)
        self._keep(rejects, f"{name}-end")
        yield tagged(findings)

    def _keep(self, rejects: Rejects, shard: str) -> None:
        """Writes what was rejected; if a single row stops the run, nothing of it is kept."""
        entries = rejects.drain()
        if entries and self._table.max_rejects:
            _write(os.path.join(self._target.rejects, f"{shard}.jsonl"), entries.encode())


class _Write(beam.DoFn):
    """A typed record batch -> two files for each split; gives the findings, as JSON."""

    def __init__(self, table: Table, target: Target):
        self._table = table
        self._target = target

    def setup(self) -> None:
        self._progress = Rows("read")
        # Arrow and the compressor let other threads work.
        self._threads = futures.ThreadPoolExecutor(_THREADS)

    def start_bundle(self) -> None:
        self._writing: list[futures.Future[None]] = []

    def finish_bundle(self) -> None:
        self._wait()

    def teardown(self) -> None:
        self._threads.shutdown()

    def process(self, element: tuple[str, pa.RecordBatch]) -> Iterator[str]:
        shard, batch = element
        findings = Findings()
        labelled = batch.filter(pc.is_valid(batch.column(self._table.label)))
        findings.count(WITHOUT_LABEL, batch.num_rows - labelled.num_rows)
        if isinstance(self._table.split, TimeSplit):
            extent = pc.min_max(labelled.column(self._table.split.column)).as_py()
            findings.extend(extent["min"], extent["max"])
        names = list(self._table.columns)
        places = assign(labelled, names, self._table.split)
        findings.count(IN_NO_SPLIT, int((places == NO_SPLIT).sum()))
        self._wait()  # for the batch before this one: it was written while this one was read
        for place, split in enumerate(splits_of(self._table.split)):
            rows = labelled.select(names).filter(pa.array(places == place))
            findings.count(split, rows.num_rows)
            if rows.num_rows:  # TFX takes any file for one with examples
                self._writing += self._write(shard, split, rows)
        self._progress.add(batch.num_rows)
        yield findings.model_dump_json()

    def _wait(self) -> None:
        """Waits until all files are whole.

        Raises:
            OSError: if one cannot be written.
        """
        futures.wait(self._writing)
        for each in self._writing:
            each.result()
        self._writing = []

    def _write(
        self, shard: str, split: str, rows: pa.RecordBatch
    ) -> Iterator[futures.Future[None]]:
        """Begins both files of a split."""
        target, name = self._target, f"data_tfrecord-{shard}.gz"
        yield self._threads.submit(_write_examples, os.path.join(target.splits[split], name), rows)
        path = os.path.join(target.columns[split], f"{shard}.parquet")
        yield self._threads.submit(parquet.write, path, rows)


def _write_examples(path: str, rows: pa.RecordBatch) -> None:
    _write(path, tf_records(tf_examples(rows)))


def tagged(findings: Findings) -> Any:
    """An element of the output beside the main one."""
    return beam.pvalue.TaggedOutput(FINDINGS, findings.model_dump_json())


def merged(parts: Iterable[str]) -> str:
    """Findings of parts of the data as one, all as JSON."""
    whole = Findings()
    for part in parts:
        whole.merge(Findings.model_validate_json(part))
    return whole.model_dump_json()
