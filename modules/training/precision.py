"""The precision that a network computes in; its weights, losses and outputs stay float32."""

import contextlib
from collections.abc import Iterator
from typing import Literal

import keras
import tensorflow as tf

from modules.spec.training import Precision

Resolved = Literal["float32", "bfloat16", "float16"]
# Compute capability from which an NVIDIA GPU has bfloat16 units: Ampere (CUDA C++ Programming
# Guide, table "Feature Support per Compute Capability").
_AMPERE = (8, 0)
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def resolve(precision: Precision) -> Resolved:
    """The precision asked for; for `auto` bfloat16 where every accelerator has it.

    On a processor bfloat16 is emulated, and slower than float32 (docs/decisions/training.md).
    """
    if precision != "auto":
        return precision
    if tf.config.list_logical_devices("TPU"):
        return "bfloat16"
    gpus = tf.config.list_physical_devices("GPU")
    able = [_capability(gpu) >= _AMPERE for gpu in gpus]
    return "bfloat16" if able and all(able) else "float32"


def _capability(gpu: tf.config.PhysicalDevice) -> tuple[int, int]:
    details = tf.config.experimental.get_device_details(gpu)
    return details.get("compute_capability", (0, 0))


@contextlib.contextmanager
def computing_in(precision: Resolved) -> Iterator[None]:
    """Layers made within compute in this precision, unless they say otherwise."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
