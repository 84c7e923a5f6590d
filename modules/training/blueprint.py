"""Everything that a model is made from, so that it can be made again in another precision."""

import dataclasses
import pathlib

import keras
import tensorflow_transform as tft
from keras.src.utils import naming

from modules import columns as columns_of
from modules.columns import Column, Head
from modules.models.build import build_model
from modules.preprocessing import transformed
from modules.spec.learning import LearningSpec
from modules.spec.model import Model
from modules.training.examples import Examples
from modules.training.precision import Resolved, computing_in


@dataclasses.dataclass(frozen=True)
class Blueprint:
    """What a model is given, what it predicts, and how it is made."""

    spec: LearningSpec
    columns: tuple[Column, ...]
    head: Head
    folder: pathlib.Path  # of the spec

    @classmethod
    def of(
        cls,
        spec: LearningSpec,
        transform: tft.TFTransformOutput,
        train: Examples,
        folder: pathlib.Path,
    ) -> "Blueprint":
        """The blueprint for what Transform made of the train split."""
        columns = columns_of.columns(transform, spec.label, train)
        head = columns_of.head(spec.label, train[transformed(spec.label.column)])
        return cls(spec, tuple(columns), head, folder)

    def build(self, precision: Resolved, family: Model | None = None) -> keras.Model:
        """The uncompiled model, or that of another family, with weights that follow the seed."""
        # Layers that a user leaves unnamed are numbered by Keras: each time from the start, so that
        # a later model finds their weights. keras.utils.clear_session ends a strategy's scope, too.
        naming.reset_uids()
        keras.utils.set_random_seed(self.spec.training.seed)
        with computing_in(precision):
            return build_model(family or self.spec.model, self.columns, self.head, self.folder)

    def in_float32(self, model: keras.Model) -> keras.Model:
        """A model of the same weights that computes in float32, outside of any strategy."""
        made = self.build("float32")
        made.set_weights(model.get_weights())
        return made
