"""The `[local]` table: how a spec runs on this machine."""

from typing import Annotated, Literal

import pydantic

from modules.spec.part import Part

Minutes = Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]


class Stage(Part):
    """How one stage runs; what is not given is as for all."""

    retries: int | None = pydantic.Field(None, ge=0)
    timeout_minutes: Minutes | None = None
    cache: bool | None = None


class Local(Part):
    """The `[local]` table."""

    runner: Literal["headrace", "tfx"] = "headrace"  # tfx: TFX's LocalDagRunner, one after another
    parallel: int | None = pydantic.Field(None, ge=1)  # stages at once; None: a processor each
    cache: bool = True
    retries: int = pydantic.Field(0, ge=0)  # of a stage that crashes; bad input is not tried again
    timeout_minutes: Minutes | None = None  # of a stage
    stages: dict[str, Stage] = pydantic.Field(
        default_factory=dict
    )  # by the name that `headrace run` prints

    def stage(self, name: str) -> Stage:
        """How a stage runs: its own settings over those of all."""
        own = self.stages.get(name, Stage())
        return Stage(
            retries=self.retries if own.retries is None else own.retries,
            timeout_minutes=own.timeout_minutes or self.timeout_minutes,
            cache=self.cache if own.cache is None else own.cache,
        )
