"""How much a model relies on each column: what its loss is when the column's values change rows.

Permutation feature importance (Breiman 2001, "Random Forests", section 10), for any model and loss
the model reliance, as a difference, of Fisher, Rudin and Dominici 2019, "All Models are Wrong, but
Many are Useful", section 3.
"""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from components.evaluator import sample
from components.evaluator.found import Importance, Rise
from components.evaluator.sample import Rows, Sampled
from components.evaluator.scoring import Answers, Model
from components.evaluator.writing import write
from components.evaluator.wrong import NAMES, losses
from components.signature import ROWS
from modules import progress
from modules.spec.label import Label

SCORED = 75_000  # rows that the model is asked for at most, over all columns and repeats
_REPEATS = (3, 2)  # fewer only where rows would be too few
_ENOUGH = 500  # rows
_SEED = 0

Ask = Callable[[pa.RecordBatch], np.ndarray]  # rows -> predictions `(rows, outputs)`
Change = tuple[str, np.ndarray]  # a column, and the places of the rows that its values come from


def shuffle(sampled: Sampled | None, model: Model, path: str) -> None:
    """Writes the importance of each column that a model takes, by a sample of rows."""
    interface = model.served.interface
    names = [name for name in interface.columns if name != interface.label.column]
    rows, repeats = extent(len(names))
    if sampled is None:
        loss = NAMES[interface.label.task]
        found = Importance(loss=loss, baseline=None, rows=0, repeats=repeats, columns=())
    else:
        ask = model.loaded().predictions
        found = importance(sampled.draw(rows), interface.label, names, repeats, ask)
    write(path, found.model_dump_json(indent=1))


def extent(columns: int) -> tuple[int, int]:
    """How many rows are shuffled, and how often, so that no more than `SCORED` come of it."""
    for repeats in _REPEATS:
        rows = SCORED // max(1, columns * repeats)
        if rows >= _ENOUGH:
            break
    return max(2, min(rows, sample.ROWS)), repeats  # one row alone cannot change places


def importance(rows: Rows, label: Label, names: list[str], repeats: int, ask: Ask) -> Importance:
    """The importance of columns to a model.

    Args:
        rows: with what the model says of them, all with a loss.
        label: of the model.
        names: the columns.
        repeats: shuffles of each column, 2 or more; the same for all columns.
        ask: the model.
    """
    random = np.random.default_rng(_SEED)
    orders = [random.permutation(len(rows)) for _ in range(repeats)]
    changes = [(name, order) for name in names for order in orders]
    baseline = float(_means(rows, rows.answers.predictions, label)[0])
    rises = _when_shuffled(rows, label, changes, ask).reshape(len(names), repeats) - baseline
    found = [_rise(name, of_column) for name, of_column in zip(names, rises, strict=True)]
    return Importance(
        loss=NAMES[label.task],
        baseline=baseline,
        rows=len(rows),
        repeats=repeats,
        columns=tuple(sorted(found, key=_place)),
    )


def _when_shuffled(rows: Rows, label: Label, changes: list[Change], ask: Ask) -> np.ndarray:
    """The mean loss after each change, float64 `(changes,)`; few calls of many rows."""
    told, found = progress.Rows("judged with a column shuffled"), np.empty(len(changes))
    together = max(1, ROWS // len(rows))
    for start in range(0, len(changes), together):
        some = slice(start, start + together)
        predictions = ask(_shuffled(rows.features, changes[some]))
        found[some] = _means(rows, predictions, label)
        told.add(len(predictions))
    return found


def _shuffled(features: pa.Table, changes: list[Change]) -> pa.RecordBatch:
    """The rows once for each change."""
    rows = features.num_rows
    unchanged = np.tile(np.arange(rows), len(changes))
    sources: dict[str, np.ndarray] = {}
    for at, (name, order) in enumerate(changes):
        sources.setdefault(name, unchanged.copy())[at * rows : (at + 1) * rows] = order
    columns = {
        name: features[name].take(pa.array(sources.get(name, unchanged))).combine_chunks()
        for name in features.column_names
    }
    return pa.record_batch(columns)


def _means(rows: Rows, predictions: np.ndarray, label: Label) -> np.ndarray:
    """The mean loss of each time that the rows are there, float64."""
    times = len(predictions) // len(rows)
    said = Answers(np.tile(rows.answers.labels, times), predictions)
    by_row = losses(label, said).reshape(times, len(rows))
    return np.average(by_row, axis=1, weights=rows.answers.weights)


def _rise(name: str, rises: np.ndarray) -> Rise:
    with np.errstate(invalid="ignore"):  # of losses that are infinite
        mean, deviation = float(rises.mean()), float(rises.std(ddof=1))
    is_known = math.isfinite(mean)
    return Rise(
        column=name, rise=mean if is_known else None, deviation=deviation if is_known else None
    )


def _place(one: Rise) -> tuple[float, str]:
    """Sorts the largest rise first, what is not known last."""
    return (math.inf if one.rise is None else -one.rise), one.column
