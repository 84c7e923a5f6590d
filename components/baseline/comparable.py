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
        return examples.serves(Interface.model_validate_json(text))
    except (OSError, pydantic.ValidationError):
        return False
