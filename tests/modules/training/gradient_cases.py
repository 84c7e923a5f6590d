"""Optimizer steps that every worker of a group takes part in; started by `groups.run_group`.

Arguments: `mirrored`, for two devices in a process, or `none`; then names of cases.
"""

import os
import sys

import keras
import numpy as np
import tensorflow as tf

from modules.training import gradients, keras_mend
from tests.modules.training.groups import report

BATCH, STEPS = 16, 12
OVERFLOWS = 5  # the step, counted from 0, of which one worker's rows are too large for float16

_random = np.random.default_rng(3)
X = _random.normal(size=(BATCH * STEPS, 4)).astype(np.float32)
IDS = _random.integers(0, 4, size=(BATCH * STEPS, 2))  # few, so that each is often twice in a batch
Y = 5 * X.sum(axis=1, keepdims=True) + IDS[:, :1]
CLIP = 1.0  # every gradient here is longer


def batches(x=X):
    data = tf.data.Dataset.from_tensor_slices(({"x": x, "ids": IDS}, Y)).batch(BATCH)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return data.with_options(options)


def with_overflow():
    """Batches whose last row of one step makes an infinite gradient; the last worker has it."""
    x = X.copy()
    x[BATCH * (OVERFLOWS + 1) - 1] = 6e4  # float16 ends at 65504
    return batches(x)


def regression():
    numbers, ids = keras.Input((4,), name="x"), keras.Input((2,), name="ids", dtype="int64")
    embedded = keras.layers.Flatten()(keras.layers.Embedding(4, 2)(ids))
    joined = keras.layers.Concatenate()([numbers, embedded])
    outputs = keras.layers.Activation("linear", dtype="float32")(keras.layers.Dense(1)(joined))
    return keras.Model({"x": numbers, "ids": ids}, outputs)


class Steps(keras.callbacks.Callback):
    """What the optimizer holds after each step."""

    def __init__(self):
        super().__init__()
        self.norms, self.scales, self.taken = [], [], []

    def on_train_batch_end(self, batch, logs=None):
        del batch, logs
        optimizer = self.model.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        self.taken.append(int(inner.iterations.numpy()))
        if hasattr(inner, "gradient_norm"):
            self.norms.append(float(inner.gradient_norm))
        if inner is not optimizer:
            self.scales.append(float(optimizer.dynamic_scale.numpy()))


def train(strategy, optimizer, data, **settings):
    """A model's weights after an epoch, and what its optimizer held after each step."""
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = regression()
        model.compile(optimizer(), "mean_squared_error", auto_scale_loss=False, **settings)
    start = [weight.copy() for weight in model.get_weights()]
    steps = Steps()
    model.fit(data, epochs=1, shuffle=False, callbacks=[steps], verbose=0)
    weights = model.get_weights()
    moved = max(np.abs(end - begin).max() for end, begin in zip(weights, start, strict=True))
    return {
        "weights": np.concatenate([weight.ravel() for weight in weights]).astype(float).tolist(),
        "moved": float(moved),
        "norms": steps.norms,
        "scales": steps.scales,
        "taken": steps.taken,
    }


def ours(clip=None, rate=0.01):
    return gradients.prepared(keras.optimizers.SGD, clip)(rate)


def scaled(inner, scale=gradients.LossScale):
    return scale(inner, initial_scale=4.0, dynamic_growth_steps=1000)


def in_float16(strategy, optimizer, **settings):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return train(strategy, optimizer, with_overflow(), **settings)
    finally:
        keras.config.set_dtype_policy("float32")


def clipping(strategy):
    return {
        "clipped": train(strategy, lambda: ours(CLIP), batches()),
        "unclipped": train(strategy, ours, batches()),
        "stock": train(
            strategy, lambda: keras.optimizers.SGD(0.01, global_clipnorm=CLIP), batches()
        ),
    }


def overflow(strategy):
    return in_float16(strategy, lambda: scaled(ours(CLIP)))


def stock_overflow(strategy):
    stock = keras.optimizers.LossScaleOptimizer
    return in_float16(strategy, lambda: scaled(keras.optimizers.SGD(0.01), stock))


def compiled(strategy):
    return in_float16(strategy, lambda: scaled(ours(CLIP)), jit_compile=True)


CASES = {case.__name__: case for case in (clipping, overflow, stock_overflow, compiled)}


def strategy_named(name):
    if name == "mirrored":
        processor = tf.config.list_physical_devices("CPU")[0]
        device = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [device, device])
        return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()


def main():
    strategy = strategy_named(sys.argv[1])
    keras_mend.mend(strategy)
    report({name: CASES[name](strategy) for name in sys.argv[2:]})


if __name__ == "__main__":
    main()
