"""Metrics on three rows, against scikit-learn or numbers worked out by hand."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import sklearn.metrics as sk

from modules.spec import metrics
from modules.spec.label import Label
from modules.training.metrics import build_metrics

LABELS = {
    "binary": Label(column="y", task="binary"),
    "multiclass": Label(column="y", task="multiclass", classes=("a", "b", "c")),
    "regression": Label(column="y", task="regression"),
}
Y2, P2 = np.array([[0], [1], [1]]), np.array([[0.25], [0.375], [0.875]], "float32")
Y3 = np.array([[0], [1], [2]])
P3 = np.array([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375], [0.625, 0.125, 0.25]], "float32")
Y, P = np.array([[1], [2], [4]], "float32"), np.array([[2], [2], [1]], "float32")
WEIGHTS = np.array([1, 2, 0.5], "float32")
SAID2, SAID3 = P2 > 0.5, P3.argmax(axis=1)


def two(metric, expected):
    return pytest.param("binary", metric, Y2, P2, expected, id=f"binary-{metric.name}")


def three(metric, expected):
    return pytest.param("multiclass", metric, Y3, P3, expected, id=f"multiclass-{metric.name}")


def number(metric, expected):
    return pytest.param("regression", metric, Y, P, expected, id=metric.name)


CASES = [
    two(metrics.Auc(), lambda w: sk.roc_auc_score(Y2, P2, sample_weight=w)),
    # Both rows of the second class are above the other: a precision of 1 at every recall.
    two(metrics.Auc(curve="pr"), lambda w: 1.0),
    two(metrics.Accuracy(), lambda w: sk.accuracy_score(Y2, SAID2, sample_weight=w)),
    two(
        metrics.Precision(threshold=0.2),
        lambda w: sk.precision_score(Y2, P2 > 0.2, sample_weight=w),
    ),
    two(metrics.Recall(), lambda w: sk.recall_score(Y2, SAID2, sample_weight=w)),
    two(metrics.F1(threshold=0.2), lambda w: sk.f1_score(Y2, P2 > 0.2, sample_weight=w)),
    two(metrics.LogLoss(), lambda w: sk.log_loss(Y2, P2, sample_weight=w)),
    two(metrics.Brier(), lambda w: sk.brier_score_loss(Y2, P2, sample_weight=w)),
    three(metrics.Accuracy(), lambda w: sk.accuracy_score(Y3, SAID3, sample_weight=w)),
    three(
        metrics.F1(),
        lambda w: sk.f1_score(Y3, SAID3, sample_weight=w, average="macro", zero_division=0),
    ),
    three(metrics.LogLoss(), lambda w: sk.log_loss(Y3, P3, sample_weight=w)),
    # 1/4 + 1/16 + 1/16; 1/64 + 1/4 + 9/64; 25/64 + 1/64 + 9/16
    three(
        metrics.Brier(), lambda w: np.average([24 / 64, 26 / 64, 62 / 64], weights=w)
    ),
    # The class of each row is first, first and second.
    three(metrics.TopK(k=2), lambda w: 1.0),
    three(metrics.TopK(k=1), lambda w: np.average([1, 1, 0], weights=w)),
    number(metrics.Rmse(), lambda w: sk.root_mean_squared_error(Y, P, sample_weight=w)),
    number(metrics.Mae(), lambda w: sk.mean_absolute_error(Y, P, sample_weight=w)),
    # Errors of 1 in 1, 0 in 2, 3 in 4
    number(metrics.Mape(), lambda w: np.average([100, 0, 75], weights=w)),
    number(metrics.R2(), lambda w: sk.r2_score(Y, P, sample_weight=w)),
    number(
        metrics.Pinball(quantile=0.75),
        lambda w: sk.mean_pinball_loss(Y, P, alpha=0.75, sample_weight=w),
    ),
]  # fmt: skip


def built(metric, task):
    """The one metric among those of the task."""
    all_of_task = {m.name: m for m in build_metrics([metric], LABELS[task])}
    return all_of_task[metrics.called(metric)]


@pytest.mark.parametrize(("task", "metric", "y", "p", "expected"), CASES)
@pytest.mark.parametrize("shape", [None, (3,), (3, 1)], ids=["unweighted", "vector", "column"])
def test_a_metric_is_what_its_name_says(task, metric, y, p, expected, shape):
    weights = None if shape is None else WEIGHTS
    found = built(metric, task)

    for rows in (slice(0, 2), slice(2, 3)):  # in two batches
        part = None if weights is None else weights.reshape(shape)[rows]
        found.update_state(y[rows], p[rows], part)

    assert np.shape(found.result()) == ()
    assert float(found.result()) == pytest.approx(expected(weights), rel=1e-3)


@pytest.mark.parametrize(("task", "metric", "y", "p", "expected"), CASES)
def test_a_metric_starts_again_after_an_epoch(task, metric, y, p, expected):
    found = built(metric, task)
    found.update_state(y[::-1], p)
    found.result()

    found.reset_state()
    found.update_state(y, p)

    assert float(found.result()) == pytest.approx(expected(None), rel=1e-3)


@pytest.mark.parametrize(("task", "metric", "y", "p", "expected"), CASES)
def test_a_metric_comes_back_from_its_file(task, metric, y, p, expected):
    read = keras.metrics.deserialize(keras.metrics.serialize(built(metric, task)))

    read.update_state(y, p)

    assert float(read.result()) == pytest.approx(expected(None), rel=1e-3)


def test_a_large_label_with_a_small_spread_has_its_r2():
    found = built(metrics.R2(), "regression")

    found.update_state(Y + 1e6, P + 1e6)

    assert float(found.result()) == pytest.approx(sk.r2_score(Y, P), rel=1e-3)


def test_of_labels_that_do_not_vary_nothing_is_explained():
    found = built(metrics.R2(), "regression")

    found.update_state(np.ones_like(Y), P)

    assert float(found.result()) == 0


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", ["auc", "accuracy"]),
        ("multiclass", ["accuracy"]),
        ("regression", ["rmse", "mae"]),
    ],
)
def test_a_task_has_metrics_of_its_own(task, names):
    assert [metric.name for metric in build_metrics([], LABELS[task])] == names


def test_a_given_metric_replaces_that_of_its_name_or_is_added():
    given = [metrics.Recall(), metrics.Auc(thresholds=50), metrics.Auc(curve="pr")]

    found = build_metrics(given, LABELS["binary"])

    assert [metric.name for metric in found] == ["auc", "accuracy", "recall", "pr_auc"]
    assert found[0].num_thresholds == 50


TWO_REPLICAS = """
import json
import numpy as np, tensorflow as tf
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
import keras
from modules.columns import Head
from modules.models.heads import logits, predict
from modules.spec import metrics
from modules.spec.label import Label
from modules.training.losses import build_loss
from modules.training.metrics import build_metrics

