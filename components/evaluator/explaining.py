"""What a sample of the rows tells of the candidate, beside how good it is."""

import os
from typing import Any

import apache_beam as beam

from components.evaluator.config import Judging
from components.evaluator.found import Importance, Residuals
from components.evaluator.residuals import write_residuals
from components.evaluator.sample import Sample
from components.evaluator.scoring import Model
from components.evaluator.shuffling import shuffle


class Explain(beam.PTransform):
    """`Scored` batches -> files in the folder of the evaluation (`found.py`)."""

    def __init__(self, name: str, model: Model, settings: Judging, folder: str) -> None:
        """Takes the candidate and its name, what is asked for, and where it is written."""
        super().__init__()
        self._name, self._model, self._settings, self._folder = name, model, settings, folder

    def expand(self, scored: Any) -> list[Any]:
        """Beam's."""
        interface = self._model.served.interface
        written: list[Any] = []
        if not (self._settings.importance or interface.label.is_number):
            return written
        sampled = scored | "Sample" >> beam.CombineGlobally(Sample(self._name, interface))
        if self._settings.importance:
            path = os.path.join(self._folder, Importance.FILE)
            written.append(sampled | "Shuffle" >> beam.Map(shuffle, self._model, path))
        if interface.label.is_number:
            path = os.path.join(self._folder, Residuals.FILE)
            written.append(
                sampled | "Residuals" >> beam.Map(write_residuals, interface.label, path)
            )
        return written
