"""Gradient boosting on the very rows and columns that a run's model had."""

import pathlib

import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import numpy as np
import tensorflow_transform as tft
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, roc_auc_score, root_mean_squared_error

from modules.columns import Column, columns
from modules.preprocessing import transformed
from modules.spec.label import Label
from modules.training.examples import Examples, load

_MOST_IDS = 254  # the trees take 255 values of a category, from 0 on; the rarest share the last


def score(runs: pathlib.Path, label: Label) -> float:
    """What scikit-learn's HistGradientBoosting, defaults and seed 0, reaches on the eval split.

    Args:
        runs: the folder of one run. Trained on its train split alone, as the model was: that
            looks at the valid split only to stop.
        label: AUC for binary, accuracy for multiclass, RMSE for regression.
    """
    (graph,) = (runs / "artifacts" / "Transform" / "transform_graph").iterdir()
    transform = tft.TFTransformOutput(str(graph))
    known = columns(transform, label)
    train, judged = (_split(runs, split, transform) for split in ("train", "eval"))
    kind = (
        HistGradientBoostingRegressor
        if label.task == "regression"
        else HistGradientBoostingClassifier
    )
    trees = kind(categorical_features=_categorical(known), random_state=0)
    name = transformed(label.column)
    trees.fit(_table(train, known), train[name].ravel())
    truth, inputs = judged[name].ravel(), _table(judged, known)
    match label.task:
        case "binary":
            return float(roc_auc_score(truth, trees.predict_proba(inputs)[:, 1]))
        case "multiclass":
            return float(accuracy_score(truth, trees.predict(inputs)))
        case _:
            return float(root_mean_squared_error(truth, trees.predict(inputs)))


def _split(runs: pathlib.Path, split: str, transform: tft.TFTransformOutput) -> Examples:
    pattern = runs / "artifacts" / "Transform" / "transformed_examples" / "*" / f"Split-{split}"
    return load([str(pattern / "*")], transform.transformed_feature_spec(), 2048, runs)


def _table(arrays: Examples, known: list[Column]) -> np.ndarray:
    """`(rows, columns)` with NaN for missing: id 0, and numbers that are flagged."""
    parts = []
    for column in known:
        values = arrays[column.name]
        if column.cardinality is not None:
            parts.append(np.where(values == 0, np.nan, np.minimum(values, _MOST_IDS)))
        elif column.width == 2:
            parts.append(np.where(values[:, 1:] == 1, np.nan, values[:, :1]))
        else:
            parts.append(values)
    return np.concatenate(parts, axis=1)


def _categorical(known: list[Column]) -> list[bool]:
    """Which columns of the table hold ids."""
    flags = []
    for column in known:
        width = 1 if column.width == 2 and column.cardinality is None else column.width
        flags += [column.cardinality is not None] * width
    return flags