ALL = {
    "binary": [metrics.Auc(curve="pr"), metrics.Precision(), metrics.Recall(), metrics.F1(),
               metrics.LogLoss(), metrics.Brier()],
    "multiclass": [metrics.F1(), metrics.LogLoss(), metrics.Brier(), metrics.TopK(k=2)],
    "regression": [metrics.Mape(), metrics.R2(), metrics.Pinball(quantile=0.9)],
}
rows = np.random.default_rng(0)
x, weights = rows.normal(size=(32, 3)).astype("float32"), rows.uniform(size=32).astype("float32")
# One strategy for all: the collective operations of two would take each other's numbers.
strategies = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
found = {}
for task, settings in ALL.items():
    classes = {"binary": ("0", "1"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    label, head = Label(column="y", task=task, classes=classes), Head(task, len(classes), 2.0, 3.0)
    y = rows.integers(0, len(classes), (32, 1)) if classes else 1 + x[:, :1] ** 2
    for strategy in strategies:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            inputs = keras.Input((3,))
            model = keras.Model(inputs, predict(logits(inputs, head), head))
            model.compile("sgd", build_loss(None, head),
                          weighted_metrics=build_metrics(settings, label))
        data = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(8)
        fitted = model.fit(data, verbose=0).history
        watched = model.evaluate(data, verbose=0, return_dict=True)
        numbers = {f"fit {name}": value[-1] for name, value in fitted.items()} | watched
        found.setdefault(task, []).append({name: float(n) for name, n in numbers.items()})
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_replicas_measure_what_one_does():
    ran = subprocess.run(
        [sys.executable, "-c", TWO_REPLICAS],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )

    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert {task: len(one) for task, (one, _) in found.items()} == {
        "binary": 2 * 9,
        "multiclass": 2 * 6,
        "regression": 2 * 6,
    }
    for one, two in found.values():
        assert two == pytest.approx(one, rel=1e-4, abs=1e-6)
