"""Whether the exported model is the trained one, and float32 at its borders."""

import dataclasses
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from modules.errors import GateError
from modules.export import WEIGHTS
from modules.training import kept
from modules.training.blueprint import Blueprint
from modules.training.difference import largest_difference
from modules.training.examples import Examples
from modules.training.precision import Resolved

_ROWS = 1024
_KEPT = 256  # rows, for whoever checks what is served
# How far a prediction may be off, in probability or in standard deviations of the label (relative
# to 1 + its size): four steps of a number near 1 in the precision that was trained in, and for
# float32 what another order of the same sums makes. Measured: docs/decisions/training.md.
BOUNDS: dict[Resolved, float] = {"float32": 1e-4, "bfloat16": 2**-5, "float16": 2**-8}


@dataclasses.dataclass(frozen=True)
class Parity:
    """How well the exported model agrees with the trained one."""

    rows: int  # compared
    largest: float  # difference
    bound: float  # that it had to keep
    precision: str  # of the trained model; the exported one is float32


def check(
    folder: pathlib.Path,
    model: keras.Model,
    blueprint: Blueprint,
    watched: Examples,
    precision: Resolved,
) -> Parity:
    """Compares the SavedModel of a folder with the trained model, on real rows.

    Args:
        folder: of the SavedModel, read from disk as a server would.
        model: as it was trained.
        blueprint: what both are given and predict.
        watched: transformed columns `(rows, width)`; the first 1,024 rows are compared.
        precision: that the model was trained in.

    Raises:
        GateError: if they differ by more than the precision explains, or if anything in the
            exported model is of another floating type than float32.
    """
    loaded = tf.saved_model.load(str(folder))
    problems = list(_not_float32(loaded))
    if problems:
        raise GateError(f"export: {problem}" for problem in problems)
    taken = min(_ROWS, watched.rows)
    batch = {column.name: tf.constant(watched[column.name][:taken]) for column in blueprint.columns}
    trained = np.asarray(model(batch, training=False), np.float64)
    exported = np.asarray(loaded.predict_transformed(batch), np.float64)
    largest = largest_difference(trained, exported, blueprint.head)
    bound = BOUNDS[precision]
    if not largest <= bound:  # so that NaN fails, too
        raise GateError(
            [
                f"export: the exported model differs from the trained one by {largest:.3g} in "
                f"{taken} real rows, expected at most {bound:g} after training in {precision}. "
                f"Nothing is exported. Train with precision 'float32', or look in the model for "
                f"what depends on the precision"
            ]
        )
    return Parity(taken, round(largest, 9), bound, precision)


def keep(
    run_folder: pathlib.Path,
    model: keras.Model,
    blueprint: Blueprint,
    watched: Examples,
    precision: Resolved,
) -> None:
    """Writes rows from all over the watched split, and what the trained model predicts for them."""
    places = np.unique(np.linspace(0, watched.rows - 1, _KEPT).astype(int))
    columns = {column.name: watched[column.name][places] for column in blueprint.columns}
    batch = {name: tf.constant(column) for name, column in columns.items()}
    predictions = np.asarray(model(batch, training=False), np.float32)
    found = kept.Kept(columns, predictions, blueprint.head, precision, BOUNDS[precision])
    kept.write(found, run_folder)


def _not_float32(loaded: Any) -> list[str]:
    """Every floating tensor of a signature, and every variable, of another type than float32."""
    found = []
    for name, signature in loaded.signatures.items():
        _, inputs = signature.structured_input_signature
        for kind, tensors in (("input", inputs), ("output", signature.structured_outputs)):
            found += [
                f"signature {name}: {kind} {key!r} is {spec.dtype.name}, expected float32"
                for key, spec in tensors.items()
                if spec.dtype.is_floating and spec.dtype != tf.float32
            ]
    found += [
        f"variable {path} is {variable.dtype.name}, expected float32"
        for path, variable in getattr(loaded, WEIGHTS).items()
        if variable.dtype.is_floating and variable.dtype != tf.float32
    ]
    return found
