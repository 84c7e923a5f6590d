"""Whether a SavedModel can be loaded and answers, with TensorFlow alone.

    python -m components.pusher.prediction FOLDER

prints what is wrong with it and ends with 1, or prints nothing.
"""

import os
import pathlib
import subprocess
import sys
from typing import Any

from components.pusher.version import VersionError

_SIGNATURE = "serving_raw"
# What TensorFlow 2.21 puts around the message of an error.
_FRAME = ("Graph execution error", "Detected at node", "<stack traces", "[[")
# It takes no room on a GPU, and says nothing beside what is wrong.
_ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONSAFEPATH": "1"}


def check(folder: pathlib.Path) -> None:
    """Loads a SavedModel into this process and asks it for a row in which every value is missing.

    Raises:
        VersionError: if it cannot be loaded, or does not answer with finite numbers.
    """
    import tensorflow as tf

    try:
        signatures = tf.saved_model.load(str(folder)).signatures
    except Exception as error:  # what TensorFlow raises depends on what is broken
        raise VersionError(f"{folder}: cannot be loaded: {_first_line(error)}") from error
    if _SIGNATURE not in signatures:
        raise VersionError(
            f"{folder}: got the signatures {', '.join(sorted(signatures)) or 'none'}, expected "
            f"{_SIGNATURE} among them"
        )
    score = signatures[_SIGNATURE]
    try:
        answer = score(**_missing(score.structured_input_signature[1]))
    except Exception as error:  # likewise
        raise VersionError(f"{folder}: does not answer: {_first_line(error)}") from error
    _check_answer(folder, answer)


def check_apart(folder: pathlib.Path) -> None:
    """The same in a process of its own, for those that have no TensorFlow loaded; some seconds.

    Raises:
        VersionError: likewise, and if that process dies.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "components.pusher.prediction", str(folder)],
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = ended.stdout.strip() or f"{folder}: cannot be loaded: its process ended with exit "
        raise VersionError(said if ended.stdout.strip() else f"{said}code {ended.returncode}")


def _missing(columns: dict[str, Any]) -> dict[str, Any]:
    """One row, by argument, as a request says that nothing is known."""
    import tensorflow as tf

    def nothing(dtype: tf.DType) -> Any:
        if dtype == tf.string:
            return ""
        return float("nan") if dtype.is_floating else 0

    return {
        name: tf.constant([[nothing(spec.dtype)]], spec.dtype) for name, spec in columns.items()
    }


def _check_answer(folder: pathlib.Path, answer: dict[str, Any]) -> None:
    import numpy as np

    for name, tensor in answer.items():
        values = tensor.numpy()
        if len(values) != 1 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
            raise VersionError(
                f"{folder}: answers {name} = {values.tolist()} to a row in which every value is "
                f"missing, expected one row of finite numbers"
            )
    if not answer:
        raise VersionError(f"{folder}: answers nothing")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_FRAME)]
    return f"{type(error).__name__}: {next(iter(telling or lines), '')}"


def main() -> int:
    """0 if the model in the folder that is named first answers."""
    try:
        check(pathlib.Path(sys.argv[1]))
    except VersionError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
