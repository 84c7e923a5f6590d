"""Model inputs from raw columns; the same graph runs in training and in serving."""

import pathlib
import re
from typing import Any

import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform import schema_inference

from modules import timestamps
from modules.errors import SpecError
from modules.hooks import load_function
from modules.spec.features import Bucketized, Categorical, Feature, Features, Hashed, Numeric, Text
from modules.spec.label import Label
from modules.spec.learning import LearningSpec

# A network answers nonsense far from what it has seen: of 10,800 diamonds to judge by, one with a
# misprinted depth of 31.8 mm, 40 standard deviations out, raised the RMSE from 557 to 656 USD
# (`data.split.seed=1` on the full set, data/diamonds).
MOST_DEVIATIONS = 8.0

Tensors = dict[str, Any]  # by column name: tf.SparseTensor in, tf.Tensor out


def transformed(column: str) -> str:
    """The name of what a raw column becomes: raw and transformed never share a name."""
    return f"{column}_xf"


def preprocessing_fn(inputs: Tensors, custom_config: dict[str, Any]) -> Tensors:
    """Everything the model sees, from everything the spec names.

    Args:
        inputs: sparse raw columns, at most one value a row, an absent value being missing.
        custom_config: `spec`, the learning spec as JSON, and `folder`, that of the spec.

    Returns:
        Dense columns under their `transformed` names; `derive` says which shapes. The label is
        `(batch, 1)`: int64 place among the classes, -1 for any other value; or float32, NaN
        when missing.

    Raises:
        SpecError: if the user's own function raises or returns something else than columns.
    """
    spec = LearningSpec.model_validate_json(custom_config["spec"])
    features = {name: single(inputs[name]) for name in spec.features}
    if spec.preprocessing.function:
        folder = pathlib.Path(custom_config["folder"])
        outputs = _by_the_user(spec.preprocessing.function, folder, features)
    else:
        outputs = derive(features, spec.features)
    outputs[transformed(spec.label.column)] = label(single(inputs[spec.label.column]), spec.label)
    return outputs


def _by_the_user(reference: str, folder: pathlib.Path, inputs: Tensors) -> Tensors:
    function = load_function(reference, folder)
    try:
        outputs = function(inputs)
    except Exception as error:
        raise SpecError(
            [f"preprocessing.function: {reference} raises {type(error).__name__}: {error}"]
        ) from error
    if not isinstance(outputs, dict):
        raise SpecError(
            [
                f"preprocessing.function: {reference} returned {type(outputs).__name__}, expected "
                f"a dict of dense tensors by column name"
            ]
        )
    return dict(outputs)


def derive(inputs: Tensors, features: Features) -> Tensors:
    """One dense column for each feature.

    Returns:
        By kind, missing being told apart from every value:
        numeric: float32 `(batch, 2)`, the scaled value in [-8, 8] (0, the mean, when missing) and
        1 when missing; bucketized, categorical, hashed: int64 id `(batch, 1)`, 0 when missing;
        text: int64 ids `(batch, max_tokens)`, 0 past the end; timestamp: float32
        `(batch, 2 * parts + 1)`, sines and cosines (0 when missing) and 1 when missing.
    """
    return {transformed(name): _derive(name, inputs[name], features[name]) for name in features}


def _derive(name: str, column: tf.SparseTensor, feature: Feature) -> tf.Tensor:
    match feature:
        case Numeric():
            return _numeric(finite(column), feature)
        case Bucketized():
            return _bucket_ids(finite(column), feature)
        case Categorical():
            return _category_ids(name, not_empty(column), feature)
        case Hashed():
            return _hash_ids(not_empty(column), feature)
        case Text():
            return _token_ids(name, not_empty(column), feature)
        case _:
            return timestamps.encode(dense(column, ""), feature.parts)


def _numeric(column: tf.SparseTensor, feature: Numeric) -> tf.Tensor:
    if feature.scale == "log":
        column = _with_values(column, lambda x: tf.sign(x) * tf.math.log1p(tf.abs(x)))
    # Scale before filling: 0 is then the mean, and the second number says it is not a value.
    scaled = dense(_with_values(tft.scale_to_z_score(column), _clipped), 0.0)
    return tf.concat([scaled, is_missing(column)], axis=1)


