"""The model that a spec asks for: a family of ours, or the user's own builder."""

import pathlib
from collections.abc import Sequence

import keras

from modules.columns import Column, Head
from modules.errors import SpecError
from modules.hooks import load_function
from modules.models import tabular
from modules.spec.model import CustomModel, Model


def build_model(
    settings: Model, columns: Sequence[Column], head: Head, folder: pathlib.Path
) -> keras.Model:
    """The uncompiled model: a dict of `(batch, width)` by column name -> the head's prediction.

    Args:
        settings: the `[model]` table.
        columns: what the model is given, all of it or a part.
        head: what it predicts.
        folder: that of the spec, where a user's builder lies.

    Raises:
        SpecError: if the user's builder raises or returns something else than a Keras model.
    """
    if not isinstance(settings, CustomModel):
        return tabular.build_model(columns, head, settings)
    family = settings.family
    try:
        model = load_function(family, folder)(columns, head, settings.settings)
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(
            [f"model.family: {family} raises {type(error).__name__}: {error}"]
        ) from error
    if not isinstance(model, keras.Model):
        raise SpecError(
            [f"model.family: {family} returned {type(model).__name__}, expected a keras.Model"]
        )
    return model
