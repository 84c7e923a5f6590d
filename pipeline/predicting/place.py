"""Which model scores: a version, or the newest of a serving folder."""

import pathlib

import pydantic

from components.batch_inference.scoring import Model
from components.pusher.folder import Folder
from modules.errors import SpecError, did_you_mean
from modules.spec.learning import Interface
from pipeline.console import near

_GRAPH = "saved_model.pb"  # without which a folder is no SavedModel


def version(place: pathlib.Path) -> pathlib.Path:
    """The folder of a version: the place itself, or the version in it with the highest number.

    Raises:
        SpecError: if there is none.
    """
    if (place / _GRAPH).is_file():
        return place
    if not place.is_dir():
        beside = [entry.name for entry in place.parent.iterdir()] if place.parent.is_dir() else []
        raise SpecError(
            [
                f"--model: no folder {near(place)}{did_you_mean(place.name, beside) or '.'} "
                f"`headrace run SPEC` pushes to `runs/serving` beside the spec: give that folder, "
                f"or a version in it"
            ]
        )
    versions = [place / str(number) for number in Folder(place).versions()]
    versions = [each for each in versions if (each / _GRAPH).is_file()]
    if not versions:
        raise SpecError(
            [
                f"--model: {near(place)} is no SavedModel and has no version of one, a folder "
                f"whose name is a number. Give the folder that models are pushed to"
            ]
        )
    return versions[-1]


def interface(folder: pathlib.Path) -> Interface:
    """What examples a model takes.

    Raises:
        SpecError: if it does not say so.
    """
    try:
        return Interface.model_validate_json((folder / Interface.FILE).read_bytes())
    except FileNotFoundError:
        problem = f"has no {Interface.FILE}, as models that `headrace run` pushes have"
    except (OSError, pydantic.ValidationError):
        problem = f"has a {Interface.FILE} that cannot be read"
    raise SpecError([f"--model: {near(folder)} {problem}. Train and push it again"])


def load(folder: pathlib.Path, takes: Interface) -> Model:
    """The model, loaded in this process.

    Raises:
        SpecError: if it cannot be loaded.
    """
    model = Model(str(folder), takes.columns)
    try:
        model.signature()
    except Exception as error:  # of many types, none of which is TensorFlow's own alone
        said = str(error).strip().partition("\n")[0]
        raise SpecError(
            [f"--model: {near(folder)} cannot be loaded: {said}. Give another version"]
        ) from None
    return model
