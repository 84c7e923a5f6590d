"""StatisticsGen: TFX's own, at the speed of columns."""

from tfx import components as tfx
from tfx.dsl.components.base import executor_spec

from components.statistics_gen.executor import Executor


class StatisticsGen(tfx.StatisticsGen):
    """Takes and gives what TFX's StatisticsGen does."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
