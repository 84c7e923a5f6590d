"""Trainings of one replica and of two, in one process; started by `groups.run_group`.

TensorFlow 2.21 bears one MirroredStrategy a process: a second may wait for the first for ever.
"""

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

from modules.columns import Column, Head
from modules.errors import SpecError
from modules.models.build import build_model
from modules.spec.label import Label
from modules.spec.losses import Distillation
from modules.spec.model import Mlp, TabM
from modules.spec.training import Training
from modules.training import fit as fitting
from modules.training.callbacks import build_callbacks
from modules.training.checkpoint import Start
from modules.training.compiling import compile_for
from modules.training.distillation import build_distillation
from modules.training.distiller import Distiller
from modules.training.examples import Examples
from modules.training.fit import plan
from modules.training.input import Table
from modules.training.strategy import Spread, spread
from tests.modules.training.groups import report

COLUMNS = [Column("x_xf", 4, "float32", None), Column("c_xf", 1, "int64", 5)]
HEAD, LABEL = Head("binary", 2), Label(column="y", task="binary")
STEPS = 50
TRAINING = {
    "steps": STEPS,
    "batch_size": 16,
    "optimizer": "sgd",
    "schedule": "constant",
    "learning_rate": 0.5,
    "callbacks": [{"name": "early_stopping", "patience": 1000}],
}
MLP = Mlp(hidden=(8,), dropout=0.0, l2=0.01)

_random = np.random.default_rng(0)
X = _random.normal(size=(165, 4)).astype(np.float32)
C = _random.integers(0, 5, size=(165, 1))
Y = (X.sum(axis=1, keepdims=True) + C > 2).astype(np.int64)
WEIGHTS = _random.uniform(0, 2, size=165).astype(np.float32)


def network(settings, seed=1, columns=COLUMNS):
    keras.utils.set_random_seed(seed)
    return build_model(settings, columns, HEAD, pathlib.Path())


def fitted(shared, build, watched=164, **given):
    """What a training made of the weights, and what it told."""
    strategy = "mirrored" if shared.replicas > 1 else "none"
    training = Training(**TRAINING | {"strategy": strategy} | given)
    rows = {"x_xf": X, "c_xf": C, "y_xf": Y}
    seen = {name: array[:watched] for name, array in rows.items()}
    tables = Table(Examples.of(rows), "y_xf", WEIGHTS), Table(Examples.of(seen), "y_xf")
    planned = plan(training, len(X), shared.replicas)
    with shared.strategy.scope():
        model = build()
        compile_for(model, planned, LABEL, HEAD, "float32")
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder)
        callbacks = build_callbacks(training.callbacks, run)
        recorder = fitting.fit(model, tables, planned, shared, callbacks, Start(run))
    weights = np.concatenate([weight.ravel() for weight in model.get_weights()])
    last = recorder.epochs[-1]
    return {
        "replicas": shared.replicas,
        "steps": recorder.step,
        "weights": weights.astype(float).tolist(),
        "metrics": {name: last[name] for name in last if name == "loss" or "val_" in name},
        "norm": recorder.steps[-1]["gradient_norm"],
    }


def plain(shared):
    """A regularizer, weights, and batches that are cut in the middle of an epoch."""
    return fitted(shared, lambda: network(MLP))


def unequal(shared):
    """Watched rows that two replicas cannot share equally."""
    try:
        return fitted(shared, lambda: network(MLP), watched=165)
    except tf.errors.InvalidArgumentError as error:
        return str(error)


def clipped(shared):
    return fitted(shared, lambda: network(MLP), clip_norm=0.01)


def distilled(shared, student=MLP, **given):
    settings = Distillation(teacher=MLP, weight=0.7)

    def build():
        teacher = network(MLP, seed=2)
        return Distiller(network(student), teacher, build_distillation(settings, HEAD))

    return fitted(shared, build, **given)


def distilled_ensemble(shared):
    return distilled(shared, TabM(members=3, hidden=(8,), dropout=0.0))


def refused():
    """What is said of a batch that two replicas cannot share."""
    try:
        spread(Training(strategy="mirrored", batch_size=7))
    except SpecError as error:
        return error.problems
    return None


def main():
    processor = tf.config.list_physical_devices("CPU")[0]
    device = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(processor, [device, device])
    alone = Spread(tf.distribute.get_strategy())
    mirrored = spread(Training(strategy="mirrored", batch_size=16))
    cases = [plain, clipped, distilled, distilled_ensemble]
    results = {case.__name__: [case(alone), case(mirrored)] for case in [*cases, unequal]}
    # Last, as it makes a second strategy.
    report({**results, "refused": refused()})


if __name__ == "__main__":
    main()
