"""Evaluator: TFX's own, with an executor that takes rows by the thousand and says why."""

from typing import Any

from tfx import components as tfx
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from components.evaluator.config import Judging
from components.evaluator.executor import Executor


class Evaluator(tfx.Evaluator):
    """Takes and gives what TFX's Evaluator does, and can be exchanged for it."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(self, judging: Judging | None = None, **stock: Any) -> None:
        """Takes what TFX's Evaluator takes, and what an EvalConfig has no place for."""
        super().__init__(**stock)
        # TFX's constructor makes a spec of its own class, which has no parameter for it (1.21).
        if judging is not None:
            self.spec.exec_properties[Judging.KEY] = judging.model_dump_json()
