"""The `[model]` table: a family of ours with its settings, or a builder of the user's own."""

from typing import Annotated, Any, Literal

import pydantic

from modules.spec.part import Below1, NotNegative, Part

Units = Annotated[int, pydantic.Field(ge=1, le=16_384)]
Size = Annotated[int, pydantic.Field(ge=1, le=4096)]
Cross = Annotated[tuple[str, ...], pydantic.Field(min_length=2)]


# The titles are the families: an unknown key is explained by way of them (pipeline/explain.py).
class Mlp(Part, title="mlp"):
    """A multi-layer network over numbers and embedded categories (`modules/models/mlp.py`)."""

    family: Literal["mlp"] = "mlp"
    hidden: tuple[Units, ...] = (128, 128)  # units a layer
    dropout: Below1 = 0.1
    embedding_size: Size | None = None  # None: by the vocabulary, 8 at most
    l1: NotNegative = 0.0  # on the sum of the weights' sizes, biases and embeddings apart
    l2: NotNegative = 0.0  # on the sum of their squares


class WideAndDeep(Part, title="wide_and_deep"):
    """A linear model and a network, added up (`modules/models/wide_and_deep.py`)."""

    family: Literal["wide_and_deep"] = "wide_and_deep"
    crosses: tuple[Cross, ...] = ()  # categories that the linear part takes together
    cross_buckets: int = pydantic.Field(10_000, ge=2, le=10_000_000)  # weights a cross, at most
    hidden: tuple[Units, ...] = (128, 128)  # units a layer of the deep part
    dropout: Below1 = 0.1
    embedding_size: Size | None = None
    l1: NotNegative = 0.0
    l2: NotNegative = 0.0

    @pydantic.field_validator("crosses")
    @classmethod
    def _each_cross_is_another(cls, crosses: tuple[Cross, ...]) -> tuple[Cross, ...]:
        for cross in crosses:
            if len(set(cross)) < len(cross):
                raise ValueError(f"{list(cross)} crosses a feature with itself; leave it out")
        if len(set(map(frozenset, crosses))) < len(crosses):
            raise ValueError(f"crosses must differ, got {list(map(list, crosses))}")
        return crosses


class TabM(Part, title="tabm"):
    """Networks that share most weights and answer together (`modules/models/tabm.py`)."""

    family: Literal["tabm"] = "tabm"
    hidden: Annotated[tuple[Units, ...], pydantic.Field(min_length=1)] = (128, 128)
    members: int = pydantic.Field(8, ge=1, le=256)  # networks
    dropout: Below1 = 0.0  # on diamonds 0.1 costs 3 % (benchmarks/quality)
    number_size: Size = 12  # numbers that a numeric column is given
    embedding_size: Size | None = None
    l1: NotNegative = 0.0
    l2: NotNegative = 0.0


class CustomModel(Part):
    """A builder of the user's own: `file.py:function`, with settings passed through to it."""

    family: str = pydantic.Field(pattern=r"^[^:]+\.py:\w+$")
    settings: dict[str, Any] = pydantic.Field({})


class UnknownFamily(pydantic.BaseModel, extra="ignore", frozen=True):
    """Where a family goes that is none: its one finding lists those that are."""

    family: Literal["mlp", "wide_and_deep", "tabm"]


# At or above gradient boosting on every data set here (benchmarks/quality/README.md).
DEFAULT = TabM()
_FAMILIES = ("mlp", "wide_and_deep", "tabm")


def _model_tag(given: Any) -> str:
    if isinstance(given, dict):
        family = given.get("family", DEFAULT.family)
    else:
        family = getattr(given, "family", None)
    if isinstance(family, str) and ":" in family:
        return "custom"
    return family if family in _FAMILIES else "unknown"


Model = Annotated[
    Annotated[Mlp, pydantic.Tag("mlp")]
    | Annotated[WideAndDeep, pydantic.Tag("wide_and_deep")]
    | Annotated[TabM, pydantic.Tag("tabm")]
    | Annotated[CustomModel, pydantic.Tag("custom")]
    | Annotated[UnknownFamily, pydantic.Tag("unknown")],
    pydantic.Discriminator(_model_tag),
]
