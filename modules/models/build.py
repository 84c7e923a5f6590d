"""The model that a spec asks for: a family of ours, or the user's own builder."""

import pathlib
import re
from collections.abc import Sequence
from typing import Any

import keras

from modules.columns import Column, Head
from modules.errors import SpecError, did_you_mean
from modules.hooks import load_function
from modules.models import heads, mlp, tabm, wide_and_deep
from modules.spec.model import CustomModel, Mlp, Model, TabM, WideAndDeep


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
        SpecError: if the settings do not fit the columns, or if the user's builder raises or
            returns something else than a Keras model from columns to the head's prediction.
    """
    match settings:
        case Mlp():
            return mlp.build_model(columns, head, settings)
        case WideAndDeep():
            return wide_and_deep.build_model(columns, head, settings)
        case TabM():
            return tabm.build_model(columns, head, settings)
        case CustomModel():
            return _by_the_user(settings, columns, head, folder)
    raise TypeError(f"model.family: no builder for {type(settings).__name__}")


def _by_the_user(
    settings: CustomModel, columns: Sequence[Column], head: Head, folder: pathlib.Path
) -> keras.Model:
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
    taken = _inputs(model, columns, family)
    _check_output(_called(model, taken, family), head, family)
    return model


def _inputs(model: keras.Model, columns: Sequence[Column], family: str) -> dict[str, Any]:
    """The model's inputs, or all columns if it does not name any, as symbolic tensors."""
    known = {
        column.name: keras.KerasTensor((None, column.width), column.dtype) for column in columns
    }
    names = _input_names(model)
    if strangers := [name for name in names if name not in known]:
        raise SpecError(
            f"model.family: {family} returned a model with the input {name!r}, expected columns: "
            f"some of {', '.join(map(repr, known))}{did_you_mean(name, known)}"
            for name in strangers
        )
    return {name: known[name] for name in names} or known


def _input_names(model: keras.Model) -> list[str]:
    try:
        given = model.input
    except (AttributeError, ValueError):
        return []  # a subclass of keras.Model, which takes the dict as it comes
    if isinstance(given, dict):
        return list(given)
    return [tensor.name for tensor in (given if isinstance(given, list | tuple) else [given])]


def _called(model: keras.Model, inputs: dict[str, Any], family: str) -> Any:
    """What the model gives; calling it also makes the variables that it lacks yet."""
    try:
        return model(inputs, training=False)
    except Exception as error:
        text = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())  # Keras prints in bold
        raise SpecError(
            [
                f"model.family: {family} returned a model that cannot be called with a dict of "
                f"columns: {type(error).__name__}: {text}"
            ]
        ) from error


def _check_output(output: Any, head: Head, family: str) -> None:
    expected = (None, heads.width(head))
    found = getattr(output, "shape", f"a {type(output).__name__}")
    if found != expected:
        raise SpecError(
            [
                f"model.family: {family} returned a model with the output {found}, expected "
                f"{expected} for task {head.task!r}"
            ]
        )