def _clipped(scores: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(scores, -MOST_DEVIATIONS, MOST_DEVIATIONS)


def _bucket_ids(column: tf.SparseTensor, feature: Bucketized) -> tf.Tensor:
    ids = tft.bucketize(column, feature.buckets)
    return _known_ids(dense(ids, -1) + 1, feature.buckets)


def _hash_ids(column: tf.SparseTensor, feature: Hashed) -> tf.Tensor:
    ids = _with_values(column, lambda text: tf.strings.to_hash_bucket_fast(text, feature.buckets))
    return _known_ids(dense(ids, -1) + 1, feature.buckets)


def _category_ids(name: str, column: tf.SparseTensor, feature: Categorical) -> tf.Tensor:
    vocabulary = tft.vocabulary(
        column,
        top_k=feature.max_size,
        frequency_threshold=_threshold(feature.min_count),
        vocab_filename=vocabulary_name(name),
    )
    return _vocabulary_ids(column, vocabulary)


def _token_ids(name: str, column: tf.SparseTensor, feature: Text) -> tf.Tensor:
    words = tf.strings.regex_replace(
        tf.strings.lower(dense(column, ""), encoding="utf-8"), r"[^\pL\pN']+", " "
    )
    tokens = tf.strings.split(tf.reshape(tf.strings.strip(words), [-1])).to_sparse()
    vocabulary = tft.vocabulary(
        tokens,
        top_k=feature.max_size,
        frequency_threshold=_threshold(feature.min_count),
        vocab_filename=vocabulary_name(name),
    )
    ids = tft.apply_vocabulary(tokens, vocabulary, num_oov_buckets=1)
    kept = tf.sparse.slice(ids, [0, 0], [tf.shape(ids)[0], feature.max_tokens])
    placed = tf.SparseTensor(kept.indices, kept.values, [tf.shape(ids)[0], feature.max_tokens])
    dense_ids = tf.reshape(tf.sparse.to_dense(placed, -1) + 1, [-1, feature.max_tokens])
    return _known_ids(dense_ids, tft.get_num_buckets_for_transformed_feature(ids))


def _vocabulary_ids(column: tf.SparseTensor, vocabulary: Any) -> tf.Tensor:
    """Ids `(batch, 1)`: 0 missing, then the vocabulary by frequency, then unknown."""
    ids = tft.apply_vocabulary(column, vocabulary, num_oov_buckets=1)
    return _known_ids(dense(ids, -1) + 1, tft.get_num_buckets_for_transformed_feature(ids))


def label(column: tf.SparseTensor, label: Label) -> tf.Tensor:
    """The label `(batch, 1)`: int64 place among the classes or -1; float32 for a number."""
    if label.is_number:
        return dense(finite(column), float("nan"))
    same = tf.equal(dense(column, ""), tf.constant([label.classes]))
    return tf.where(
        tf.reduce_any(same, axis=1, keepdims=True),
        tf.argmax(tf.cast(same, tf.int32), axis=1)[:, tf.newaxis],
        tf.constant(-1, tf.int64),
    )


def _threshold(min_count: int) -> int | None:
    return min_count if min_count > 1 else None  # tft warns of 1


def vocabulary_name(column: str) -> str:
    """The file name of a column's vocabulary among the assets of the transform graph."""
    # TensorFlow names operations after the file, and takes ASCII only.
    return "vocabulary_" + re.sub(r"[^A-Za-z0-9_]", lambda match: f"-{ord(match[0]):x}-", column)


def finite(column: tf.SparseTensor) -> tf.SparseTensor:
    """The column without its NaN and infinite values: they count as missing."""
    return tf.sparse.retain(column, tf.math.is_finite(column.values))


def not_empty(column: tf.SparseTensor) -> tf.SparseTensor:
    """The column without its empty texts: they count as missing."""
    return tf.sparse.retain(column, tf.not_equal(column.values, ""))


def is_missing(column: tf.SparseTensor) -> tf.Tensor:
    """float32 `(batch, 1)`: 1 where a row has no value, else 0."""
    return 1.0 - dense(_with_values(column, lambda values: tf.ones_like(values, tf.float32)), 0.0)


def single(column: tf.SparseTensor) -> tf.SparseTensor:
    """The column with the dense shape `(batch, 1)`, which is `(batch, 0)` if all are missing."""
    rows = tf.cast(column.dense_shape[0], tf.int64)
    return tf.SparseTensor(column.indices, column.values, tf.stack([rows, 1]))


def dense(column: tf.SparseTensor, default: Any) -> tf.Tensor:
    """`(batch, 1)`: the value of each row, or the default where it has none."""
    filled = tf.sparse.to_dense(column, tf.constant(default, column.values.dtype))
    return tf.reshape(filled, [-1, 1])


def _with_values(column: tf.SparseTensor, function: Any) -> tf.SparseTensor:
    return tf.SparseTensor(column.indices, function(column.values), column.dense_shape)


def _known_ids(ids: tf.Tensor, largest: Any) -> tf.Tensor:
    """The ids, with their range on record: the model's embedding is made to it."""
    schema_inference.set_tensor_schema_override(
        ids, tf.constant(0, tf.int64), tf.cast(largest, tf.int64)
    )
    return ids
