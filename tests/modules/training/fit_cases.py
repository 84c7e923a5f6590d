"""Trainings that every worker of a group takes part in; started by `groups.run_group`.

The data of a step do not depend on the number of workers, so one process is the reference.
"""

import json
import os
import sys

import keras
import numpy as np
import tensorflow as tf

from modules.training import keras_mend
from tests.modules.training.groups import report

BATCH = 16  # rows a step, all workers together
STEPS = 10  # an epoch
ROWS = BATCH * STEPS
FEW = 2 * BATCH + 5  # rows whose last batch is partial

_random = np.random.default_rng(0)
X = _random.normal(size=(ROWS, 4)).astype(np.float32)
IDS = _random.integers(0, 6, size=(ROWS, 3))
WEIGHTS = _random.uniform(0, 2, size=ROWS).astype(np.float32)
BINARY = (X.sum(axis=1, keepdims=True) + IDS[:, :1] > 2).astype(np.float32)
CLASSES = (X.sum(axis=1) > 0).astype(np.int64) + IDS[:, 0] // 3  # 0, 1 or 2


def batches(*columns, rows=ROWS):
    """Batches of all workers, which Keras shares out among them."""
    data = tf.data.Dataset.from_tensor_slices(columns).take(rows).batch(BATCH)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return data.with_options(options)


def share(strategy, data):
    """The same batches, each worker taking rows of its own by itself."""

    def mine(context):
        size = BATCH // context.num_input_pipelines
        first = context.input_pipeline_id * size

        def part(*columns):
            return tuple(column[first : first + size] for column in columns)

        return data.map(part)

    return strategy.distribute_datasets_from_function(mine)


def dense(units=1, activation="sigmoid", model=keras.Model):
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="tanh")(inputs)
    return model(inputs, keras.layers.Dense(units, activation=activation)(hidden))


def result(model, history=None, **more):
    weights = np.concatenate([weight.ravel() for weight in model.get_weights()])
    found = {
        "weights": weights.astype(float).tolist(),
        "steps": int(model.optimizer.iterations.numpy()),
    }
    return {**found, "history": history and history.history, **more}


class BatchLogs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        del batch
        self.seen.append({name: float(value) for name, value in logs.items()})


def plain(strategy):
    with strategy.scope():
        model = dense()
        model.compile(
            "sgd", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")]
        )
    few = batches(X, BINARY, rows=FEW)
    logs = BatchLogs()
    history = model.fit(
        batches(X, BINARY), epochs=5, validation_data=few, callbacks=[logs], verbose=0
    )
    evaluated = model.evaluate(few, return_dict=True, verbose=0)
    predicted = model.predict(batches(X, rows=FEW), verbose=0)
    return result(
        model, history, batch_logs=logs.seen, evaluated=evaluated, predicted=predicted.tolist()
    )


def inputs_by_name(strategy):
    """Dict inputs, an embedding, sample weights, Adam, and three steps at once of ten."""
    with strategy.scope():
        numbers, ids = keras.Input((4,), name="x"), keras.Input((3,), name="ids", dtype="int64")
        embedded = keras.layers.Flatten()(keras.layers.Embedding(6, 2)(ids))
        joined = keras.layers.Concatenate()([numbers, embedded])
        model = keras.Model(
            {"x": numbers, "ids": ids}, keras.layers.Dense(1, activation="sigmoid")(joined)
        )
        model.compile(
            keras.optimizers.Adam(0.01),
            "binary_crossentropy",
            weighted_metrics=["accuracy", keras.metrics.AUC(name="auc")],
            steps_per_execution=3,
        )
    data = batches({"x": X, "ids": IDS}, BINARY, WEIGHTS)
    history = model.fit(data.repeat(), epochs=5, steps_per_epoch=STEPS, verbose=0)
    evaluated = model.evaluate(data, return_dict=True, verbose=0)
    predicted = model.predict(data, verbose=0).tolist()
    return result(model, history, evaluated=evaluated, predicted=predicted)


