"""The parts of the spec that modules need: features, label, preprocessing, model, training.

Every model here is frozen, refuses unknown keys and holds JSON values only: a spec crosses the
TFX border as JSON and comes back as the same type.
"""

import re
from typing import Annotated, Any, ClassVar, Literal

import pydantic


class Part(pydantic.BaseModel):
    """A table of the spec."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Numeric(Part):
    """A number, scaled to mean 0 and standard deviation 1 over the train split."""

    kind: Literal["numeric"]
    unit: str | None = None
    scale: Literal["zscore", "log"] = "zscore"  # log: z-score of sign(x) * log(1 + |x|)


class Bucketized(Part):
    """A number, replaced by the index of the quantile bucket it falls in."""

    kind: Literal["bucketized"]
    unit: str | None = None
    buckets: int = pydantic.Field(10, ge=2, le=1000)


class Categorical(Part):
    """A category, replaced by its place in the vocabulary of the train split."""

    kind: Literal["categorical"]
    min_count: int = pydantic.Field(1, ge=1)  # rarer categories share the unknown id
    max_size: int | None = pydantic.Field(None, ge=1)  # keep this many, the most frequent


class Hashed(Part):
    """A category, replaced by a hash: for vocabularies too large or too short-lived to keep."""

    kind: Literal["hashed"]
    buckets: int = pydantic.Field(1000, ge=2, le=10_000_000)


class Text(Part):
    """A passage, lower-cased and cut into words, each replaced by its place in the vocabulary."""

    kind: Literal["text"]
    max_tokens: int = pydantic.Field(64, ge=1)  # further words are left out
    max_size: int = pydantic.Field(10_000, ge=1)
    min_count: int = pydantic.Field(2, ge=1)


RawType = Literal["number", "text", "time"]  # float32, UTF-8 text, ISO 8601 text
TimePart = Literal["time_of_day", "day_of_week", "day_of_year"]


class Timestamp(Part):
    """A moment in ISO 8601, replaced by sine and cosine of its place in day, week and year."""

    kind: Literal["timestamp"]
    parts: tuple[TimePart, ...] = pydantic.Field(
        ("time_of_day", "day_of_week", "day_of_year"), min_length=1
    )


Feature = Annotated[
    Numeric | Bucketized | Categorical | Hashed | Text | Timestamp,
    pydantic.Field(discriminator="kind"),
]
Features = dict[str, Feature]


class Label(Part):
    """What is predicted. For `binary` the second class is the positive one."""

    column: str = pydantic.Field(min_length=1)
    task: Literal["binary", "multiclass", "regression"]
    classes: tuple[str, ...] = ()
    unit: str | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _binary_classes_default_to_0_and_1(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("task") == "binary" and "classes" not in given:
            return {**given, "classes": ("0", "1")}
        return given

    @pydantic.model_validator(mode="after")
    def _classes_fit_the_task(self) -> "Label":
        count = len(self.classes)
        expected, fits = {
            "binary": ("exactly 2", count == 2),
            "multiclass": ("at least 2", count >= 2),
            "regression": ("no", count == 0),
        }[self.task]
        if not fits:
            raise ValueError(
                f"task {self.task!r} takes {expected} classes, got {list(self.classes)}. "
                f"List the label's values as text, for example classes = ['no', 'yes']"
            )
        if len(set(self.classes)) != count:
            raise ValueError(f"classes must differ, got {list(self.classes)}")
        return self


class Preprocessing(Part):
    """`function` replaces the preprocessing derived from the features: `file.py:function`."""

    function: str | None = pydantic.Field(None, pattern=r"^[^:]+\.py:\w+$")


class Tabular(Part):
    """A multi-layer network with embeddings for categories (`modules/models/tabular.py`)."""

    family: Literal["tabular"] = "tabular"
    hidden: tuple[Annotated[int, pydantic.Field(ge=1)], ...] = (128, 128)  # units a layer
    dropout: float = pydantic.Field(0.1, ge=0, lt=1)
    embedding_size: int | None = pydantic.Field(None, ge=1)  # None: by the vocabulary, 8 at most


class CustomModel(Part):
    """A builder of the user's own: `file.py:function`, with settings passed through to it."""

    family: str = pydantic.Field(pattern=r"^[^:]+\.py:\w+$")
    settings: dict[str, Any] = {}


def _model_tag(given: Any) -> str:
    family = given.get("family") if isinstance(given, dict) else getattr(given, "family", None)
    return "custom" if isinstance(family, str) and ":" in family else "tabular"


Model = Annotated[
    Annotated[Tabular, pydantic.Tag("tabular")] | Annotated[CustomModel, pydantic.Tag("custom")],
    pydantic.Discriminator(_model_tag),
]


class Training(Part):
    """How the model is trained."""

    epochs: int = pydantic.Field(20, ge=1)  # passes over the train split, at most
    steps: int | None = pydantic.Field(None, ge=1)  # optimizer steps; replaces epochs
    batch_size: int = pydantic.Field(512, ge=1)  # examples a step, summed over replicas
    learning_rate: float = pydantic.Field(1e-3, gt=0)  # AdamW, cosine decay to zero
    weight_decay: float = pydantic.Field(1e-4, ge=0)  # AdamW, decoupled
    patience: int = pydantic.Field(4, ge=1)  # epochs without a better validation loss
    seed: int = pydantic.Field(0, ge=0)


class LearningSpec(Part):
    """What Transform and Trainer are told: one JSON value in their custom_config."""

    label: Label
    features: Features
    preprocessing: Preprocessing = Preprocessing()
    model: Model = Tabular()
    training: Training = Training()

    def interface(self) -> "Interface":
        """What examples a model of this spec takes."""
        columns = {name: raw_type(feature) for name, feature in self.features.items()}
        return Interface(label=self.label, columns=columns)


class Interface(Part):
    """The examples that a model takes: it lies with each exported model."""

    FILE: ClassVar[str] = "assets.extra/interface.json"  # within the SavedModel

    label: Label
    columns: dict[str, RawType]  # of the features, by raw name

    def serves(self, other: "Interface") -> bool:
        """Whether examples of this interface can be given to a model of the other."""
        shared = {name: self.columns.get(name) for name in other.columns}
        return self.label == other.label and shared == other.columns


def raw_type(feature: Feature) -> RawType:
    """How the raw column of a feature is read."""
    if isinstance(feature, Numeric | Bucketized):
        return "number"
    return "time" if isinstance(feature, Timestamp) else "text"


def label_type(label: Label) -> RawType:
    """How the raw column of the label is read."""
    return "number" if label.task == "regression" else "text"


def argument_name(column: str) -> str:
    """The column's name in the `serving_raw` signature: TensorFlow takes no spaces there."""
    name = re.sub(r"[^A-Za-z0-9_.]", "_", column)
    return name if name[:1].isalnum() else f"x{name}"
