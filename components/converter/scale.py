"""What every converted model is measured with: the eval split and the SavedModel's predictions."""

import functools

import numpy as np

from components.converter import scoring
from components.converter.network import Network
from components.converter.report import Figures
from components.converter.scoring import Predict
from modules.columns import Head, head
from modules.training.difference import differences
from modules.training.examples import Examples

BATCH = 256  # rows of the batch whose latency is told


class Scale:
    """Holds converted models against the SavedModel, on all rows of the eval split."""

    def __init__(self, network: Network, examples: Examples, metric: str) -> None:
        """Takes the network, the transformed eval split, and the headline metric of the task."""
        self.network, self.examples, self.metric = network, examples, metric
        self._labels = examples[network.label_column][:, 0]

    @property
    def unit(self) -> str:
        """Of differences."""
        is_number = self.network.label.is_number
        return "standard deviations of the label" if is_number else "probability"

    @functools.cached_property
    def _head(self) -> Head:
        """Its standard deviation is that of the eval split."""
        return head(self.network.label, self._labels[np.isfinite(self._labels)])

    @functools.cached_property
    def expected(self) -> np.ndarray:
        """What the SavedModel predicts."""
        return self.predictions(self.network)

    def predictions(self, predict: Predict) -> np.ndarray:
        """What is predicted for every row."""
        inputs = list(self.network.inputs)
        return scoring.predictions(predict, self.examples, inputs, self.examples.rows)

    def differences(self, predicted: np.ndarray) -> np.ndarray:
        """How far each prediction is from that of the SavedModel."""
        return differences(self.expected, predicted, self._head)

    def figures(self, predict: Predict, predicted: np.ndarray, size: int) -> Figures:
        """What a model of so many bytes costs, and how good it is."""
        one, batch = (
            scoring.latency(predict, scoring.part(self.examples, self.network.inputs, slice(rows)))
            for rows in (1, BATCH)
        )
        quantiles = self.network.label.quantiles
        score = scoring.metric(self.metric, self._labels, predicted, quantiles)
        return Figures(bytes=size, metric=score, one_row=one, batch=batch)
