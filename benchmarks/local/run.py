"""An engineer's day: the same pipeline again and again, in Headrace and in TFX's taxi template.

    python benchmarks/local/run.py                       # 15 thousand rows, three days
    python benchmarks/local/run.py --size 150k --days 1

A day is four runs in one folder: the first; one with nothing changed; one after an edit of the
model (its hidden layers); one after an edit of a file that no node runs. Writes results.json and
the tables of README.md. Wants a machine that does nothing else.
"""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from typing import Any

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.with_name("pipeline")))  # the rows, the template, what is measured

import arms  # noqa: E402
import rows  # noqa: E402
import template  # noqa: E402
from measure import measure  # noqa: E402
from run import machine  # noqa: E402

RESULTS, README = HERE / "results.json", HERE / "README.md"
RUNS = ("first run", "nothing changed", "model edited", "another file edited")
TITLES = {
    "headrace": "Headrace",
    "stock": "TFX's template",
    "stock, cached": "TFX's template, enable_cache=True",
}
_MADE = "<!-- made by run.py -->", "<!-- end of what run.py made -->"


def edit(path: pathlib.Path, old: str, new: str) -> None:
    """Replaces a text that must be there."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path}: {old!r} is not there, as it is in TFX 1.21's template")
    path.write_text(text.replace(old, new), encoding="utf-8")


def headrace(folder: pathlib.Path, data: pathlib.Path, copied: pathlib.Path) -> arms.Command:
    """Headrace in a new folder."""
    del copied
    command = arms.headrace((), folder, data)
    (folder / "notes.py").write_text("nothing = 1\n", encoding="utf-8")
    return command


def stock(
    cached: bool, folder: pathlib.Path, data: pathlib.Path, copied: pathlib.Path
) -> arms.Command:
    """The template in a new folder."""
    template.ready(copied, folder, data, arms.IN_PROCESS)
    if cached:
        edit(folder / "pipeline" / "pipeline.py", "# enable_cache=True", "enable_cache=True")
    (folder / "notes.py").write_text("nothing = 1\n", encoding="utf-8")
    return [sys.executable, "local_runner.py"]


ARMS: dict[str, Callable[[pathlib.Path, pathlib.Path, pathlib.Path], arms.Command]] = {
    "headrace": headrace,
    "stock": lambda *places: stock(False, *places),
    "stock, cached": lambda *places: stock(True, *places),
}


def edit_model(arm: str, folder: pathlib.Path) -> None:
    """Another width of the first hidden layer."""
    if arm == "headrace":
        edit(folder / arms.SPEC, "hidden = [16, 8]", "hidden = [17, 8]")
    else:
        edit(folder / "models" / "keras_model" / "constants.py", "[16, 8]", "[17, 8]")


def models(arm: str, folder: pathlib.Path) -> int:
    """How many models the Trainer has made so far."""
    if arm == "headrace":
        artifacts = folder / "runs" / "artifacts"
    else:
        artifacts = folder / "tfx_pipeline_output" / template.NAME
    return len(list((artifacts / "Trainer" / "model").iterdir()))


def day(arm: str, work: pathlib.Path, data: pathlib.Path, copied: pathlib.Path) -> dict[str, Any]:
    """What each run of a day took."""
    folder = work / "day"
    command = ARMS[arm](folder, data, copied)
    found: dict[str, Any] = {}
    for name in RUNS:
        before = models(arm, folder) if found else 0
        if name == "model edited":
            edit_model(arm, folder)
        if name == "another file edited":
            edit(folder / "notes.py", "1", "2")
        measured = measure(command, folder)
        found[name] = {"wall": measured.wall, "cpu": measured.cpu, "peak": measured.peak()}
        print(f"{arm:14} {name:20} {measured.wall:7.1f} s", flush=True)
        if name == "model edited":
            found["stale"] = models(arm, folder) == before
    shutil.rmtree(folder)
    return found


def tables(results: dict[str, Any]) -> str:
    """The table of README.md."""
    where = results["machine"]
    lines = [
        f"{where['date']}; {where['cores']} cores ({where['processor']}), {where['memory']} GiB; "
        f"{results['size']} rows; days: {results['days']}, medians.",
        "",
        "| | run | wall s | CPU s | peak MiB | times faster |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    found = results["arms"]

    def median(arm: str, run: str, figure: str) -> float:
        return statistics.median(each[run][figure] for each in found[arm])

    for run in RUNS:
        for arm in found:
            wall, cpu, peak = (median(arm, run, figure) for figure in ("wall", "cpu", "peak"))
            faster = median("stock", run, "wall") / wall if "stock" in found else float("nan")
            lines.append(
                f"| {TITLES[arm]} | {run} | {wall:.1f} | {cpu:.1f} | {peak:,.0f} | {faster:.1f} |"
            )
    stale = [TITLES[arm] for arm, days in found.items() if any(each["stale"] for each in days)]
    if stale:
        lines += ["", f"Did not train after the edit of the model: {', '.join(stale)}."]
    return "\n".join(lines)


def write(results: dict[str, Any]) -> None:
    """Writes results and tables."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    begin, end = map(re.escape, _MADE)
    text = README.read_text(encoding="utf-8")
    made = f"{_MADE[0]}\n\n{tables(results)}\n\n{_MADE[1]}"
    README.write_text(
        re.sub(f"{begin}.*{end}", lambda _: made, text, flags=re.DOTALL), encoding="utf-8"
    )


def main() -> None:
    """Measures in turns, so that a slow hour of the machine hits all alike."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=rows.SIZES, default="15k")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    given = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "size": given.size, "days": given.days}
    results["arms"] = {arm: [] for arm in given.arms}
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        copied, data = work / "template", work / f"{given.size}.csv"
        template.copy(copied)
        rows.write(copied / "data" / "data.csv", rows.SIZES[given.size], data)
        for _ in range(given.days):
            for arm in given.arms:
                results["arms"][arm].append(day(arm, work, data, copied))
    write(results)


if __name__ == "__main__":
    main()
