"""How far off predictions of a number are."""

import numpy as np

from components.evaluator.found import Residuals
from components.evaluator.sample import Rows, Sampled
from components.evaluator.writing import write
from modules.spec.label import Label

POINTS = 2_000


def write_residuals(sampled: Sampled | None, label: Label, path: str) -> None:
    """Writes those of a sample of rows."""
    found = Residuals(quantile=None, predictions=(), residuals=())
    if sampled is not None:
        found = residuals(sampled.draw(POINTS), label)
    write(path, found.model_dump_json())


def residuals(rows: Rows, label: Label) -> Residuals:
    """Those of rows; of quantiles, those of the one nearest to the median."""
    quantiles = label.quantiles or (0.5,)
    place = int(np.argmin(np.abs(np.array(quantiles) - 0.5)))
    said = rows.answers.predictions[:, place].astype(np.float64)
    return Residuals(
        quantile=quantiles[place] if label.quantiles else None,
        predictions=tuple(said.tolist()),
        residuals=tuple((rows.answers.labels - said).tolist()),
    )
