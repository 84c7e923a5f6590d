"""Starts from the weights of an earlier model, as far as they mean the same."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from modules.export import WEIGHTS
from modules.models.inputs import Embedding
from modules.preprocessing import transformed, vocabulary_name
from modules.progress import LOGGER
from modules.spec.features import Categorical, Text
from modules.spec.learning import LearningSpec

Vocabulary = list[bytes]


@dataclasses.dataclass(frozen=True)
class Reused:
    """What came from the earlier model."""

    model: str
    weights: tuple[str, ...]  # paths of those taken over
    fresh: Mapping[str, str]  # why each other one starts anew, by its path

    def told(self) -> str:
        """One sentence for whoever watches."""
        count = len(self.weights)
        text = f"warm start: {count} of {count + len(self.fresh)} weights are those of {self.model}"
        reasons = [f"{path} ({why})" for path, why in self.fresh.items()]
        return text + (f"; anew: {', '.join(reasons)}" if reasons else "")


def warm_start(
    model: keras.Model, base: pathlib.Path, transform: tft.TFTransformOutput, spec: LearningSpec
) -> Reused:
    """Gives a model the weights of an exported one, by path, where the shapes agree.

    A category's vector goes to that category, wherever it stands in today's vocabulary; those of
    categories that the earlier model did not know start anew.

    Args:
        model: built; its weights are set in place.
        base: a SavedModel of ours.
        transform: today's, with today's vocabularies.
        spec: whose features; a user's own preprocessing makes vocabularies that nobody knows.
    """
    checkpoint = tf.train.load_checkpoint(str(base / "variables" / "variables"))
    shapes = checkpoint.get_variable_to_shape_map()
    own = spec.preprocessing.function is not None
    vocabularies = {} if own else _vocabularies(base, transform, spec)
    unknown = own and _assets(base) != _assets(pathlib.Path(transform.transform_savedmodel_dir))
    embeddings = {layer.embeddings.path: layer for layer in _embeddings(model)}
    taken, fresh = [], {}
    for weight in model.weights:
        key = _key(weight.path)
        layer = embeddings.get(weight.path)
        if key not in shapes:
            fresh[weight.path] = "it had none"
        elif layer is None and shapes[key] != list(weight.shape):
            fresh[weight.path] = f"it had {tuple(shapes[key])}, not {tuple(weight.shape)}"
        elif layer is None:
            weight.assign(checkpoint.get_tensor(key))
            taken.append(weight.path)
        else:
            new, old = keras.ops.convert_to_numpy(weight), checkpoint.get_tensor(key)
            value, why = _vectors(new, old, vocabularies.get(layer.column))
            if unknown:
                why = "the ids of your preprocessing.function may have changed"
            elif _moved(layer.column, vocabularies):
                why = "categories that it crosses have other ids"
            if why:
                fresh[weight.path] = why
            else:
                weight.assign(value)
                taken.append(weight.path)
    reused = Reused(str(base), tuple(taken), fresh)
    LOGGER.info(reused.told())
    return reused


def _vectors(
    new: np.ndarray, old: np.ndarray, vocabulary: tuple[Vocabulary, Vocabulary] | None
) -> tuple[np.ndarray, str]:
    """An embedding with the vectors that an earlier one had, or why it cannot be.

    Ids are 0 for missing, then the vocabulary, then one for unknown.
    """
    if old.shape[1] != new.shape[1]:
        return new, f"its vectors had {old.shape[1]} numbers, not {new.shape[1]}"
    if vocabulary is None:  # ids of a hash or a bucket mean the same if there are as many
        return old, "" if old.shape == new.shape else f"it had {len(old)} ids, not {len(new)}"
    before, after = vocabulary
    if (len(before) + 2, len(after) + 2) != (len(old), len(new)):
        return new, "its ids are not those of the vocabulary"
    places = {term: place for place, term in enumerate(before, 1)}
    value = new.copy()
    value[0], value[-1] = old[0], old[-1]
    for place, term in enumerate(after, 1):
        if term in places:
            value[place] = old[places[term]]
    return value, ""


def _moved(column: str, vocabularies: Mapping[str, tuple[Vocabulary, Vocabulary]]) -> bool:
    """Whether ids of a cross (modules/models/wide_and_deep.py) mean others than they did."""
    moved = [name for name, (before, after) in vocabularies.items() if before != after]
    return column not in vocabularies and any(f"__{name}__" in f"__{column}__" for name in moved)


def _vocabularies(
    base: pathlib.Path, transform: tft.TFTransformOutput, spec: LearningSpec
) -> dict[str, tuple[Vocabulary, Vocabulary]]:
    """The earlier vocabulary and today's, by transformed column."""
    found = {}
    for name, feature in spec.features.items():
        before = base / "assets" / vocabulary_name(name)
        if isinstance(feature, Categorical | Text) and before.is_file():
            after = transform.vocabulary_by_name(vocabulary_name(name))
            found[transformed(name)] = (before.read_bytes().splitlines(), list(after))
    return found


def _assets(saved_model: pathlib.Path) -> dict[str, bytes]:
    """The files that a transform graph looks things up in, by name."""
    return {path.name: path.read_bytes() for path in (saved_model / "assets").glob("*")}


def _embeddings(model: Any) -> list[Embedding]:
    own = [model] if isinstance(model, Embedding) else []
    return own + [found for layer in getattr(model, "layers", ()) for found in _embeddings(layer)]


def _key(path: str) -> str:
    """Where a weight lies in the SavedModel's checkpoint: "." is written "..", and "/" ".S"."""
    name = path.replace(".", "..").replace("/", ".S")
    return f"{WEIGHTS}/{name}/.ATTRIBUTES/VARIABLE_VALUE"
