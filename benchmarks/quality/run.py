"""What the committed specs reach on the full data sets, through the whole pipeline.

    python -m scripts.data.build flights --full   # and penguins, diamonds
    python benchmarks/quality/run.py [flights] [penguins] [diamonds]

Prints a table, with what gradient boosting makes of the same splits and columns: see README.md.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import trees

from pipeline.spec import load

ROOT = pathlib.Path(__file__).parents[2]
HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
# By data set: the metric, and the overrides of each run.
RUNS: dict[str, tuple[str, list[list[str]]]] = {
    "flights": ("auc", [[f"training.seed={seed}"] for seed in range(3)]),
    "penguins": ("accuracy", [[f"data.split.seed={seed}"] for seed in range(5)]),
    "diamonds": ("rmse", [[f"data.split.seed={seed}"] for seed in range(3)]),
}


def run(name: str, overrides: list[str]) -> dict[str, Any]:
    """The result of one run on the full set, `trees` being what gradient boosting reaches there."""
    source = f"data.source=full/{name}.csv"
    settings = [word for override in [source, *overrides] for word in ("--set", override)]
    with tempfile.TemporaryDirectory() as folder:
        spec = ROOT / "data" / name / "spec.toml"
        command = [HEADRACE, "run", spec, "--runs", folder, "--json", *settings]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        result: dict[str, Any] = json.loads(finished.stdout)
        result["trees"] = trees.score(pathlib.Path(folder), load(spec).label)
    return result


def main() -> None:
    """Runs what is named, or all, and prints a line a run."""
    for name in sys.argv[1:] or RUNS:
        metric, runs = RUNS[name]
        ours, theirs = [], []
        for overrides in runs:
            result = run(name, overrides)
            ours.append(result["metrics"][metric])
            theirs.append(result["trees"])
            print(
                f"{name:9} {' '.join(overrides):18} {metric} {ours[-1]:8.4f}  "
                f"trees {theirs[-1]:8.4f}  {result['verdict']:11} {result['seconds']:5.0f} s",
                flush=True,
            )
        means = f"{statistics.mean(ours):8.4f}  trees {statistics.mean(theirs):8.4f}"
        print(f"{name:9} {'mean':18} {metric} {means}", flush=True)


if __name__ == "__main__":
    main()
