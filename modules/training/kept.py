"""Rows and what the trained model predicts for them: what is served is held against these."""

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np

from modules.columns import Head

FILE = "predictions.npz"  # in the run folder; read without pickle


@dataclasses.dataclass(frozen=True)
class Kept:
    """What the trained model itself says of some rows that it watched."""

    columns: dict[str, np.ndarray]  # transformed, `(rows, width)`
    predictions: np.ndarray  # float32 `(rows, outputs)`
    head: Head
    precision: str  # that the model was trained in
    bound: float  # how far the exported model may be off, as `parity` says


def write(kept: Kept, run_folder: pathlib.Path) -> None:
    """Writes an .npz: `predictions`; `column_0` and so on; and the rest as JSON in `facts`."""
    facts = {
        "columns": list(kept.columns),  # may be any text, which an .npz's keys may not
        "head": dataclasses.asdict(kept.head),
        "precision": kept.precision,
        "bound": kept.bound,
    }
    arrays: dict[str, Any] = {
        f"column_{place}": column for place, column in enumerate(kept.columns.values())
    }
    run_folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        run_folder / FILE,
        predictions=kept.predictions,
        facts=np.array(json.dumps(facts)),
        **arrays,
    )


def read(run_folder: pathlib.Path) -> Kept:
    """What was written."""
    with np.load(run_folder / FILE, allow_pickle=False) as arrays:
        facts = json.loads(str(arrays["facts"]))
        return Kept(
            columns={
                name: arrays[f"column_{place}"] for place, name in enumerate(facts["columns"])
            },
            predictions=arrays["predictions"],
            head=Head(**{**facts["head"], "quantiles": tuple(facts["head"]["quantiles"])}),
            precision=facts["precision"],
            bound=facts["bound"],
        )
