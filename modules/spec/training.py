"""The `[training]` table: how the model is trained."""

import pydantic

from modules.spec.part import Part


class Training(Part):
    """How the model is trained."""

    epochs: int = pydantic.Field(20, ge=1)  # passes over the train split, at most
    steps: int | None = pydantic.Field(None, ge=1)  # optimizer steps; replaces epochs
    batch_size: int = pydantic.Field(512, ge=1)  # examples a step, summed over replicas
    learning_rate: float = pydantic.Field(1e-3, gt=0)  # AdamW, cosine decay to zero
    weight_decay: float = pydantic.Field(1e-4, ge=0)  # AdamW, decoupled
    patience: int = pydantic.Field(4, ge=1)  # epochs without a better validation loss
    seed: int = pydantic.Field(0, ge=0)
