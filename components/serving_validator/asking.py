"""Has an exported model called in a process that has TensorFlow and nothing of ours."""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from components.serving_validator import answers, probe
from components.serving_validator.rows import Rows

# Nothing else of the environment is handed on: neither Python's variables nor secrets.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_LAST_LINES = 3  # of what a process that died has printed
_LOG = "log.txt"


class NoAnswerError(Exception):
    """The process ended, or was ended, before it had asked everything; says so in a sentence."""


@dataclasses.dataclass(frozen=True)
class Question:
    """What is to be asked of which model."""

    model: str  # folder of the SavedModel
    rows: Rows
    kept: pathlib.Path  # file of the Trainer, `modules.training.kept`
    watched: Sequence[str]  # files of the rows among which the kept ones are


def ask(question: Question, folder: pathlib.Path, seconds: float) -> answers.Answers:
    """What the model answers.

    Args:
        question: what is to be asked.
        folder: an empty one, for what the two processes tell each other.
        seconds: that the process may take.

    Raises:
        NoAnswerError: if it takes longer, or dies.
    """
    request = folder / "request.json"
    request.write_text(json.dumps(_written(question, folder)), encoding="utf-8")
    nowhere = folder / "nowhere"
    nowhere.mkdir()
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", probe.__file__, str(request)],
            cwd=nowhere,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NoAnswerError(_too_long(folder, seconds)) from None
        finally:
            process.kill()
            process.wait()
    if code:
        raise NoAnswerError(_death(folder, code))
    return answers.read(folder)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a process that serves the model is given of ours."""
    kept = {name: given[name] for name in _ENVIRONMENT if name in given}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "2"}


def _written(question: Question, folder: pathlib.Path) -> dict[str, Any]:
    """The request, once the rows are in files."""
    asked = {"batch": question.rows, "missing": question.rows.lacking()}
    return {
        "folder": str(folder),
        "model": question.model,
        "asked": {how: _files(rows, folder / how) for how, rows in asked.items()},
        "kept": str(question.kept),
        "watched": list(question.watched),
    }


def _files(rows: Rows, beginning: pathlib.Path) -> dict[str, Any]:
    examples, raw = beginning.with_suffix(".tfrecord"), beginning.with_suffix(".npz")
    with tf.io.TFRecordWriter(str(examples)) as file:
        for example in rows.examples:
            file.write(example)
    arrays: dict[str, Any] = {
        f"t{place}": array for place, array in enumerate(rows.tensors.values())
    }
    np.savez(raw, **arrays)
    return {"examples": str(examples), "raw": str(raw), "names": list(rows.tensors)}


def _too_long(folder: pathlib.Path, seconds: float) -> str:
    return (
        f"the process that asks the model was not done within {seconds / 60:g} minutes and was "
        f"ended while {_step(folder)}. Make the model faster, or raise serving.timeout_minutes"
    )


def _death(folder: pathlib.Path, code: int) -> str:
    ended = f"ended with exit code {code}"
    if code < 0:
        number = signal.Signals(-code)
        ended = f"was ended by {number.name} ({signal.strsignal(number)})"
    text = (folder / _LOG).read_text(encoding="utf-8", errors="replace")
    last = " | ".join(line.strip() for line in text.splitlines()[-_LAST_LINES:] if line.strip())
    said = f"; the last it said: {last}" if last else ""
    return (
        f"the process that asks the model {ended} while {_step(folder)}{said}. A server would die "
        f"of it, too: if the memory did not suffice, make the model smaller"
    )


def _step(folder: pathlib.Path) -> str:
    step = folder / probe.STEP
    return step.read_text(encoding="utf-8") if step.exists() else "starting"
