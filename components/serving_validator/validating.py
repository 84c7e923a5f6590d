"""The whole check of one model: what is asked, what is measured, and what is to be said of it."""

import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Sequence

from components.serving_validator import asking, judging, rows, server
from components.serving_validator.asking import NoAnswerError, Question
from components.serving_validator.config import ServingSettings
from components.serving_validator.found import Report
from components.serving_validator.judging import Case
from components.serving_validator.report import report
from components.serving_validator.rows import Rows
from modules.training import kept

SERVER = "tensorflow_model_server"  # asked as well where it is on PATH


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model, and the rows that it is asked."""

    model: str  # folder of the SavedModel
    model_run: pathlib.Path  # of the Trainer
    eval: Sequence[str]  # files of gzipped tf.Examples
    watched: Sequence[str]  # likewise, of the split that the Trainer kept predictions of


def validate(subject: Subject, settings: ServingSettings) -> Report:
    """What is known of a model once it was asked; never an error because of the model."""
    asked = rows.read(subject.eval, settings.interface.columns, settings.serving.rows)
    question = Question(subject.model, asked, subject.model_run / kept.FILE, subject.watched)
    seconds = 60 * settings.serving.timeout_minutes
    with tempfile.TemporaryDirectory(prefix="headrace-serving-") as folder:
        try:
            answers = asking.ask(question, pathlib.Path(folder), seconds)
        except NoAnswerError as error:
            return Report(
                blessed=False,
                reasons=[f"model: {error}"],
                rows=len(asked.rows),
                budgets=settings.serving,
            )
    case = Case(answers, settings, kept.read(subject.model_run))
    reasons = judging.refusals(case)
    binary = shutil.which(SERVER)
    if binary and not reasons and "://" not in subject.model:
        reasons += _of_server(binary, subject.model, asked, case, seconds)
    return report(case, len(asked.rows), reasons, SERVER if binary else None)


def _of_server(binary: str, model: str, asked: Rows, case: Case, seconds: float) -> list[str]:
    """What a model server answers, held against what the probe was answered."""
    try:
        answered = server.ask(binary, model, asked, seconds)
    except server.ServerError as error:
        return [f"{SERVER}: {error}"]
    return [
        sentence
        for (signature, way), outputs in answered.items()
        for sentence in judging.of_server(case, signature, way, outputs)
    ]
