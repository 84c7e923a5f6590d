"""Whether an earlier model can be given the examples of today."""

import os

import pydantic
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from modules.spec.learning import Interface


def refusal(model: str, examples: Interface) -> str | None:
    """Why the SavedModel in a folder cannot be given such examples; None: it can."""
    if not fileio.exists(model):
        return "its files are gone"
    path = os.path.join(model, Interface.FILE)
    return refusal_of(io_utils.read_string_file(path) if fileio.exists(path) else None, examples)


def refusal_of(text: str | None, examples: Interface) -> str | None:
    """The same of a model by the text of its `Interface.FILE`; None: it has no such file."""
    if text is None:
        return f"it has no {Interface.FILE}"
    try:
        return examples.refusal(Interface.model_validate_json(text))
    except pydantic.ValidationError:
        return f"its {Interface.FILE} is of another version of Headrace"
