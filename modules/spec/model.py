"""The `[model]` table: a family of ours with its settings, or a builder of the user's own."""

from typing import Annotated, Any, Literal

import pydantic

from modules.spec.part import Part


class Tabular(Part):
    """A multi-layer network with embeddings for categories (`modules/models/tabular.py`)."""

    family: Literal["tabular"] = "tabular"
    hidden: tuple[Annotated[int, pydantic.Field(ge=1)], ...] = (128, 128)  # units a layer
    dropout: float = pydantic.Field(0.1, ge=0, lt=1)
    embedding_size: int | None = pydantic.Field(None, ge=1)  # None: by the vocabulary, 8 at most


class CustomModel(Part):
    """A builder of the user's own: `file.py:function`, with settings passed through to it."""

    family: str = pydantic.Field(pattern=r"^[^:]+\.py:\w+$")
    settings: dict[str, Any] = pydantic.Field({})


def _model_tag(given: Any) -> str:
    family = given.get("family") if isinstance(given, dict) else getattr(given, "family", None)
    return "custom" if isinstance(family, str) and ":" in family else "tabular"


Model = Annotated[
    Annotated[Tabular, pydantic.Tag("tabular")] | Annotated[CustomModel, pydantic.Tag("custom")],
    pydantic.Discriminator(_model_tag),
]
