"""Imports what the nodes of a run need, once, before the first of them is forked."""

import functools
import importlib
import os
import sys
from collections.abc import Iterable

from pipeline import process
from pipeline.local.plan import Step

# What TFX's launcher, Beam and Arrow import within functions: once here, or else in every node.
_LATE = ("apache_beam.typehints.opcodes", "grpc._server", "pyarrow.dataset", "setuptools")


def import_for(steps: Iterable[Step]) -> None:
    """Imports the modules of the nodes; the first call takes seconds, others nothing.

    TensorFlow's runtime must not be at work in a process that forks: nothing here runs an
    operation.
    """
    _import(tuple(dict.fromkeys(module for step in steps for module in step.modules)))


@functools.cache
def _import(modules: tuple[str, ...]) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    import keras  # noqa: F401  before tensorflow_transform: else tf.keras is Keras 2

    for module in (*modules, *_LATE):
        importlib.import_module(module)
    sys.argv[1:] = []  # TFX hands them to executors as flags
    process.imported()
