"""Which versions there are and what they take, as TensorFlow Serving tells it."""

import http
from typing import Any

from pipeline.serving.model import Model
from pipeline.serving.paths import Wanted
from pipeline.serving.refusal import Refused
from pipeline.serving.versions import Versions


def served(versions: Versions, name: str, want: Wanted) -> Model:
    """The version that a request means.

    Raises:
        Refused: with status 404, if it is not the one that is served.
    """
    model = versions.model
    if want.name != name or want.version not in (None, model.version):
        which = f"Latest({want.name[:100]})"
        if want.version is not None:
            which = f"Specific({want.name[:100]}, {want.version})"
        there = f"served is {name}, version {model.version}"
        problem = f"Servable not found for request: {which}; {there}"
        raise Refused(problem, http.HTTPStatus.NOT_FOUND)
    return model


def status(versions: Versions, name: str, want: Wanted) -> dict[str, Any]:
    """What TensorFlow Serving's GetModelStatusResponse holds, the highest version first.

    A version that could not be loaded is at its end, and says why.

    Raises:
        Refused: with status 404, if there is no such model or version.
    """
    if want.name != name:
        problem = f"Could not find any versions of model {want.name[:100]}; served is {name}"
        raise Refused(problem, http.HTTPStatus.NOT_FOUND)
    states = {number: ("END", "UNKNOWN", why) for number, why in versions.failed.items()}
    loading = versions.loading
    if loading is not None:
        states[loading] = ("LOADING", "OK", "")
    states[versions.model.version] = ("AVAILABLE", "OK", "")
    if want.version is not None and want.version not in states:
        problem = f"Could not find version {want.version} of model {name}"
        raise Refused(problem, http.HTTPStatus.NOT_FOUND)
    return {
        "model_version_status": [
            {
                "version": str(number),
                "state": state,
                "status": {"error_code": code, "error_message": why},
            }
            for number, (state, code, why) in sorted(states.items(), reverse=True)
            if want.version in (None, number)
        ]
    }


def metadata(model: Model, name: str) -> dict[str, Any]:
    """What TensorFlow Serving's GetModelMetadataResponse holds: every signature."""
    spec = {"name": name, "signature_name": "", "version": str(model.version)}
    signatures = {"signature_def": model.metadata}
    return {"model_spec": spec, "metadata": {"signature_def": signatures}}
