"""The whole spec: one TOML file, typed, checked, and explained when it is wrong."""

import pathlib
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import pydantic

from components.converter.config import Export
from components.data_gate.config import Validation
from components.example_gen.config import Data, Form, Table, splits_of
from components.pusher.config import Push
from components.serving_validator.config import Serving
from modules.errors import SpecError, did_you_mean
from modules.spec.features import RawType, argument_name, raw_type
from modules.spec.label import label_type
from modules.spec.learning import LearningSpec
from pipeline import rules, training
from pipeline.beam import Beam
from pipeline.explain import explain
from pipeline.kubeflow.settings import Kubeflow
from pipeline.local.settings import Local
from pipeline.rules import Evaluation


class Spec(LearningSpec):
    """A pipeline: what `headrace run` is given."""

    name: str = pydantic.Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    # Steps that TFX's own components do: row by row, and so slower.
    stock: tuple[Literal["StatisticsGen", "Transform", "Evaluator"], ...] = ()
    data: Data
    validation: Validation = Validation()
    evaluation: Evaluation = Evaluation()
    serving: Serving = Serving()
    push: Push = Push()
    export: Export = Export()
    beam: Beam = Beam()
    local: Local = Local()
    kubeflow: Kubeflow | None = None

    def learning(self) -> LearningSpec:
        """The part that Transform and Trainer are told."""
        return LearningSpec.model_validate(
            self.model_dump(mode="json", include=set(LearningSpec.model_fields))
        )

    def columns(self) -> dict[str, RawType]:
        """Raw columns that become features of each tf.Example, label included, in order."""
        columns: dict[str, RawType] = {
            name: raw_type(feature) for name, feature in self.features.items()
        }
        columns[self.label.column] = label_type(self.label)
        columns |= self.data.carry
        for name in self.evaluation.columns():
            columns.setdefault(name, "number" if name in self.evaluation.buckets else "text")
        if self.evaluation.weight is not None:
            columns.setdefault(self.evaluation.weight, "number")
        return columns

    def table(self, data_format: str) -> Table:
        """What ExampleGen is told, once the format of the files is known."""
        return Table.model_validate(
            {
                **self.data.model_dump(include={*Form.model_fields, "max_rejects"}),
                "format": data_format,
                "columns": self.columns(),
                "label": self.label.column,
                "classes": self.label.classes,
                "split": self.data.split.model_dump(),
            }
        )


def load(path: pathlib.Path, overrides: Sequence[str] = ()) -> Spec:
    """The spec in a TOML file, with `key.path=value` overrides laid over it.

    Raises:
        SpecError: with every problem found, each naming the file, the key path, the value got
            and what is expected.
    """
    values = _read_toml(path)
    for override in overrides:
        _override(values, override)
    try:
        spec = Spec.model_validate(values)
    except pydantic.ValidationError as error:
        raise SpecError(f"{path}: {line}" for line in explain(error, Spec, values)) from None
    problems = [f"{path}: {problem}" for problem in _contradictions(spec, path.parent)]
    if problems:
        raise SpecError(problems)
    return spec


def _read_toml(path: pathlib.Path) -> dict[str, Any]:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise SpecError(
            [f"{path}: {what}. Give a spec file; `headrace init DATA --label COLUMN` writes one"]
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise SpecError([f"{path}: not UTF-8 at byte {error.start}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError([f"{path}: not valid TOML: {error}"]) from None


def _override(values: dict[str, Any], override: str) -> None:
    """Lays one `key.path=value` over the values; the value is TOML, or else plain text."""
    path, equals, text = override.partition("=")
    keys = list(_key_path(path))
    if not equals or not keys:
        raise SpecError(
            [f"--set {override}: expected KEY.PATH=VALUE, for example training.steps=200"]
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    table = values
    for depth, key in enumerate(keys[:-1], 1):
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise SpecError([f"--set {override}: {'.'.join(keys[:depth])} is not a table"])
    table[keys[-1]] = value


def _key_path(path: str) -> Iterator[str]:
    """The keys of a dotted path, as TOML reads it: `features."a b".kind`; none if it cannot."""
    try:
        table: Any = tomllib.loads(f"{path} = 0")
    except tomllib.TOMLDecodeError:
        return
    while isinstance(table, dict):
        ((key, table),) = table.items()
        yield key


def _contradictions(spec: Spec, folder: pathlib.Path) -> Iterator[str]:
    """What each part allows and the parts together do not."""
    yield from _in_features(spec)
    yield from training.contradictions(spec)
    yield from rules.contradictions(spec)
    for allowed in spec.validation.allow:
        if allowed.feature is not None and allowed.feature not in spec.columns():
            yield (
                f"validation.allow: got feature {allowed.feature!r}, expected a column of this "
                f"spec{did_you_mean(allowed.feature, spec.columns())}"
            )
    yield from _missing_files(spec, folder)


def _in_features(spec: Spec) -> Iterator[str]:
    label, features = spec.label.column, spec.features
    if not features:
        yield "features: none given. Name at least one column"
    if label in features:
        yield f"features.{label}: is the label; a model that is given the answer learns nothing"
    yield from _in_split(spec)
    for name in spec.data.ignore:
        if name in features:
            yield f"data.ignore: {name!r} is a feature too; keep one of the two"
    for name in spec.data.carry:
        if name in features or name == label or name in spec.data.ignore:
            role = "ignored" if name in spec.data.ignore else "carried anyway"
            yield f"data.carry: {name!r} is {role}; keep one of the two"
    arguments: dict[str, str] = {}
    for name in features:
        argument = argument_name(name)
        other = arguments.setdefault(argument, name)
        if other != name:
            yield f"features.{name}: is {argument!r} in serving, as {other!r} is; rename one"


def _in_split(spec: Spec) -> Iterator[str]:
    split = spec.data.split
    column = getattr(split, "column", None)
    if column == spec.label.column:
        yield f"data.split.column: {column!r} is the label; split by another column"
    feature = spec.features.get(column) if column else None
    needed = {"time": ("time", "timestamp"), "column": ("text", "categorical")}.get(split.by)
    if feature and needed and raw_type(feature) != needed[0]:
        yield (
            f"data.split.column: {column!r} is a feature of kind {feature.kind!r}, expected "
            f"{needed[1]!r} for a split by {split.by}"
        )
    carried = spec.data.carry.get(column) if column else None
    if carried and needed and carried != needed[0]:
        yield (
            f"data.carry: {column!r} is carried as {carried!r}, expected {needed[0]!r} for a split "
            f"by {split.by}"
        )


def _missing_files(spec: Spec, folder: pathlib.Path) -> Iterator[str]:
    """Files beside the spec that it names and that are not there, or not beside it."""
    named = {
        "validation.schema": spec.validation.schema_file,
        "preprocessing.function": (spec.preprocessing.function or "").partition(":")[0],
        "model.family": _file_of(spec.model),
        "training.loss.teacher.family": _file_of(getattr(spec.training.loss, "teacher", None)),
    }
    for key, name in named.items():
        if not name:
            continue
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            yield f"{key}: {name!r} leaves the spec's folder; keep the file beside the spec"
        elif not path.is_file():
            near = did_you_mean(name, (entry.name for entry in folder.iterdir()))
            yield f"{key}: no file {name!r} in {folder.resolve()}{near}"


def _file_of(model: Any) -> str | None:
    """The file of a user's own builder."""
    family = getattr(model, "family", "")
    return family.partition(":")[0] if ":" in family else None


def split_names(spec: Spec) -> Iterable[str]:
    """Splits of the spec, in order: train, valid when it is given, eval."""
    return splits_of(spec.data.split)
