"""Headrace against TFX's taxi template: the same rows, the same training, whole pipelines.

    python benchmarks/pipeline/run.py                                    # everything
    python benchmarks/pipeline/run.py --sizes 15k --repeat 1 --arms stock headrace
    python benchmarks/pipeline/run.py --sizes 15k 150k --repeat 1 --add  # to what was measured

Every run is a process of its own in an empty folder. Writes results.json after each, and at the end
the tables of README.md (table.py). Wants a machine that does nothing else.
"""

import argparse
import dataclasses
import datetime
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import platform
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import rows
import table
import template
from arms import ARMS, Arm
from measure import measure

_PACKAGES = ("tfx", "tensorflow", "keras", "apache-beam", "pyarrow")


def run(arm: Arm, folder: pathlib.Path, data: pathlib.Path, copied: pathlib.Path) -> dict[str, Any]:
    """What one run took and what came out; the folder is gone afterwards."""
    measured = measure(arm.prepare(folder, data, copied), folder)
    # In a process of its own: else TensorFlow's pages would be shared with the next run's, and that
    # run seem to need less.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as reading:
        found = reading.submit(arm.found, folder).result()
    shutil.rmtree(folder)
    seconds: dict[str, float] = {}
    for stage in found.stages:
        seconds[stage.name] = seconds.get(stage.name, 0.0) + stage.end - stage.start
    return {
        "wall": measured.wall,
        "cpu": measured.cpu,
        "peak": measured.peak(),
        "seconds": seconds,
        "rows": found.rows,
        "schema_columns": found.schema_columns,
        "accuracy": found.accuracy,
        "columns": {name: dataclasses.astuple(each) for name, each in found.columns.items()},
    }


def machine() -> dict[str, Any]:
    """Where and when, and with what."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("model name\t: ")[2]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": cpu.partition("\n")[0],
        "memory": round(memory),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", choices=rows.SIZES, default=["15k", "150k", "1.5M"])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument(
        "--once", nargs="*", choices=rows.SIZES, default=[], help="sizes that are run but once"
    )
    parser.add_argument(
        "--add", action="store_true", help="to the runs of results.json, of the same machine"
    )
    parser.add_argument(
        "--work", type=pathlib.Path, help="a folder with room for some GB; default: a temporary one"
    )
    return parser.parse_args()


def begun(add: bool) -> dict[str, Any]:
    """Results without runs, or those of results.json, of this machine and these packages."""
    results = {"machine": machine(), "runs": []}
    if not add:
        return results
    before: dict[str, Any] = json.loads(table.RESULTS.read_text(encoding="utf-8"))
    here, there = ({**each["machine"], "date": ""} for each in (results, before))
    if here != there:
        raise SystemExit(f"results.json is of another machine: {there}, and this is {here}")
    return before


def main() -> None:
    """Measures what is asked for, in turns, so that a slow hour of the machine hits all alike."""
    given = arguments()
    results = begun(given.add)
    if given.work:
        given.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.work) as name:
        work = pathlib.Path(name)
        copied = work / "template"
        template.copy(copied)
        data = {size: work / f"{size}.csv" for size in {"15k", *given.sizes}}
        for size, path in data.items():
            rows.write(copied / "data" / "data.csv", rows.SIZES[size], path)
        for arm in given.arms:  # thrown away: compiles bytecode, fills the page cache
            run(ARMS[arm], work / "run", data["15k"], copied)
        for turn in range(given.repeat):
            for size in given.sizes:
                for arm in given.arms:
                    if rows.SIZES[size] < ARMS[arm].fewest_copies or (turn and size in given.once):
                        continue
                    taken = run(ARMS[arm], work / "run", data[size], copied)
                    results["runs"].append({"arm": arm, "size": size, **taken})
                    table.RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")
                    print(f"{size:>5} {arm:13} {taken['wall']:7.1f} s", flush=True)
    table.write()


if __name__ == "__main__":
    main()
