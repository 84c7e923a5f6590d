"""What our Evaluator is told beside TFMA's EvalConfig."""

from typing import Any, ClassVar

import pydantic

from modules.spec.part import Part

WRONG = "wrong.jsonl"  # within the ModelEvaluation: the rows that the model is most wrong about


class Judging(Part):
    """What an EvalConfig has no place for."""

    KEY: ClassVar[str] = "judging"  # of the execution property that it is, as JSON

    forced_by: str | None = None  # blesses the model whatever is found: who asks for it, and why
    # by column of numbers: where ranges begin
    buckets: dict[str, tuple[float, ...]] = pydantic.Field(default_factory=dict)
    importance: bool = True  # whether it is found how much the model relies on each column

    @staticmethod
    def of(exec_properties: dict[str, Any]) -> "Judging":
        """What an execution is told."""
        return Judging.model_validate_json(exec_properties.get(Judging.KEY) or "{}")