def several_classes(strategy):
    """Class weights, top-k accuracy, and an epoch that ends within three steps at once."""
    with strategy.scope():
        model = dense(3, "softmax")
        top = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top")
        model.compile(
            "sgd",
            "sparse_categorical_crossentropy",
            metrics=["accuracy", top],
            steps_per_execution=3,
        )
    history = model.fit(
        batches(X, CLASSES), epochs=5, class_weight={0: 1.0, 1: 3.0, 2: 0.5}, verbose=0
    )
    evaluated = model.evaluate(batches(X, CLASSES, rows=FEW), return_dict=True, verbose=0)
    return result(model, history, evaluated=evaluated)


class OwnStep(keras.Model):
    """Returns a number that is no metric, of this replica's rows."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(x, y, predicted)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return {"highest": tf.reduce_mean(predicted)}


def own_shares(strategy):
    """A custom train_step, and workers that take their rows by themselves."""
    with strategy.scope():
        model = dense(model=OwnStep)
        model.compile("sgd", "binary_crossentropy")
    data, few = batches(X, BINARY).repeat(), batches(X, BINARY, rows=FEW)
    if strategy.num_replicas_in_sync > 1:
        data, few = share(strategy, data), share(strategy, few)
    history = model.fit(data, epochs=5, steps_per_epoch=STEPS, verbose=0)
    evaluated = model.evaluate(few, return_dict=True, verbose=0)
    predicted = model.predict(few, verbose=0).tolist()
    return result(model, history, evaluated=evaluated, predicted=predicted)


def partial_last_batch(strategy):
    """Each epoch ends with a batch of a single row."""
    with strategy.scope():
        model = dense()
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(batches(X, BINARY, rows=ROWS - BATCH + 1), epochs=2, verbose=0)
    return result(model, history)


def bfloat16(strategy):
    keras.config.set_dtype_policy("mixed_bfloat16")
    with strategy.scope():
        model = dense()
        model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
    keras.config.set_dtype_policy("float32")
    return result(model, model.fit(batches(X, BINARY), epochs=3, verbose=0))


def nan_on_one_worker(strategy):
    """The last worker's rows of the fourth batch hold one that is not a number."""
    x = X.copy()
    x[4 * BATCH - 1] = np.nan
    with strategy.scope():
        model = dense()
        model.compile("sgd", "binary_crossentropy")
    logs = BatchLogs()
    stop = keras.callbacks.TerminateOnNaN()
    model.fit(batches(x, BINARY), callbacks=[stop, logs], verbose=0)
    return {"steps": int(model.optimizer.iterations.numpy()), "batches": len(logs.seen)}


def without_mend(strategy):
    """What Keras says, in turn, with nothing mended, one fault, and two."""
    trainer = keras_mend.trainer

    def failure(**settings):
        with strategy.scope():
            model = dense()
            model.compile("sgd", "binary_crossentropy", **settings)
        try:
            model.fit(batches(X, BINARY), verbose=0)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None

    found = [failure()]
    build = trainer.TensorFlowTrainer._maybe_symbolic_build
    trainer.TensorFlowTrainer._maybe_symbolic_build = keras_mend._symbolic_build(build)
    found.append(failure())
    trainer.reduce_per_replica = keras_mend._reduce(trainer.reduce_per_replica)
    found.append(failure(steps_per_execution=2))
    return found


CASES = [
    plain,
    inputs_by_name,
    several_classes,
    own_shares,
    partial_last_batch,
    bfloat16,
    nan_on_one_worker,
]


def main():
    several = "TF_CONFIG" in os.environ
    distribute = tf.distribute
    strategy = distribute.MultiWorkerMirroredStrategy() if several else distribute.get_strategy()
    if sys.argv[1:] == ["without_mend"]:
        report(without_mend(strategy))
        return
    keras_mend.mend(strategy)
    keras_mend.mend(strategy)  # the second time it does nothing
    results = {}
    for case in CASES:
        keras.utils.set_random_seed(1)
        results[case.__name__] = case(strategy)
    report(json.loads(json.dumps(results)))


if __name__ == "__main__":
    main()
