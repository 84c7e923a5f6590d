"""The rows that a model is most wrong about, for people to look at."""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.columns import values
from components.evaluator import tallies, writing
from components.evaluator.scoring import Answers, Scored
from modules.spec.label import Label

ROWS = 50
LONGEST = 2_000  # characters of a text that are kept: enough to judge by, and the file stays small
_EPSILON = 1e-7  # Keras' fuzz factor
NAMES = {  # of what `losses` gives, by task
    "binary": "log loss",
    "multiclass": "log loss",
    "regression": "absolute error",
    "quantile": "pinball loss",
}

Wrong = tuple[float, str]  # the loss, and the row as JSON


def losses(label: Label, answers: Answers) -> np.ndarray:
    """How wrong each answer is, float64 `(rows,)`, NaN where the label is not known.

    Of classes minus the logarithm of the right one's probability; of a number its absolute error;
    of quantiles the mean of what they cost; the last two in the label's unit.
    """
    true, said = answers.labels, answers.predictions.astype(np.float64)
    if label.task == "quantile":
        places = range(len(label.quantiles))
        costs = tallies.pinball(true, said, quantiles=label.quantiles, places=places)[1]
        return np.where(costs[:, 1] > 0, costs[:, 0], np.nan)
    if label.is_number:
        return np.abs(true - said[:, 0])
    if label.task == "binary":
        said = np.concatenate([1 - said, said], axis=1)
    right = np.take_along_axis(said, np.maximum(true, 0)[:, np.newaxis], axis=1)[:, 0]
    return np.where(true >= 0, -np.log(np.clip(right, _EPSILON, 1)), np.nan)


class Worst(beam.CombineFn):
    """`Scored` batches -> the worst rows, a line of JSON each."""

    def __init__(self, model: str, label: Label, columns: Sequence[str]) -> None:
        """Takes the name of the model, its label, and the columns that are shown of a row."""
        self._model, self._label, self._columns = model, label, columns

    def create_accumulator(self) -> list[Wrong]:
        """Beam's: no rows."""
        return []

    def add_input(self, worst: list[Wrong], scored: Scored) -> list[Wrong]:
        """Beam's: the worst rows with those of a batch."""
        answers = scored.models[self._model]
        found = np.nan_to_num(losses(self._label, answers), nan=-1.0)
        least = worst[-1][0] if len(worst) == ROWS else 0.0
        places = np.flatnonzero(found >= least)
        if len(places) > ROWS:
            places = places[np.argsort(-found[places], kind="stable")[:ROWS]]
        lines = self._lines(scored.batch, answers, places, found)
        return _worst([*worst, *zip(found[places].tolist(), lines, strict=True)])

    def _lines(
        self, batch: pa.RecordBatch, answers: Answers, places: np.ndarray, found: np.ndarray
    ) -> Iterator[str]:
        taken = batch.take(pa.array(places))
        columns = [values(taken, name).to_pylist() for name in self._columns]
        labels = values(taken, self._label.column).to_pylist()
        for at, place in enumerate(places.tolist()):
            row = {
                "loss": found[place].item(),
                "label": _plain(labels[at]),
                "prediction": answers.predictions[place].tolist(),
                "row": {
                    name: _plain(column[at])
                    for name, column in zip(self._columns, columns, strict=True)
                },
            }
            yield json.dumps(row, ensure_ascii=False)

    def merge_accumulators(self, accumulators: Iterable[list[Wrong]]) -> list[Wrong]:
        """Beam's: the worst rows of several."""
        return _worst(itertools.chain(*accumulators))

    def extract_output(self, worst: list[Wrong]) -> list[str]:
        """Beam's: the lines, the worst row first."""
        return [line for _, line in worst]


def _worst(rows: Iterable[Wrong]) -> list[Wrong]:
    """The worst rows, the worst first; among equals by their text, so that order does not count."""
    return sorted(rows, key=lambda one: (-one[0], one[1]))[:ROWS]


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write(lines: list[str], path: str) -> None:
    """Writes the rows to a file."""
    writing.write(path, "".join(f"{line}\n" for line in lines))
