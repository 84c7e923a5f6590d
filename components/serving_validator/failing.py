"""Why a model cannot be loaded or called without our code, told from what TensorFlow said."""

import re

from components.serving_validator.answers import Failure

_OF_PYTHON = re.compile(r"pyfunc|py_func|callback pyfunc", re.IGNORECASE)
_UNKNOWN_OPERATION = re.compile(r"Op type not registered '(\w+)'")
_MISSING_MODULE = re.compile(r"(?:import of|No module named) '?([\w.]+)")


def failed(failure: Failure) -> str:
    """What could not be done, and what to do about it."""
    message = failure.message
    if unknown := _UNKNOWN_OPERATION.search(message):
        why = (
            f"it needs the operation {unknown[1]!r}, which TensorFlow alone does not have. Build "
            f"the model from TensorFlow's own operations"
        )
    elif _OF_PYTHON.search(message):
        why = (
            "it calls Python code (tf.py_function or tf.numpy_function), and a server has none of "
            "ours. Write that part in TensorFlow's operations"
        )
    elif missing := _MISSING_MODULE.search(message):
        why = (
            f"it needs the Python package {missing[1].rstrip(';.')!r}, which a server has not. "
            f"Build the model from TensorFlow's own operations"
        )
    else:
        why = f"{message.splitlines()[0][:300]}. Load the model in a fresh Python, and mend that"
    return (
        f"{failure.where}: {failure.step} fails where there is TensorFlow and none of our code: "
        f"{why}"
    )
