"""Writes the tables of README.md from results.json; run.py ends with it."""

import json
import pathlib
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import rows
from arms import ARMS
from found import Column, differing

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results.json"
README = HERE / "README.md"
_START, _END = "<!-- made by table.py -->\n", "<!-- end of what table.py made -->\n"
_REST = "outside the stages"  # imports above all

Run = dict[str, Any]
Runs = dict[tuple[str, str], list[Run]]  # by size and arm


def write() -> None:
    """Puts the tables where the last ones are."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    runs: Runs = {}
    for run in results["runs"]:
        runs.setdefault((run["size"], run["arm"]), []).append(run)
    parts = [
        _where(results["machine"]),
        "### Whole pipelines",
        _whole(runs),
        "### What came out",
        _equal(runs),
        "### Seconds a stage",
        _stages(runs),
        "### Fixed seconds of a stage + microseconds a row",
        _fits(runs),
    ]
    before, _, rest = README.read_text(encoding="utf-8").partition(_START)
    after = rest.partition(_END)[2]
    tables = "\n\n".join(part for part in parts if part)
    README.write_text(f"{before}{_START}\n{tables}\n\n{_END}{after}", encoding="utf-8")


def _where(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['date']}; {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory']} GiB; Python {machine['python']}, {packages}."
    )


def _whole(runs: Runs) -> str:
    lines = []
    for (size, arm), taken in runs.items():
        wall, cpu, peak = (_median(taken, key) for key in ("wall", "cpu", "peak"))
        stock = [_median(runs[size, rival], "wall") for rival in _rivals(runs, size)]
        memory = [_median(runs[size, rival], "peak") for rival in _rivals(runs, size)]
        lines.append(
            [
                size,
                ARMS[arm].title,
                str(len(taken)),
                f"{wall:.1f}",
                f"{cpu:.1f}",
                f"{peak:,.0f}",
                f"{min(stock) / wall:.1f}" if stock else "",
                f"{peak / min(memory):.2f}" if memory else "",
            ]
        )
    heads = ["rows", "arm", "runs", "wall s", "CPU s", "peak MiB", "times faster", "of its memory"]
    return _markdown(heads, lines)


def _rivals(runs: Runs, size: str) -> list[str]:
    """The arms of the template: the better of them is what a ratio is taken to."""
    return [arm for of, arm in runs if of == size and arm.startswith("stock")]


def _equal(runs: Runs) -> str:
    lines = []
    for (size, arm), (run, *_) in runs.items():
        lines.append(
            [
                size,
                ARMS[arm].title,
                f"{run['rows']['train']:,}",
                f"{run['rows']['eval']:,}",
                str(run["schema_columns"]),
                _alike(run, runs.get((size, "stock"), [{}])[0]),
                f"{_median(runs[size, arm], 'accuracy'):.4f}",
            ]
        )
    heads = ["rows", "arm", "train", "eval", "schema columns", "statistics", "accuracy"]
    return _markdown(heads, lines)


def _alike(run: Run, stock: Run) -> str:
    """Whether counts and means are the template's, of the columns that both have."""
    if not stock or run is stock:
        return ""
    ours, theirs = (
        {name: Column(*values) for name, values in each["columns"].items()} for each in (run, stock)
    )
    shared, unequal = differing(ours, theirs)
    return f"{', '.join(unequal)} differ" if unequal else f"equal, {shared} columns"


def _stages(runs: Runs) -> str:
    """A table a size."""
    tables = []
    for size in dict.fromkeys(size for size, _ in runs):
        by_arm = {arm: _seconds(taken) for (of, arm), taken in runs.items() if of == size}
        lines = [
            [stage, *(f"{of[stage]:.2f}" if stage in of else "" for of in by_arm.values())]
            for stage in _names(by_arm.values())
        ]
        tables.append(_markdown([f"{size} rows", *by_arm], lines))
    return "\n\n".join(tables)


def _fits(runs: Runs) -> str:
    """A line a stage, fitted over the sizes, by arm."""
    fits: dict[str, dict[str, str]] = {}
    for arm in dict.fromkeys(arm for _, arm in runs):
        by_size = {size: _seconds(taken) for (size, of), taken in runs.items() if of == arm}
        if len(by_size) > 1:
            stages = _names(by_size.values())
            fits[arm] = {
                stage: _fit({size: of[stage] for size, of in by_size.items()}) for stage in stages
            }
    if not fits:
        return "Of two sizes or more."
    lines = [
        [stage, *(of.get(stage, "") for of in fits.values())] for stage in _names(fits.values())
    ]
    return _markdown(["stage", *fits], lines)


def _fit(seconds: dict[str, float]) -> str:
    """Fixed seconds, and microseconds a row, by least squares of the relative errors."""
    counts = [rows.count(size) for size in seconds]
    found = np.maximum(list(seconds.values()), 1e-3)  # what ML Metadata tells apart
    slope, fixed = np.polyfit(counts, found, 1, w=1 / found)
    return f"{fixed:.2f} + {slope * 1e6:.2f}"


def _seconds(taken: Sequence[Run]) -> dict[str, float]:
    """By stage, the median of the runs, and what is left of the whole."""
    medians = {
        stage: statistics.median(run["seconds"][stage] for run in taken)
        for stage in taken[0]["seconds"]
    }
    rests = [run["wall"] - sum(run["seconds"].values()) for run in taken]
    return {**medians, _REST: statistics.median(rests)}


def _names(of: Iterable[dict[str, Any]]) -> list[str]:
    """Every stage once, in the order they ran; last, what is outside of them."""
    longest_first = sorted(of, key=len, reverse=True)
    names = dict.fromkeys(name for each in longest_first for name in each)
    return sorted(names, key=lambda name: name == _REST)


def _median(taken: Sequence[Run], key: str) -> float:
    return statistics.median(run[key] for run in taken)


def _markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    table = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in table)


if __name__ == "__main__":
    write()
