"""How much memory a run of Headrace needs, stage by stage, as the rows become more.

    python benchmarks/pipeline/memory.py                       # 150 thousand and 10 million rows
    python benchmarks/pipeline/memory.py 15k 150k

Prints a table, in MiB of all processes together. A stage that nobody looked at, being over within
half a second, is left out.
"""

import argparse
import math
import pathlib
import tempfile

import rows
import template
from arms import headrace
from found import stages
from measure import measure

Peaks = dict[str, float]  # MiB by stage


def peaks(folder: pathlib.Path, data: pathlib.Path) -> Peaks:
    """What one run needs, and each stage of it."""
    measured = measure(headrace((), folder, data), folder)
    found: Peaks = {}
    for stage in stages(folder / "runs" / "metadata.sqlite"):
        peak = measured.peak(stage.start, stage.end)
        if not math.isnan(peak):
            found[stage.name] = max(found.get(stage.name, 0.0), peak)
    return {**found, "whole run": measured.peak()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help=f"of {', '.join(rows.SIZES)}")
    parser.add_argument("--work", type=pathlib.Path, help="a folder with room for some GB")
    given = parser.parse_args()
    sizes = given.sizes or ["150k", "10M"]
    if unknown := [size for size in sizes if size not in rows.SIZES]:
        parser.error(f"got {', '.join(unknown)}, expected some of {', '.join(rows.SIZES)}")
    with tempfile.TemporaryDirectory(dir=given.work) as name:
        work = pathlib.Path(name)
        template.copy(work / "template")
        found = {}
        for size in sizes:
            data = work / f"{size}.csv"
            rows.write(work / "template" / "data" / "data.csv", rows.SIZES[size], data)
            found[size] = peaks(work / size, data)
    print(f"{'stage':18}" + "".join(f"{size:>9}" for size in found))
    for stage in dict.fromkeys(stage for of in found.values() for stage in of):
        figures = (of.get(stage) for of in found.values())
        print(f"{stage:18}" + "".join(f"{peak:9,.0f}" if peak else " " * 9 for peak in figures))


if __name__ == "__main__":
    main()
