"""TFX's stock taxi template: copied as its users copy it, with every stage switched on."""

import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

NAME = "taxi"
_TFX = pathlib.Path(sys.executable).parent / "tfx"


def copy(folder: pathlib.Path) -> None:
    """What `tfx template copy` makes; the rows are in `data/data.csv`."""
    subprocess.run(
        [
            *(_TFX, "template", "copy", "--model", NAME, "--pipeline_name", NAME),
            *("--destination_path", folder),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def ready(
    template: pathlib.Path, folder: pathlib.Path, rows: pathlib.Path, beam: Sequence[str]
) -> None:
    """A copy of the template that runs all its stages on other rows.

    ExampleValidator alone stays out: the template reaches it with a schema of the user's only.
    """
    shutil.copytree(template, folder)
    data = folder / "data" / "data.csv"
    data.unlink()
    data.symlink_to(rows)
    _replace(folder / "pipeline" / "pipeline.py", "# components.append(", "components.append(", 9)
    connection = "metadata_connection_config=tfx"
    flags = f"beam_pipeline_args={list(beam)!r},\n          {connection}"
    _replace(folder / "local_runner.py", connection, flags, 1)


def _replace(path: pathlib.Path, old: str, new: str, times: int) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(old) != times:
        raise ValueError(
            f"{path}: {old!r} is there {text.count(old)} times, expected {times} as in TFX 1.21. "
            f"Another TFX has another template: look at what it switches on"
        )
    path.write_text(text.replace(old, new), encoding="utf-8")
