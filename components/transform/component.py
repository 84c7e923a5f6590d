"""Transform: TFX's own, at the speed of columns."""

import keras  # noqa: F401  before Transform's executor: else tf.keras is Keras 2
from tfx import components as tfx
from tfx.dsl.components.base import executor_spec

from components.transform.executor import Executor


class Transform(tfx.Transform):
    """Takes and gives what TFX's Transform does; the transformed examples are Parquet."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
