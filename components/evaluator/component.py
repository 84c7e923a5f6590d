"""Evaluator: TFX's own, with an executor that takes rows by the thousand."""

from tfx import components as tfx
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from components.evaluator.executor import Executor


class Evaluator(tfx.Evaluator):
    """Takes and gives what TFX's Evaluator does, and can be exchanged for it."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)
