"""The spec, what it names, and whether what comes of it has room: in a process of its own."""

import functools
import pathlib
import sys
from collections.abc import Iterator

from pipeline.console import near
from pipeline.doctor import disk, mending
from pipeline.doctor.apart import apart, tell
from pipeline.doctor.finding import Finding, ok, problem
from pipeline.history.columns import count, size

# Bytes that a first run adds to its folder: a model and records, and a part that grows with the
# data. Of the flights (2 MB of CSV) `du -sb runs` gives 6.1 MB, of their rows ten times over (20
# MB) 15.8 MB: half a byte for each of the text. As Parquet, or gzip, they have a fifth of the
# bytes. All doubled, as `stock` steps write more.
_FIXED = 12_000_000
_OF_TEXT, _OF_COMPRESSED = 1, 5
_TEXT = (".csv", ".tsv", ".jsonl", ".ndjson", ".tfrecord", ".tfrecords")


def usable(spec_file: pathlib.Path, runs: pathlib.Path) -> Iterator[Finding]:
    """Every problem of a spec, its schema and its data; apart, as readers of data may crash."""
    yield from apart("-m", __name__, str(spec_file), str(runs), mend=mending.environment())


def check(spec_file: pathlib.Path, runs: pathlib.Path) -> Iterator[Finding]:
    """The same, in this process."""
    from components.example_gen import files
    from modules.errors import InputProblem
    from pipeline.local.preflight import check_before
    from pipeline.local.requesting import Order, requested

    folder = spec_file.absolute().parent
    try:
        spec, request = requested(spec_file, Order(runs=runs))
        check_before(spec, folder, [])
        data = files.find(spec.data.source, folder)
    except InputProblem as error:
        for each in error.problems:
            yield problem("spec", each, f"Change {near(spec_file.absolute())}, or what it names")
        return
    yield ok("spec", f"{spec.name}: {count(len(spec.features), 'feature')}, {spec.label.task}")
    if spec.push.to:
        yield from disk.usable(pathlib.Path(request.serving), "push.to")
    yield from room_for_runs(data, runs)


def room_for_runs(data: list[pathlib.Path], runs: pathlib.Path) -> Iterator[Finding]:
    """Whether what a run makes of the data has room on the disk."""
    sizes = {path: path.stat().st_size for path in data}
    needed = _FIXED + sum(each * _times(path) for path, each in sizes.items())
    free = disk.free_bytes(runs)
    text = (
        f"{count(len(data), 'file')} of {size(sum(sizes.values()))}; a run takes about "
        f"{size(needed)} of the {size(free)} free at {disk.existing(runs)}"
    )
    if needed < free:
        yield ok("data", text)
    else:
        yield problem("data", text, "Free some (`headrace gc`), or name another disk with --runs")


def _times(path: pathlib.Path) -> int:
    return _OF_TEXT if path.suffix.lower() in _TEXT else _OF_COMPRESSED


if __name__ == "__main__":
    given, folder_of_runs = map(pathlib.Path, sys.argv[1:])
    tell({"spec": functools.partial(check, given, folder_of_runs)})
