"""Predictions of the trained model outlive it, row by row."""

import numpy as np
import pytest
import tensorflow as tf

from modules.columns import Head
from modules.training import kept
from modules.training.kept import Kept
from modules.training.run import run_fn
from tests.modules.training.jobs import FEATURES, fn_args, rows


def test_what_is_kept_is_read_again_whatever_the_columns_are_called(tmp_path):
    columns = {
        "body mass/g_xf": np.array([[1.0, 0.0]], np.float32),
        "é": np.array([[7]], np.int64),
        "file": np.array([[2.0]], np.float32),
    }
    head = Head("regression", mean=3.0, std=2.0)

    kept.write(Kept(columns, np.array([[0.5]], np.float32), head, "float16", 2**-8), tmp_path)

    found = kept.read(tmp_path)
    assert (found.head, found.precision, found.bound) == (head, "float16", 2**-8)
    assert found.predictions.tolist() == [[0.5]]
    assert list(found.columns) == list(columns)
    for name, column in columns.items():
        assert found.columns[name].dtype == column.dtype
        assert found.columns[name].tolist() == column.tolist()


def test_a_training_keeps_predictions_for_rows_that_it_watched(transform, tmp_path):
    data = transform(FEATURES, rows())

    run_fn(fn_args(data, tmp_path, steps=1))

    found = kept.read(tmp_path / "run")
    assert found.predictions.shape == (200, 1)  # of 256 wanted, all there are
    assert (found.head.task, found.precision, found.bound) == ("binary", "float32", 1e-4)
    assert sorted(found.columns) == ["c_xf", "x_xf"]
    assert found.columns["x_xf"].tolist() == data["x_xf"].tolist()
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    batch = {name: tf.constant(column) for name, column in found.columns.items()}
    assert found.predictions == pytest.approx(loaded.predict_transformed(batch), abs=1e-6)
