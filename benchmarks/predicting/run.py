"""What `headrace predict` costs, and how a score differs with the rows that are scored with it.

.venv/bin/headrace run data/flights/spec.toml
.venv/bin/python benchmarks/predicting/run.py data/flights/flights.csv data/flights/runs/serving
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from components.example_gen.config import Form, unlabelled
from components.example_gen.findings import Findings
from components.example_gen.reading import typed_batches
from components.signature import ROWS, Signature
from pipeline.predicting import place

TIMES = (20, 80)  # that the rows of the file are repeated
CALLS = (1, 3, 8, 100, 1000)  # rows in a call


def cost(data: pathlib.Path, serving: pathlib.Path, times: int) -> None:
    """Prints seconds and memory of a command that scores the rows of a file so many times."""
    header, rows = data.read_bytes().split(b"\n", 1)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "rows.csv")
        with file.open("wb") as written:
            written.write(header + b"\n")
            for _ in range(times):
                written.write(rows)
        command = ["headrace", "predict", str(file), "--output", f"{folder}/scores.parquet"]
        began = time.monotonic()
        with subprocess.Popen(
            [*command, "--model", str(serving), "--json"], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            told = json.loads(process.stdout.read())
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0
    print(
        f"{told['rows']:>9,} rows: {time.monotonic() - began:5.1f} s, "
        f"{used.ru_utime + used.ru_stime:5.1f} s of CPU, {used.ru_maxrss >> 10:,} MB"
    )


def differences(data: pathlib.Path, serving: pathlib.Path) -> None:
    """Prints how scores of calls of few rows differ from those of one call."""
    folder = place.version(serving)
    takes = place.interface(folder)
    table = unlabelled("csv", takes.columns, Form())
    rows = next(typed_batches(data, table, Findings())).slice(0, ROWS)
    signature = Signature(str(folder), takes.columns)
    (name,) = signature(rows)  # of a binary model or a regression
    together = signature(rows)[name].numpy()
    for size in CALLS:
        starts = range(0, min(len(together), 500 * size) - size + 1, size)
        parts = [signature(rows.slice(start, size))[name].numpy() for start in starts]
        alone = np.concatenate(parts)
        bits = np.abs(alone.view(np.int32) - together[: len(alone)].view(np.int32))
        print(
            f"{size:>5} rows a call: {(bits > 0).mean():.1%} of {len(alone):,} scores differ, "
            f"by {bits.max()} units in the last place at most"
        )


if __name__ == "__main__":
    for count in TIMES:
        cost(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), count)
    differences(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
