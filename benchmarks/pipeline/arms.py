"""The ways from the same rows to the same model that are held against each other."""

import dataclasses
import functools
import json
import pathlib
import shutil
import sys
from collections.abc import Callable

import template
from found import Column, Found, Stage, found

HERE = pathlib.Path(__file__).parent
SPEC = "taxi.toml"
HEADRACE = pathlib.Path(sys.executable).parent / "headrace"
# In this process, named in full: else Beam first tries to download another runner. The second flag
# keeps TFX from building an sdist of itself for every stage that is given flags.
IN_PROCESS = ("--runner=FnApiRunner", "--sdk_container_image=unused")
_TWO_PROCESSES = (*IN_PROCESS, "--direct_running_mode=multi_processing", "--direct_num_workers=2")

Command = list[str | pathlib.Path]


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way; `prepare` makes a folder from the template and the rows, and says what to run."""

    title: str
    prepare: Callable[[pathlib.Path, pathlib.Path, pathlib.Path], Command]
    found: Callable[[pathlib.Path], Found]  # what the run left in the folder
    fewest_copies: int = 1  # of the rows: below, it is known to lose


def _stock(
    beam: tuple[str, ...], folder: pathlib.Path, rows: pathlib.Path, copied: pathlib.Path
) -> Command:
    template.ready(copied, folder, rows, beam)
    return [sys.executable, "local_runner.py"]


def _stock_found(folder: pathlib.Path) -> Found:
    return found(
        folder / "tfx_metadata" / template.NAME / "metadata.db",
        folder / "tfx_pipeline_output" / template.NAME,
    )


def headrace(
    overrides: tuple[str, ...],
    folder: pathlib.Path,
    rows: pathlib.Path,
    copied: pathlib.Path | None = None,
) -> Command:
    """The command that runs a spec on rows, in a folder that it makes."""
    del copied
    folder.mkdir()
    shutil.copy(HERE / SPEC, folder)
    (folder / "taxi.csv").symlink_to(rows)
    settings = [word for override in overrides for word in ("--set", override)]
    return [HEADRACE, "run", SPEC, "--runs", "runs", "--json", *settings]


def _headrace_found(folder: pathlib.Path) -> Found:
    return found(folder / "runs" / "metadata.sqlite", folder / "runs" / "artifacts")


def _floor(folder: pathlib.Path, rows: pathlib.Path, copied: pathlib.Path) -> Command:
    template.ready(copied, folder, rows, ())
    return [sys.executable, HERE / "floor.py"]


def _floor_found(folder: pathlib.Path) -> Found:
    told = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return Found(
        stages=[Stage(*stage) for stage in told["stages"]],
        rows=told["rows"],
        schema_columns=told["schema_columns"],
        accuracy=told["accuracy"],
        columns={name: Column(*column) for name, column in told["columns"].items()},
    )


ARMS = {
    "stock": Arm("TFX's template", functools.partial(_stock, IN_PROCESS), _stock_found),
    "stock-2": Arm(
        "TFX's template, 2 Beam processes",
        functools.partial(_stock, _TWO_PROCESSES),
        _stock_found,
        fewest_copies=10,
    ),
    "headrace": Arm("Headrace", functools.partial(headrace, ()), _headrace_found),
    "headrace-1": Arm(
        "Headrace, 1 Beam process",
        functools.partial(headrace, ("beam.processes=1",)),
        _headrace_found,
        fewest_copies=100,
    ),
    "headrace-2": Arm(
        "Headrace, 2 Beam processes",
        functools.partial(headrace, ("beam.processes=2",)),
        _headrace_found,
        fewest_copies=100,
    ),
    "floor": Arm("the floor", _floor, _floor_found),
}
