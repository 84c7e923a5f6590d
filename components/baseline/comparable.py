"""Whether an earlier model can be given the examples of today."""

import os

import pydantic
from tfx.utils import io_utils

from modules.spec.learning import Interface


def takes(model: str, examples: Interface) -> bool:
    """Whether the SavedModel in a folder takes such examples.

    False for a folder that is gone, or was written by another version of ours.
    """
    try:
        text = io_utils.read_string_file(os.path.join(model, Interface.FILE))
    except OSError:
        return False
    return describes_one_that_takes(text, examples)


def describes_one_that_takes(text: str | None, examples: Interface) -> bool:
    """Whether the text is the `Interface.FILE` of a model that takes such examples."""
    try:
        return examples.serves(Interface.model_validate_json(text or ""))
    except pydantic.ValidationError:
        return False
